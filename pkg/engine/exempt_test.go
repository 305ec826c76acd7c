// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

func exempting(match v1alpha1.Match, expires *metav1.Time) *v1alpha1.Configuration {
	cfg := v1alpha1.Default()
	cfg.Exemptions = []v1alpha1.Exemption{{Name: "x", Reason: "test", Rules: []policy.ID{"a"}, Match: match, Expires: expires}}
	return cfg
}

func TestExemptionMatches(t *testing.T) {
	labels := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "web"}}
	for name, c := range map[string]struct {
		match v1alpha1.Match
		want  bool
	}{
		"namespace":                     {v1alpha1.Match{Namespaces: []string{"shop"}}, true},
		"namespace by prefix":           {v1alpha1.Match{Namespaces: []string{"sh*"}}, true},
		"other namespace":               {v1alpha1.Match{Namespaces: []string{"payments"}}, false},
		"name":                          {v1alpha1.Match{Names: []string{"we*"}}, true},
		"kind":                          {v1alpha1.Match{Kinds: []string{"Pod"}}, true},
		"kind of a group":               {v1alpha1.Match{Kinds: []string{"Deployment.apps"}}, false},
		"user":                          {v1alpha1.Match{Users: []string{"ada@contoso.example"}}, true},
		"user is exact":                 {v1alpha1.Match{Users: []string{"ada"}}, false},
		"group":                         {v1alpha1.Match{Groups: []string{"tenants"}}, true},
		"user and another group":        {v1alpha1.Match{Users: []string{"ada@contoso.example"}, Groups: []string{"admins"}}, false},
		"labels":                        {v1alpha1.Match{ObjectSelector: labels}, true},
		"labels of an unlabelled space": {v1alpha1.Match{NamespaceSelector: labels}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := build(t, exempting(c.match, nil), rule("a", finding(policy.Finding{}))).Evaluate(create(t, `"team":"web"`), now)
			v := d.Verdicts[0]
			if (v.Exemption == "x") != c.want || (v.Mode == policy.Audit) != c.want {
				t.Errorf("got exemption %q and mode %s, want exempt: %t", v.Exemption, v.Mode, c.want)
			}
		})
	}
}

// Nobody may exempt a change by the change itself.
func TestExemptionSelectsOldLabelsToo(t *testing.T) {
	cfg := exempting(v1alpha1.Match{ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "web"}}}, nil)
	in := create(t, `"team":"web"`)
	in.Operation, in.Old = policy.Update, pod(t, ``)
	r := rule("a", finding(policy.Finding{}))
	r.Needs.Old = true
	if d := build(t, cfg, r).Evaluate(in, now); d.Allowed() {
		t.Error("the label that the update adds must not exempt it")
	}
}

func TestExpiredExemption(t *testing.T) {
	match := v1alpha1.Match{Namespaces: []string{"shop"}}
	for name, c := range map[string]struct {
		expires time.Time
		want    string
		expired string
	}{
		"a second before": {now.Add(time.Second), "x", ""},
		"at the moment":   {now, "", "x"},
		"long ago":        {now.AddDate(-1, 0, 0), "", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := exempting(match, &metav1.Time{Time: c.expires})
			v := build(t, cfg, rule("a", finding(policy.Finding{}))).Evaluate(create(t, ""), now).Verdicts[0]
			if v.Exemption != c.want || v.Expired != c.expired {
				t.Errorf("got exemption %q, expired %q; want %q, %q", v.Exemption, v.Expired, c.want, c.expired)
			}
		})
	}
}

const marked = `"admissions.enforcer/disabled":"true"`

func TestMark(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*policy.Input)
		honour  []v1alpha1.MarkPlace
		pending bool
		allowed bool
	}{
		"none": {func(*policy.Input) {}, v1alpha1.MarkPlaces(), false, false},
		"on the namespace": {func(in *policy.Input) {
			in.Namespace.Annotations = map[string]string{"admissions.enforcer/disabled": "true"}
		}, v1alpha1.MarkPlaces(), false, true},
		"on the namespace, not honoured there": {func(in *policy.Input) {
			in.Namespace.Labels = map[string]string{"admissions.enforcer/disabled": "true"}
		}, []v1alpha1.MarkPlace{v1alpha1.OnObject}, false, false},
		"set by this request": {func(in *policy.Input) { in.Object = pod(t, marked) }, v1alpha1.MarkPlaces(), true, false},
		"there before": {func(in *policy.Input) {
			in.Operation, in.Old, in.Object = policy.Update, pod(t, marked), pod(t, marked+`,"bad":"1"`)
		}, v1alpha1.MarkPlaces(), false, true},
		"stripped by this request": {func(in *policy.Input) {
			in.Operation, in.Old, in.Object = policy.Update, pod(t, marked), pod(t, `"bad":"1"`)
		}, v1alpha1.MarkPlaces(), false, true},
		"on a manifest": {func(in *policy.Input) {
			in.Operation, in.Object, in.User = policy.AtRest, pod(t, marked+`,"bad":"1"`), nil
		}, v1alpha1.MarkPlaces(), false, true},
		"honoured nowhere": {func(in *policy.Input) {
			in.Operation, in.Old = policy.Update, pod(t, marked)
		}, []v1alpha1.MarkPlace{}, false, false},
		"another value": {func(in *policy.Input) { in.Object = pod(t, `"admissions.enforcer/disabled":"yes","bad":"1"`) },
			v1alpha1.MarkPlaces(), false, false},
		"on the parent of a subresource": {func(in *policy.Input) { in.Parent = pod(t, marked) }, v1alpha1.MarkPlaces(), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := v1alpha1.Default()
			cfg.Marks.Honour = c.honour
			in := create(t, `"bad":"1"`)
			c.change(&in)
			r := rule("a", finding(policy.Finding{}))
			r.Needs.Old = true // no ratchet: the mark alone decides
			d := build(t, cfg, r).Evaluate(in, now)
			if d.MarkPending() != c.pending || d.Allowed() != c.allowed {
				t.Errorf("got pending %t, allowed %t; want %t, %t", d.MarkPending(), d.Allowed(), c.pending, c.allowed)
			}
			if c.pending && (!d.SettleMark(true).Allowed() || d.SettleMark(false).Allowed()) {
				t.Error("a pending mark must count exactly if it is allowed")
			}
		})
	}
}

// A namespace's own mark is judged on what it was before.
func TestMarkOnNamespaceItself(t *testing.T) {
	in := create(t, marked)
	in.Resource, in.Namespace, in.NamespaceName = object.Namespaces, nil, ""
	d := build(t, nil, rule("a", finding(policy.Finding{}))).Evaluate(in, now)
	if d.Mark == nil || d.Mark.Place != v1alpha1.OnNamespace || !d.MarkPending() {
		t.Errorf("got %+v, want a pending mark on the Namespace", d.Mark)
	}
}
