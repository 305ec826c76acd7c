// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// posture makes a lawful posture rule around what it finds.
func posture(id policy.ID, mode policy.Mode, survey policy.Survey) policy.Rule {
	return policy.Rule{ID: id, Title: "test", Clauses: []provider.ClauseID{"node-images"}, Since: "v0.1.0", Default: mode,
		Doc: policy.Doc{Why: "It is a test.", Fix: "Do nothing."}, Survey: survey}
}

func seen(list ...policy.Sighting) policy.Survey {
	return func(policy.State) []policy.Sighting { return list }
}

func onNode(name string, f policy.Finding) policy.Sighting {
	f.Message = "must be new"
	return policy.Sighting{Object: policy.Subject{Resource: object.Nodes, Name: name,
		Meta: &metav1.ObjectMeta{Name: name, Labels: map[string]string{"pool": "a"}}}, Finding: f}
}

// told spells what the engine says: object, rule, mode, and why it is that.
func told(list []engine.Surveyed) string {
	var b strings.Builder
	for _, o := range list {
		b.WriteString(o.Subject.Resource.Kind + "/" + o.Subject.Name + ":")
		for _, f := range o.Decision.Faults {
			b.WriteString(" fault " + string(f.Rule))
		}
		for _, v := range o.Decision.Verdicts {
			b.WriteString(" " + string(v.Rule.ID) + "=" + string(v.Mode) + v.Exemption)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestSurveyModes(t *testing.T) {
	mode := func(m policy.Mode) *v1alpha1.Configuration { c := v1alpha1.Default(); c.Mode = m; return c }
	rules := map[policy.ID]v1alpha1.Rule{"a-rule": {Mode: policy.Audit}}
	for name, c := range map[string]struct {
		cfg     *v1alpha1.Configuration
		rule    policy.Mode
		finding policy.Finding
		want    policy.Mode
	}{
		"the rule's own":        {nil, policy.Warn, policy.Finding{}, policy.Warn},
		"doubt":                 {nil, policy.Deny, policy.Finding{Doubt: "perhaps"}, policy.Warn},
		"a bound":               {nil, policy.Warn, policy.Finding{AtMost: policy.Audit}, policy.Audit},
		"the ceiling":           {mode(policy.Audit), policy.Warn, policy.Finding{}, policy.Audit},
		"the configuration's":   {&v1alpha1.Configuration{Mode: policy.Deny, Rules: rules}, policy.Warn, policy.Finding{}, policy.Audit},
		"a ceiling below bound": {mode(policy.Audit), policy.Deny, policy.Finding{AtMost: policy.Warn}, policy.Audit},
	} {
		e := build(t, c.cfg, posture("a-rule", c.rule, seen(onNode("n1", c.finding))))
		if got, want := told(e.Survey(policy.State{Now: now}, nil)), "Node/n1: a-rule="+string(c.want)+"\n"; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	off := &v1alpha1.Configuration{Mode: policy.Deny, Rules: map[policy.ID]v1alpha1.Rule{"a-rule": {Mode: policy.Off}}}
	e := build(t, off, posture("a-rule", policy.Warn, func(policy.State) []policy.Sighting { panic("must not run") }))
	if got := e.Survey(policy.State{Now: now}, nil); len(got) != 0 {
		t.Errorf("a rule that is off says %v", got)
	}
}

// One entry for each object, in the order in which objects turn up; the cluster itself is one of them.
func TestSurveyPutsVerdictsByObject(t *testing.T) {
	e := build(t, nil,
		posture("first", policy.Warn, seen(onNode("n2", policy.Finding{}), policy.Sighting{Finding: policy.Finding{Message: "must be new"}})),
		posture("second", policy.Audit, seen(onNode("n1", policy.Finding{}), onNode("n2", policy.Finding{}))))
	want := "Node/n2: first=Warn second=Audit\n/: first=Warn\nNode/n1: second=Audit\n"
	if diff := cmp.Diff(want, told(e.Survey(policy.State{Now: now}, nil))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A panic is that rule's own fault, told of the cluster, and the others still judge.
func TestSurveyOutlivesARule(t *testing.T) {
	e := build(t, nil, posture("broken", policy.Warn, func(policy.State) []policy.Sighting { panic("no nodes") }),
		posture("sound", policy.Warn, seen(onNode("n1", policy.Finding{}))))
	got := e.Survey(policy.State{Now: now}, nil)
	if diff := cmp.Diff("/: fault broken\nNode/n1: sound=Warn\n", told(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f := got[0].Decision.Faults[0]; !strings.Contains(f.Err.Error(), "no nodes") || f.Stack == "" {
		t.Errorf("got %v without its reason or stack", f)
	}
}

func TestSurveyExemptions(t *testing.T) {
	in := func(m v1alpha1.Match, expires time.Time) *v1alpha1.Configuration {
		c := v1alpha1.Default()
		c.Exemptions = []v1alpha1.Exemption{{Name: "legacy", Reason: "it goes soon", Rules: []policy.ID{"a-rule"}, Match: m,
			Expires: &metav1.Time{Time: expires}}}
		return c
	}
	later := now.Add(time.Hour)
	pool := &metav1.LabelSelector{MatchLabels: map[string]string{"pool": "a"}}
	namespace := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}
	for name, c := range map[string]struct {
		cfg    *v1alpha1.Configuration
		exempt bool
	}{
		"by kind and name":      {in(v1alpha1.Match{Kinds: []string{"Node"}, Names: []string{"old-*"}}, later), true},
		"by label":              {in(v1alpha1.Match{ObjectSelector: pool}, later), true},
		"another name":          {in(v1alpha1.Match{Names: []string{"new-*"}}, later), false},
		"another kind":          {in(v1alpha1.Match{Kinds: []string{"Pod"}}, later), false},
		"by user":               {in(v1alpha1.Match{Users: []string{"ada@contoso.example"}}, later), false},
		"by namespace's labels": {in(v1alpha1.Match{NamespaceSelector: namespace}, later), false},
		"expired":               {in(v1alpha1.Match{Kinds: []string{"Node"}}, now), false},
	} {
		e := build(t, c.cfg, posture("a-rule", policy.Warn, seen(onNode("old-1", policy.Finding{}))))
		want := "Node/old-1: a-rule=Warn\n"
		if c.exempt {
			want = "Node/old-1: a-rule=Auditlegacy\n"
		}
		got := e.Survey(policy.State{Now: now}, nil)
		if diff := cmp.Diff(want, told(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if name == "expired" && got[0].Decision.Verdicts[0].Expired != "legacy" {
			t.Errorf("%s: the verdict does not say so", name)
		}
	}
}

// The labels of a namespace count, as far as somebody knows them.
func TestSurveyAsksForNamespaces(t *testing.T) {
	budget := policy.Sighting{Object: policy.Subject{Resource: object.PodDisruptionBudgets, Namespace: "shop", Name: "web"},
		Finding: policy.Finding{Message: "must allow one"}}
	cfg := v1alpha1.Default()
	cfg.Exemptions = []v1alpha1.Exemption{{Name: "shop", Reason: "known", Rules: []policy.ID{"a-rule"},
		Match: v1alpha1.Match{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}}}}
	e := build(t, cfg, posture("a-rule", policy.Warn, seen(budget)))
	for want, namespaces := range map[string]func(string) *corev1.Namespace{
		"PodDisruptionBudget/web: a-rule=Warn\n": func(string) *corev1.Namespace { return nil },
		"PodDisruptionBudget/web: a-rule=Auditshop\n": func(name string) *corev1.Namespace {
			return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"team": name}}}
		},
	} {
		if got := told(e.Survey(policy.State{Now: now}, namespaces)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// The exempting mark on an object, or on its namespace, counts where the configuration honours it.
func TestSurveyMarks(t *testing.T) {
	mark := provider.AKS().Marks.Exempts
	marked := onNode("n1", policy.Finding{})
	marked.Object.Meta.Annotations = map[string]string{mark.Key: mark.Value}
	rule := posture("a-rule", policy.Warn, seen(marked))
	honoured, ignored := v1alpha1.Default(), v1alpha1.Default()
	ignored.Marks.Honour = []v1alpha1.MarkPlace{}
	for cfg, exempt := range map[*v1alpha1.Configuration]bool{honoured: true, ignored: false} {
		v := build(t, cfg, rule).Survey(policy.State{Now: now}, nil)[0].Decision.Verdicts[0]
		if (v.Exemption != "") != exempt || v.Mode.AtLeast(policy.Warn) == exempt {
			t.Errorf("honoured %t: got %s, exemption %q", exempt, v.Mode, v.Exemption)
		}
	}
}
