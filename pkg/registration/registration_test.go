// SPDX-License-Identifier: Apache-2.0

package registration_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
)

func configurations(t *testing.T) (customers, managed *admissionregistrationv1.ValidatingWebhookConfiguration) {
	t.Helper()
	list := registration.Build(rules.All(), provider.AKS(), registration.Options{Namespace: "demarc-system", Name: "demarc", Port: 443})
	if len(list) != 2 {
		t.Fatalf("got %d configurations, want 2", len(list))
	}
	return list[0], list[1]
}

func webhooks(t *testing.T) []admissionregistrationv1.ValidatingWebhook {
	customers, managed := configurations(t)
	return slices.Concat(customers.Webhooks, managed.Webhooks)
}

// The same rules make the same registration, byte for byte: else every deployment from Git would see a change.
func TestSameEachTime(t *testing.T) {
	first := webhooks(t)
	for range 20 {
		if diff := cmp.Diff(first, webhooks(t)); diff != "" {
			t.Fatalf("-first +again:\n%s", diff)
		}
	}
}

// Whatever labels a namespace has, exactly one entry selects it: so forging a mark moves a namespace from one to the
// other and hides it from neither.
func TestEveryNamespaceIsSelectedOnce(t *testing.T) {
	values := []string{"", "true", "false", "aks", "controller-manager"}
	for _, a := range values {
		for _, b := range values {
			set := labels.Set{"kubernetes.io/metadata.name": "x"}
			if a != "" {
				set["control-plane"] = a
			}
			if b != "" {
				set["kubernetes.azure.com/managedby"] = b
			}
			var by []string
			for _, w := range webhooks(t) {
				s, err := metav1.LabelSelectorAsSelector(w.NamespaceSelector)
				if err != nil {
					t.Fatal(err)
				}
				if s.Matches(set) {
					by = append(by, w.Name)
				}
			}
			if len(by) != 1 {
				t.Errorf("%v is selected by %q, want exactly one", set, by)
			}
		}
	}
}

// The selector carries the very terms that the enforcer would add, so there is nothing for it to rewrite.
func TestEnforcerFindsNothingToAdd(t *testing.T) {
	customers, managed := configurations(t)
	want := []metav1.LabelSelectorRequirement{
		{Key: "control-plane", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"true"}},
		{Key: "kubernetes.azure.com/managedby", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"aks"}},
	}
	for _, term := range want {
		if !slices.ContainsFunc(customers.Webhooks[0].NamespaceSelector.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool {
			return r.String() == term.String()
		}) {
			t.Errorf("the selector of %s lacks %v", customers.Name, term)
		}
	}
	const mark = "admissions.enforcer/disabled"
	if managed.Labels[mark] != "true" || managed.Annotations[mark] != "true" {
		t.Errorf("%s must carry the mark as label and annotation", managed.Name)
	}
	if customers.Labels[mark] != "" || customers.Annotations[mark] != "" {
		t.Errorf("%s must not carry the mark", customers.Name)
	}
}

func TestSafeByForm(t *testing.T) {
	for _, w := range webhooks(t) {
		if *w.FailurePolicy != admissionregistrationv1.Ignore || *w.SideEffects != admissionregistrationv1.SideEffectClassNone ||
			*w.MatchPolicy != admissionregistrationv1.Equivalent || *w.TimeoutSeconds != 3 || !slices.Equal(w.AdmissionReviewVersions, []string{"v1"}) {
			t.Errorf("%s: must be Ignore, None, Equivalent, 3 s and v1", w.Name)
		}
		if w.ObjectSelector != nil {
			t.Errorf("%s: an objectSelector lets whoever labels an object choose", w.Name)
		}
		for _, r := range w.Rules {
			if strings.Contains(strings.Join(slices.Concat(r.APIGroups, r.Resources), " ")+string(r.Operations[0]), "*") {
				t.Errorf("%s: wildcard in %v", w.Name, r)
			}
			// Any version is fine for custom resources alone, whose projects rename them.
			if slices.Contains(r.APIVersions, "*") && slices.ContainsFunc(r.Resources, func(s string) bool {
				known, ok := object.ByName(schema.GroupResource{Group: r.APIGroups[0], Resource: s})
				return !ok || known.Presence != object.Installed
			}) {
				t.Errorf("%s: any version of a resource of Kubernetes in %v", w.Name, r)
			}
			if slices.ContainsFunc(r.Resources, func(s string) bool {
				return strings.HasPrefix(s, "secrets") || strings.HasPrefix(s, "leases") || strings.HasPrefix(s, "events")
			}) {
				t.Errorf("%s: %v must not be asked for", w.Name, r.Resources)
			}
			if slices.Contains(r.APIGroups, admissionregistrationv1.GroupName) {
				t.Errorf("%s: the API server asks no webhook about %v", w.Name, r.Resources)
			}
		}
	}
}

