// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	admissionapply "k8s.io/client-go/applyconfigurations/admissionregistration/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// enforcer does what AKS's Admissions Enforcer was seen to do: in every webhook of every configuration that does not opt
// out, it appends the terms of the namespace selector that are missing, by server-side apply.
type enforcer struct {
	client *kubernetes.Clientset
	wrote  chan string
}

const (
	enforcerManager = "admissionsenforcer"
	optOut          = "admissions.enforcer/disabled"
)

func required() []metav1.LabelSelectorRequirement {
	return []metav1.LabelSelectorRequirement{
		{Key: "control-plane", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"true"}},
		{Key: "kubernetes.azure.com/managedby", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"aks"}},
	}
}

func startEnforcer(t *testing.T) *enforcer {
	t.Helper()
	e := &enforcer{client: provider.client(t), wrote: make(chan string, 100)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			e.round(ctx, t)
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return e
}

func (e *enforcer) round(ctx context.Context, t *testing.T) {
	list, err := e.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return // it ends, or tries again
	}
	for i := range list.Items {
		c := &list.Items[i]
		if c.Labels[optOut] == "true" || c.Annotations[optOut] == "true" {
			continue
		}
		apply := admissionapply.ValidatingWebhookConfiguration(c.Name)
		changed := false
		for j := range c.Webhooks {
			terms, added := complete(c.Webhooks[j].NamespaceSelector)
			changed = changed || added
			apply.WithWebhooks(admissionapply.ValidatingWebhook().WithName(c.Webhooks[j].Name).
				WithNamespaceSelector(metaapply.LabelSelector().WithMatchExpressions(terms...)))
		}
		if !changed {
			continue
		}
		_, err := e.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Apply(ctx, apply,
			metav1.ApplyOptions{FieldManager: enforcerManager, Force: true})
		if err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) {
			t.Errorf("the enforcer can't apply %s: %v", c.Name, err)
			continue
		}
		e.wrote <- c.Name
	}
}

// complete returns a selector's terms with those that are missing, and whether any was.
func complete(s *metav1.LabelSelector) (terms []*metaapply.LabelSelectorRequirementApplyConfiguration, added bool) {
	var have []metav1.LabelSelectorRequirement
	if s != nil {
		have = s.MatchExpressions
	}
	all := slices.Clone(have)
	for _, want := range required() {
		if !slices.ContainsFunc(have, func(r metav1.LabelSelectorRequirement) bool {
			return r.Key == want.Key && r.Operator == want.Operator && slices.Equal(r.Values, want.Values)
		}) {
			all, added = append(all, want), true
		}
	}
	for _, r := range all {
		terms = append(terms, metaapply.LabelSelectorRequirement().WithKey(r.Key).WithOperator(r.Operator).WithValues(r.Values...))
	}
	return terms, added
}

// control is somebody else's registration, without AKS's terms. It asks about nothing that is there.
const control = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: control
webhooks:
  - name: control.contoso.example
    admissionReviewVersions: [v1]
    clientConfig: {url: "https://nobody.example/"}
    failurePolicy: Ignore
    sideEffects: None
    namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}
    rules: [{apiGroups: [contoso.example], apiVersions: [v1], resources: [nothings], operations: [CREATE]}]
`

func TestEnforcer(t *testing.T) {
	c := begin(t, 11, "Beside a program that edits selectors as AKS's Admissions Enforcer does")
	installed(t)
	t.Cleanup(func() {
		_, _ = localAdmin.kubectl(context.Background(), "delete", "validatingwebhookconfiguration", "control", "--ignore-not-found")
	})
	e := startEnforcer(t)
	asHelm := []string{"apply", "--server-side", "--field-manager=helm", "-f", "-"}
	if output, err := localAdmin.kubectlWith(t.Context(), control, asHelm...); err != nil {
		t.Fatal(output)
	}
	waitFor(t, 10*time.Second, "the control is rewritten", func() string {
		return lacks(registration(t, "control"), `{"key":"control-plane","operator":"NotIn","values":["true"]}`)
	})
	c.check(t, true, "A registration of somebody else's without AKS's terms is rewritten: the program bites", "rewritten")
	output, err := localAdmin.kubectlWith(t.Context(), control, asHelm...)
	c.check(t, err != nil && strings.Contains(output, "conflict"), "And its next server-side apply meets the conflict that breaks Helm upgrades on AKS", "%s", said(output))

	before := map[string]string{customers: registration(t, customers), managed: registration(t, managed)}
	time.Sleep(5 * time.Second)
	for _, name := range []string{customers, managed} {
		c.check(t, registration(t, name) == before[name], "`"+name+"` stays as it was installed, byte for byte", "%d bytes, the same", len(before[name]))
	}
	mustUpgrade(t, failing)
	c.check(t, true, "`helm upgrade` of the registrations, by server-side apply, meets no conflict", "none")
	mustUpgrade(t, "registration.selectorForm=DoesNotExist")
	settled(t)
	form := registration(t, customers)
	time.Sleep(2 * time.Second)
	c.check(t, registration(t, customers) == form, "Nor is the selector rewritten in the form of AKS's FAQ, DoesNotExist", "the same")
	wrote := map[string]int{}
	for len(e.wrote) > 0 {
		wrote[<-e.wrote]++
	}
	c.check(t, wrote[customers] == 0 && wrote[managed] == 0, "The program never wrote to demarc's registrations", "control %d ×, demarc's %d ×",
		wrote["control"], wrote[customers]+wrote[managed])
}
