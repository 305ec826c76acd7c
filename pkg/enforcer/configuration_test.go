// SPDX-License-Identifier: Apache-2.0

package enforcer

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// held is an entry of managedFields for the selectors of these webhooks.
func held(manager string, minute int, webhooks ...string) metav1.ManagedFieldsEntry {
	fields := map[string]any{}
	for _, w := range webhooks {
		name, _ := json.Marshal(map[string]string{"name": w})
		fields["k:"+string(name)] = map[string]any{".": map[string]any{}, "f:name": map[string]any{}, "f:namespaceSelector": map[string]any{}}
	}
	raw, _ := json.Marshal(map[string]any{"f:webhooks": fields})
	e := metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationApply,
		Time: &metav1.Time{Time: time.Date(2026, 11, 22, 0, minute, 0, 0, time.UTC)}, FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{}}
	e.FieldsV1.SetRawBytes(raw)
	return e
}

type (
	selector    = metav1.LabelSelector
	requirement = metav1.LabelSelectorRequirement
)

var (
	controlPlane = requirement{Key: "control-plane", Operator: "NotIn", Values: []string{"true"}}
	byAKS        = requirement{Key: "kubernetes.azure.com/managedby", Operator: "NotIn", Values: []string{"aks"}}
	team         = requirement{Key: "team", Operator: "Exists"}
)

func TestHolders(t *testing.T) {
	broken := held("broken", 9, "a")
	broken.FieldsV1.SetRawString(`{"f:webhooks": 1}`)
	status := held("status", 9, "a")
	status.Subresource = "status"
	m := &metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{
		held("late", 5, "a"), held(FieldManager, 2, "a", `of "quotes"`), held("early", 1, "a", "b"), broken, status, {Manager: "nothing"}}}
	for webhook, want := range map[string]struct {
		ours   bool
		others []string
	}{
		"a": {true, []string{"early", "late"}}, "b": {false, []string{"early"}}, "c": {false, nil}, `of "quotes"`: {true, nil},
	} {
		ours, others := holders(m, webhook)
		if diff := cmp.Diff(want.others, others); ours != want.ours || diff != "" {
			t.Errorf("%s: ours %v, want %v; others (-want +got):\n%s", webhook, ours, want.ours, diff)
		}
	}
	if !managedBy(m, "late") || managedBy(m, "nobody") {
		t.Error("managers are not told apart")
	}
}

