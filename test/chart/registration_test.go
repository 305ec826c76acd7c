// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
)

// registrations returns what is rendered of them.
func registrations(t *testing.T, list documents) []*configuration {
	t.Helper()
	var found []*configuration
	for _, d := range list {
		if d.text("kind") == "ValidatingWebhookConfiguration" {
			found = append(found, find[configuration](t, list, d.text("kind"), d.text("metadata", "name")))
		}
	}
	return found
}

// What is rendered is what the rules ask for; the chart adds its own namespace, and no CA bundle, which has another owner.
func TestRegistrationsAreTheRules(t *testing.T) {
	t.Parallel()
	got := registrations(t, render(t, ""))
	want := registration.Build(rules.All(), provider.AKS(), registration.Options{Namespace: namespace, Name: "demarc", Port: 443})
	if len(got) != len(want) {
		t.Fatalf("got %d registrations, want %d", len(got), len(want))
	}
	own := metav1.LabelSelectorRequirement{Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpNotIn, Values: []string{namespace}}
	for i, w := range want {
		for j := range w.Webhooks {
			w.Webhooks[j].ObjectSelector = &metav1.LabelSelector{}
			ordered(w.Webhooks[j].Rules)
			ordered(got[i].Webhooks[j].Rules)
			if w.Name == registration.Customers {
				s := w.Webhooks[j].NamespaceSelector
				s.MatchExpressions = append(s.MatchExpressions, own)
			}
		}
		if diff := cmp.Diff(w.Webhooks, got[i].Webhooks); diff != "" {
			t.Errorf("%s (-rules +chart):\n%s", w.Name, diff)
		}
		exempts := provider.AKS().Marks.Exempts
		if got[i].Labels[exempts.Key] != w.Labels[exempts.Key] || got[i].Annotations[exempts.Key] != w.Annotations[exempts.Key] {
			t.Errorf("%s: the mark %s differs from what the rules ask for", w.Name, exempts.Key)
		}
	}
}

// ordered sorts rules, whose order means nothing.
func ordered(list []admissionregistrationv1.RuleWithOperations) {
	slices.SortFunc(list, func(a, b admissionregistrationv1.RuleWithOperations) int {
		return strings.Compare(a.String(), b.String())
	})
}

// The process compares the live registrations with files: they must hold exactly what is installed.
func TestExpectedIsWhatIsInstalled(t *testing.T) {
	t.Parallel()
	for _, values := range []string{"", "registration: {managed: {enabled: false}}", everything} {
		list := render(t, values)
		files := find[corev1.ConfigMap](t, list, "ConfigMap", "demarc-registration").Data
		installed := registrations(t, list)
		if len(files) != len(installed) {
			t.Errorf("got %d files, want one for each of %d registrations", len(files), len(installed))
		}
		for _, want := range installed {
			got := &configuration{}
			if err := yaml.UnmarshalStrict([]byte(files[want.Name+".yaml"]), got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-installed +expected):\n%s", want.Name, diff)
			}
		}
	}
}

// Whatever labels a namespace has, exactly one webhook is asked about it, in both forms: nothing is judged twice, and no
// label hides a namespace from both.
func TestEveryNamespaceIsSelectedOnce(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"NotIn", "DoesNotExist"} {
		list := registrations(t, render(t, "registration: {selectorForm: "+form+"}"))
		for _, set := range namespaceLabels() {
			var by []string
			for _, c := range list {
				for i := range c.Webhooks {
					if selects(t, &c.Webhooks[i], set) {
						by = append(by, c.Webhooks[i].Name)
					}
				}
			}
			if len(by) != 1 {
				t.Errorf("%s: %v is selected by %q, want exactly one", form, set, by)
			}
			value, marked := set["control-plane"]
			managed := value == "true" || set["kubernetes.azure.com/managedby"] == "aks" || marked && form == "DoesNotExist"
			if customers := slices.Contains(by, "customers.demarc.dev"); customers == managed {
				t.Errorf("%s: %v is selected by %q", form, set, by)
			}
		}
	}
}

