// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// At rest nobody is putting a mark anywhere: what carries one may well be the provider's.
func TestProviderMarksAtRest(t *testing.T) {
	const hides = ": it hides the namespace from every webhook that AKS rewrote"
	for name, c := range map[string]struct {
		resource object.Resource
		raw      string
		want     []string
	}{
		"namespace of the list": {object.Namespaces, `{"metadata":{"name":"kube-system","labels":{` + managedLabel + `}}}`, nil},
		"namespace of nobody's list": {object.Namespaces, `{"metadata":{"name":"batch","labels":{` + managedLabel + `,"control-plane":"true"}}}`,
			[]string{`metadata.labels[control-plane]: must not be "true"` + hides + " (doubt)",
				`metadata.labels[kubernetes.azure.com/managedby]: must not be "aks"` + hides + " (doubt)"}},
		"node of a system pool":  {object.Nodes, `{"metadata":{"name":"n","labels":{"kubernetes.azure.com/mode":"system"}}}`, nil},
		"component":              {object.Deployments, `{"metadata":{"name":"x","labels":{` + managedLabel + `}}}`, nil},
		"unmarked, with its key": {object.Services, `{"metadata":{"name":"x","labels":{"kubernetes.azure.com/tier":"a"}}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := managedInput(t, c.resource, policy.AtRest, "", c.raw)
			if diff := cmp.Diff(c.want, summary(checkProviderMarks(in))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// Where the provider's label stands already, the namespace is guarded by namespace-system-metadata.
func TestProviderMarksOnManagedNamespace(t *testing.T) {
	in := managedInput(t, object.Namespaces, policy.Update, `{"metadata":{"name":"aks-new","labels":{`+managedLabel+`}}}`,
		`{"metadata":{"name":"aks-new","labels":{`+managedLabel+`,"control-plane":"true"}}}`)
	if got := checkProviderMarks(in); got != nil {
		t.Errorf("findings %v; want none", summary(got))
	}
}

// What AKS marked before is managed-component's to guard; what a customer marks is not AKS's for it.
func TestProviderMarksOnComponent(t *testing.T) {
	marked, plain := `{"metadata":{"name":"x","labels":{`+managedLabel+`}}}`, `{"metadata":{"name":"x"}}`
	if got := checkProviderMarks(managedInput(t, object.Services, policy.Update, marked, marked)); got != nil {
		t.Errorf("findings on a component %v; want none", summary(got))
	}
	if got := checkProviderMarks(managedInput(t, object.Services, policy.Update, plain, marked)); len(got) != 1 {
		t.Errorf("findings on a customer's object %v; want one", summary(got))
	}
}

// A key is the customer's on the kinds that the provider documents it for: in a template, on the pods.
func TestProviderMarksCustomersKey(t *testing.T) {
	profile := *provider.AKS()
	profile.CustomerKeys = []provider.CustomerKey{{Key: "kubernetes.azure.com/tier", On: "Label", Kinds: []string{"Pod"}}}
	in := managedInput(t, object.Deployments, policy.Create, "", `{"metadata":{"name":"x","labels":{"kubernetes.azure.com/tier":"a"}},
		"spec":{"template":{"metadata":{"labels":{"kubernetes.azure.com/tier":"a"}}}}}`)
	in.Provider = &profile
	want := []string{"metadata.labels[kubernetes.azure.com/tier]: must not be set: AKS marks its own with labels below kubernetes.azure.com Warn"}
	if diff := cmp.Diff(want, summary(checkProviderMarks(in))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestProviderMarksAllocatesNothing(t *testing.T) {
	in := managedInput(t, object.Deployments, policy.Create, "", `{"metadata":{"name":"x","labels":{"app":"x"}},
		"spec":{"template":{"metadata":{"labels":{"app":"x"},"annotations":{"kubernetes.azure.com/no-http-proxy-vars":"true"}}}}}`)
	if got := checkProviderMarks(in); got != nil {
		t.Fatalf("findings %v; want none", summary(got))
	}
	if n := testing.AllocsPerRun(100, func() { checkProviderMarks(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