// What is held alone is named in each apply, or it would be taken away; what somebody else holds too is given up.
func TestPlan(t *testing.T) {
	complete := &selector{MatchExpressions: []requirement{team, controlPlane, byAKS}}
	lacks := &selector{MatchExpressions: []requirement{team}}
	for name, c := range map[string]struct {
		hooks  []hook
		fields []metav1.ManagedFieldsEntry
		want   plan
	}{
		"nothing to do":    {[]hook{{"a", complete}}, []metav1.ManagedFieldsEntry{held("helm", 1, "a")}, plan{}},
		"one lacks":        {[]hook{{"a", lacks}, {"b", complete}}, nil, plan{missing: []string{"a"}, apply: []hook{{"a", complete}}}},
		"one is held":      {[]hook{{"a", lacks}, {"b", complete}}, []metav1.ManagedFieldsEntry{held(FieldManager, 1, "b")}, plan{missing: []string{"a"}, apply: []hook{{"a", complete}, {"b", complete}}}},
		"all is held":      {[]hook{{"a", complete}}, []metav1.ManagedFieldsEntry{held(FieldManager, 1, "a")}, plan{apply: []hook{{"a", complete}}}},
		"somebody else":    {[]hook{{"a", complete}, {"b", complete}}, []metav1.ManagedFieldsEntry{held(FieldManager, 1, "a", "b"), held("helm", 2, "a")}, plan{release: true, apply: []hook{{"b", complete}}}},
		"and one is taken": {[]hook{{"a", lacks}, {"b", complete}}, []metav1.ManagedFieldsEntry{held(FieldManager, 1, "b"), held("helm", 2, "a", "b")}, plan{missing: []string{"a"}, release: true, apply: []hook{{"a", complete}}}},
	} {
		t.Run(name, func(t *testing.T) {
			k := &configuration{meta: &metav1.ObjectMeta{ManagedFields: c.fields}, hooks: c.hooks}
			if diff := cmp.Diff(c.want, k.plan(provider.AKS()), cmp.AllowUnexported(plan{})); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUntouchable(t *testing.T) {
	mark := map[string]string{"admissions.enforcer/disabled": "true"}
	for _, c := range []struct {
		kind string
		meta metav1.ObjectMeta
		want string
	}{
		{validating, metav1.ObjectMeta{Name: "theirs"}, ""},
		{validating, metav1.ObjectMeta{Name: "theirs", Labels: map[string]string{"kubernetes.azure.com/managedby": "somebody"}}, ""},
		{mutating, metav1.ObjectMeta{Name: "demarc"}, ""},
		{validating, metav1.ObjectMeta{Name: "demarc"}, "it is demarc's own"},
		{validating, metav1.ObjectMeta{Name: "theirs", Labels: mark}, "it opts out"},
		{mutating, metav1.ObjectMeta{Name: "theirs", Annotations: mark}, "it opts out"},
		{mutating, metav1.ObjectMeta{Name: "theirs", DeletionTimestamp: new(metav1.Now())}, "it is being deleted"},
		{mutating, metav1.ObjectMeta{Name: "aks-node-mutating-webhook"}, "it is the provider's own"},
		{validating, metav1.ObjectMeta{Name: "x", Labels: map[string]string{"kubernetes.azure.com/controlPlaneWebhook": "Reconcile"}}, "it is the provider's own"},
		{validating, metav1.ObjectMeta{Name: "x", Labels: map[string]string{"kubernetes.azure.com/managedby": "aks"}}, "it is the provider's own"},
		{validating, metav1.ObjectMeta{Name: "kyverno-a"}, "it is exempt"},
	} {
		k := &configuration{key: key{c.kind, c.meta.Name}, meta: &c.meta}
		if got := k.untouchable(provider.AKS(), []string{"kyverno-*", "x-y"}); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.kind, c.meta.Name, got, c.want)
		}
	}
}

// Nothing but what is read stays in the cache.
func TestSlim(t *testing.T) {
	s := &selector{MatchLabels: map[string]string{"a": "b"}}
	for _, o := range []any{
		&admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{Name: "a", NamespaceSelector: s,
			ClientConfig: admissionregistrationv1.WebhookClientConfig{CABundle: []byte("x")}}}},
		&admissionregistrationv1.MutatingWebhookConfiguration{Webhooks: []admissionregistrationv1.MutatingWebhook{{Name: "a", NamespaceSelector: s,
			ClientConfig: admissionregistrationv1.WebhookClientConfig{CABundle: []byte("x")}}}},
	} {
		before := read(o)
		after, err := slim(o)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before.hooks, read(after).hooks); diff != "" {
			t.Errorf("hooks (-before +after):\n%s", diff)
		}
		if raw, _ := json.Marshal(after); string(raw) == "" || containsBundle(raw) {
			t.Errorf("the bundle is kept: %s", raw)
		}
	}
	if read("something else") != nil {
		t.Error("something else is read")
	}
}

func containsBundle(raw []byte) bool {
	var o struct {
		Webhooks []struct {
			ClientConfig struct{ CABundle []byte }
		}
	}
	return json.Unmarshal(raw, &o) != nil || len(o.Webhooks) != 1 || len(o.Webhooks[0].ClientConfig.CABundle) > 0
}

// An apply is about the object that was read, and names nothing but selectors.
func TestPatch(t *testing.T) {
	k := &configuration{key: key{mutating, "theirs"}, meta: &metav1.ObjectMeta{UID: "u", ResourceVersion: "7"}}
	raw, err := k.patch([]hook{{"a", &selector{MatchExpressions: []requirement{byAKS}}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration","metadata":{"name":"theirs","uid":"u","resourceVersion":"7"},` +
		`"webhooks":[{"name":"a","namespaceSelector":{"matchExpressions":[{"key":"kubernetes.azure.com/managedby","operator":"NotIn","values":["aks"]}]}}]}`
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("patch (-want +got):\n%s", diff)
	}
}