func namespaceLabels() []labels.Set {
	var sets []labels.Set
	for _, a := range []string{"absent", "", "true", "false", "aks", "controller-manager"} {
		for _, b := range []string{"absent", "", "true", "false", "aks"} {
			set := labels.Set{"kubernetes.io/metadata.name": "shop"}
			if a != "absent" {
				set["control-plane"] = a
			}
			if b != "absent" {
				set["kubernetes.azure.com/managedby"] = b
			}
			sets = append(sets, set)
		}
	}
	return sets
}

func selects(t *testing.T, w *admissionregistrationv1.ValidatingWebhook, set labels.Set) bool {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(w.NamespaceSelector)
	if err != nil {
		t.Fatal(err)
	}
	return s.Matches(set)
}

// The enforcer adds the terms that are missing, and then Git and Helm find another owner of the selector.
func TestEnforcerFindsNothingToAdd(t *testing.T) {
	t.Parallel()
	today := []metav1.LabelSelectorRequirement{
		{Key: "control-plane", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"true"}},
		{Key: "kubernetes.azure.com/managedby", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"aks"}},
	}
	faq := metav1.LabelSelectorRequirement{Key: "control-plane", Operator: metav1.LabelSelectorOpDoesNotExist}
	for form, want := range map[string][]metav1.LabelSelectorRequirement{"NotIn": today, "DoesNotExist": append(today, faq)} {
		c := find[configuration](t, render(t, "registration: {selectorForm: "+form+"}"), "ValidatingWebhookConfiguration", "demarc")
		for _, term := range want {
			if !slices.ContainsFunc(c.Webhooks[0].NamespaceSelector.MatchExpressions, func(have metav1.LabelSelectorRequirement) bool {
				return have.String() == term.String()
			}) {
				t.Errorf("%s: the selector of demarc lacks %v", form, term)
			}
		}
	}
}

// With no replica, our own pods must start: the registration that may fail closed is never asked about our namespace, by a
// label that only the API server sets.
func TestOwnNamespaceIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"NotIn", "DoesNotExist"} {
		c := find[configuration](t, render(t, "registration: {selectorForm: "+form+"}"), "ValidatingWebhookConfiguration", "demarc")
		for i := range c.Webhooks {
			if selects(t, &c.Webhooks[i], labels.Set{"kubernetes.io/metadata.name": namespace}) {
				t.Errorf("%s: %s selects the namespace that demarc runs in", form, c.Webhooks[i].Name)
			}
			if !selects(t, &c.Webhooks[i], labels.Set{"kubernetes.io/metadata.name": "shop"}) {
				t.Errorf("%s: %s does not select a customer's namespace", form, c.Webhooks[i].Name)
			}
		}
	}
}

func TestManagedNeverFailsClosed(t *testing.T) {
	t.Parallel()
	for _, c := range registrations(t, render(t, everything)) {
		for i := range c.Webhooks {
			want := admissionregistrationv1.Ignore
			if c.Name == "demarc" {
				want = admissionregistrationv1.Fail
			}
			if got := *c.Webhooks[i].FailurePolicy; got != want {
				t.Errorf("%s: got failurePolicy %s, want %s", c.Webhooks[i].Name, got, want)
			}
		}
	}
}

func TestCABundle(t *testing.T) {
	t.Parallel()
	const pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
	for _, source := range []string{"builtin", "certManager", "secret"} {
		values, err := yaml.Marshal(map[string]any{"certificates": map[string]any{"source": source, "caBundle": pem}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range registrations(t, render(t, string(values))) {
			for i := range c.Webhooks {
				want := ""
				if source == "secret" {
					want = pem
				}
				if got := string(c.Webhooks[i].ClientConfig.CABundle); got != want {
					t.Errorf("%s, %s: got CA bundle %q, want %q", source, c.Webhooks[i].Name, got, want)
				}
			}
			if got := c.Annotations["cert-manager.io/inject-ca-from"] != ""; got != (source == "certManager") {
				t.Errorf("%s, %s: inject-ca-from is there: %v", source, c.Name, got)
			}
		}
	}
}
