// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"slices"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func registered(installed string) *configuration {
	return &configuration{ObjectMeta: metav1.ObjectMeta{Name: "demarc", Annotations: map[string]string{Installed: installed}},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{Name: "a", TimeoutSeconds: new(int32(3))}}}
}

// An upgrade reaches the live registration before it reaches our file: nothing is said for a while, and then it is.
func TestUpgradeIsNoDrift(t *testing.T) {
	g := &Guard{newer: map[string]time.Time{}}
	now := time.Unix(0, 0)
	old, upgraded := registered("1"), registered("2")
	for _, c := range []struct {
		after time.Duration
		live  *configuration
		quiet bool
	}{
		{0, old, false},                         // nothing to be quiet about
		{time.Second, upgraded, true},           // our file is behind
		{behind, upgraded, true},                // still
		{behind + time.Second, upgraded, false}, // too long: somebody changed it
		{behind + 2*time.Second, old, false},    // back again
		{behind + 3*time.Second, upgraded, true},
		{behind + 4*time.Second, nil, false}, // gone is gone
	} {
		if got := g.upgraded(old, c.live, now.Add(c.after)); got != c.quiet {
			t.Errorf("after %s: quiet %t, want %t", c.after, got, c.quiet)
		}
	}
}

// What the API server fills in is no drift, nor is another order of what has none.
func TestDefaultsAreNoDrift(t *testing.T) {
	want := registered("1")
	want.Webhooks[0].Rules = []admissionregistrationv1.RuleWithOperations{{
		Operations: []admissionregistrationv1.OperationType{"UPDATE", "CREATE"},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods", "nodes"}}}}
	live := want.DeepCopy()
	w := &live.Webhooks[0]
	w.FailurePolicy, w.MatchPolicy = new(admissionregistrationv1.Fail), new(admissionregistrationv1.Equivalent)
	w.NamespaceSelector, w.ObjectSelector = &metav1.LabelSelector{}, &metav1.LabelSelector{}
	w.ClientConfig.CABundle = []byte("x")
	w.Rules[0].Scope = new(admissionregistrationv1.AllScopes)
	slices.Sort(w.Rules[0].Operations)
	slices.Sort(w.Rules[0].Resources)
	if d := compare(want, live, "mark"); len(d) > 0 {
		t.Errorf("got %v, want nothing", d)
	}
	w.Rules[0].Resources = []string{"pods"}
	w.ObjectSelector.MatchLabels = map[string]string{"a": "b"}
	if d := compare(want, live, "mark"); !slices.Equal(d, []Drift{Selector, Rules}) {
		t.Errorf("got %v, want selector and rules", d)
	}
}
