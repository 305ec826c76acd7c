// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

var terms = []metav1.LabelSelectorRequirement{
	{Key: "control-plane", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"true"}},
	{Key: "kubernetes.azure.com/managedby", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"aks"}},
}

func TestEnforced(t *testing.T) {
	own := metav1.LabelSelectorRequirement{Key: "team", Operator: metav1.LabelSelectorOpExists}
	older := metav1.LabelSelectorRequirement{Key: "control-plane", Operator: metav1.LabelSelectorOpDoesNotExist}
	optOut := map[string]string{"admissions.enforcer/disabled": "true"}
	for name, c := range map[string]struct {
		meta metav1.ObjectMeta
		have []metav1.LabelSelectorRequirement
		want []metav1.LabelSelectorRequirement // nil: it stays
	}{
		"nothing there":                 {have: nil, want: terms},
		"terms of its own":              {have: []metav1.LabelSelectorRequirement{own}, want: append([]metav1.LabelSelectorRequirement{own}, terms...)},
		"half of it there":              {have: terms[1:], want: []metav1.LabelSelectorRequirement{terms[1], terms[0]}},
		"all there, in another order":   {have: []metav1.LabelSelectorRequirement{terms[1], own, terms[0]}},
		"the older form":                {have: []metav1.LabelSelectorRequirement{older}, want: append([]metav1.LabelSelectorRequirement{older}, terms...)},
		"it opts out by label":          {meta: metav1.ObjectMeta{Labels: optOut}},
		"it opts out by annotation":     {meta: metav1.ObjectMeta{Annotations: optOut}},
		"it opts out with another word": {meta: metav1.ObjectMeta{Labels: map[string]string{"admissions.enforcer/disabled": "yes"}}, want: terms},
	} {
		t.Run(name, func(t *testing.T) {
			in := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: c.meta, Webhooks: []admissionregistrationv1.MutatingWebhook{{Name: "w"}}}
			if c.have != nil {
				in.Webhooks[0].NamespaceSelector = &metav1.LabelSelector{MatchExpressions: c.have}
			}
			before := in.DeepCopy()
			got, changed := Enforced(provider.AKS(), in)
			if d := cmp.Diff(before, in); d != "" {
				t.Errorf("it changed what it was given:\n%s", d)
			}
			if changed != (c.want != nil) {
				t.Fatalf("changed: got %t", changed)
			}
			hook, hookChanged := FromMutating(in)[0].Enforced(provider.AKS())
			if hookChanged != changed {
				t.Errorf("the hook says changed: %t", hookChanged)
			}
			if !changed {
				return
			}
			if d := cmp.Diff(c.want, got.Webhooks[0].NamespaceSelector.MatchExpressions); d != "" {
				t.Errorf("terms (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.want, hook.Criteria[0].NamespaceSelector.MatchExpressions); d != "" {
				t.Errorf("terms of the hook (-want +got):\n%s", d)
			}
			if again, changed := Enforced(provider.AKS(), got); changed || again != got {
				t.Error("a second round changes it again")
			}
		})
	}
}

func TestSummarise(t *testing.T) {
	s := &Server{Minor: 36}
	h := hook(t, "rules: [{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods, nodes]}]\nsideEffects: None")
	namespaces := []Namespace{
		{Name: "kube-system", Labels: map[string]string{"control-plane": "true", "kubernetes.azure.com/managedby": "aks"}},
		CustomerNamespace(provider.AKS(), "shop"),
	}
	sum := s.Summarise(provider.AKS(), h, namespaces, Typicals())
	if !sum.Rewritten {
		t.Error("it isn't rewritten")
	}
	var got []string
	for _, r := range sum.Rows {
		got = append(got, r.Namespace+"/"+r.Typical.ID+" "+r.Before.Reach.String()+" "+r.After.Reach.String())
	}
	want := []string{"/nodes-create yes yes", "kube-system/pods-create yes no", "shop/pods-create yes yes"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"shop"}, sum.Namespaces(true)); d != "" {
		t.Errorf("namespaces after (-want +got):\n%s", d)
	}
	if lost := sum.Lost(); len(lost) != 1 || lost[0].Namespace != "kube-system" {
		t.Errorf("lost: %v", lost)
	}
}

// Everything typical gets to a hook that takes everything, and the profile's own namespaces are hidden again.
func TestTypicals(t *testing.T) {
	s := &Server{Minor: 36}
	h := hook(t, anything+"sideEffects: None")
	seen := map[string]bool{}
	for _, typical := range Typicals() {
		if seen[typical.ID] {
			t.Errorf("%s: twice", typical.ID)
		}
		seen[typical.ID] = true
		a := s.Reaches(h, typical.In(&Namespace{Name: "shop"}))
		if want := typical.ID != "webhookconfigurations-update"; (a.Reach == Yes) != want {
			t.Errorf("%s: %s, %s", typical.ID, a.Reach, a.Why)
		}
	}
	enforced, _ := h.Enforced(provider.AKS())
	known := KnownNamespaces(provider.AKS())
	if !slices.ContainsFunc(known, func(n Namespace) bool { return n.Name == "kube-system" }) {
		t.Fatal("kube-system isn't known")
	}
	for i := range known {
		p, _ := provider.AKS().NamespaceNamed(known[i].Name)
		want := No
		if p.AlsoCustomers {
			want = Maybe
		}
		if a := s.Reaches(enforced, request(create, "", "v1", "pods", "", &known[i])); a.Reach != want {
			t.Errorf("%s: got %s, want %s", known[i].Name, a.Reach, want)
		}
	}
}