// Cluster-scoped objects match every namespaceSelector, so only one entry may ask for them; a Namespace is matched by
// its own labels and belongs to all.
func TestClusterScopedOnce(t *testing.T) {
	_, managed := configurations(t)
	for _, w := range managed.Webhooks {
		for _, r := range w.Rules {
			if *r.Scope == admissionregistrationv1.ClusterScope && slices.ContainsFunc(r.Resources, func(s string) bool { return !strings.HasPrefix(s, "namespaces") }) {
				t.Errorf("%s asks for the cluster-scoped %v", w.Name, r.Resources)
			}
		}
	}
}

// Nothing that a rule matches may be missing, and nothing may be asked for that no rule matches.
func TestRegistrationIsTheRules(t *testing.T) {
	customers, managed := configurations(t)
	for _, c := range []struct {
		name  string
		rules []admissionregistrationv1.RuleWithOperations
		keep  func(policy.Match) bool
	}{
		{customers.Name, customers.Webhooks[0].Rules, func(m policy.Match) bool { return !m.ManagedOnly }},
		{managed.Name, managed.Webhooks[0].Rules, func(m policy.Match) bool { return m.Namespaced || m.Resource == object.Namespaces }},
	} {
		asked := askedFor(t, c.rules)
		wanted := map[string]bool{}
		for _, rule := range rules.All() {
			for _, m := range rule.Match {
				for _, op := range m.Operations {
					if m.Resource != object.Unknown && m.Group != admissionregistrationv1.GroupName && c.keep(m) {
						wanted[key(m)+" "+string(op)] = true
					}
				}
			}
		}
		for k := range wanted {
			if !asked[k] {
				t.Errorf("%s: a rule matches %s, which is not asked for", c.name, k)
			}
		}
		for k := range asked {
			if !wanted[k] {
				t.Errorf("%s: %s is asked for, and no rule matches it", c.name, k)
			}
		}
	}
}

func askedFor(t *testing.T, rules []admissionregistrationv1.RuleWithOperations) map[string]bool {
	t.Helper()
	asked := map[string]bool{}
	for _, r := range rules {
		for _, resource := range r.Resources {
			for _, op := range r.Operations {
				key := r.APIGroups[0] + "/" + r.APIVersions[0] + "/" + resource + " " + string(op)
				if asked[key] {
					t.Errorf("%s stands there twice", key)
				}
				asked[key] = true
			}
		}
	}
	return asked
}

func key(m policy.Match) string {
	name := m.Plural
	if m.Subresource != "" {
		name += "/" + m.Subresource
	}
	return m.Group + "/" + m.Version + "/" + name
}

func TestUnreachable(t *testing.T) {
	list := []policy.Rule{{ID: "a", Match: []policy.Match{
		policy.On(object.Pods, policy.Create), policy.OnSub(object.Pods, "scale", policy.Update), policy.On(object.Nodes, policy.Update),
		policy.On(object.Unknown, policy.Create),
	}}}
	served := []*metav1.APIResourceList{{GroupVersion: "v1", APIResources: []metav1.APIResource{
		{Name: "pods", Namespaced: true}, {Name: "nodes", Namespaced: true}}}}
	want := []string{"a: v1/nodes has another scope", "a: v1/pods/scale is not served"}
	if got := registration.Unreachable(list, served); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
