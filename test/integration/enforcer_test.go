// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/pkg/enforcer"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/test/admissionsenforcer"
)

// enforcing is a running enforcer, and what its metrics say.
type enforcing struct {
	*guarded
	ctx context.Context
}

// hasty gives up soon enough for a test.
var hasty = enforcer.Patience{Reverts: 3, Within: time.Minute, Pause: time.Minute, LongestPause: time.Hour}

func startEnforcing(t *testing.T, change func(*enforcer.Options)) *enforcing {
	t.Helper()
	client, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	e := &enforcing{&guarded{client: client, registry: prometheus.NewRegistry()}, t.Context()}
	o := enforcer.Options{Client: client, Profile: provider.AKS(), Patience: hasty, Metrics: enforcer.NewMetrics(e.registry), Logger: logr.Discard()}
	if change != nil {
		change(&o)
	}
	run(t, enforcer.New(o).Start)
	return e
}

// theirs is somebody's configuration of two webhooks. Nothing answers it, and nothing that is there is asked about.
func theirs(name string, change func(*admissionregistrationv1.ValidatingWebhookConfiguration)) *admissionregistrationv1.ValidatingWebhookConfiguration {
	hook := func(name string) admissionregistrationv1.ValidatingWebhook {
		return admissionregistrationv1.ValidatingWebhook{
			Name: name, AdmissionReviewVersions: []string{"v1"}, SideEffects: new(admissionregistrationv1.SideEffectClassNone),
			ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "shop", Name: "nobody"}},
			Rules: []admissionregistrationv1.RuleWithOperations{{Operations: []admissionregistrationv1.OperationType{"CREATE"},
				Rule: admissionregistrationv1.Rule{APIGroups: []string{"contoso.example"}, APIVersions: []string{"v1"}, Resources: []string{"nothings"}}}},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"inject": "yes"},
				MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: metav1.LabelSelectorOpExists}}},
		}
	}
	c := &admissionregistrationv1.ValidatingWebhookConfiguration{
		TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks:   []admissionregistrationv1.ValidatingWebhook{hook("a.contoso.example"), hook("b.contoso.example")},
	}
	if change != nil {
		change(c)
	}
	return c
}

func (e *enforcing) api() interface {
	Get(context.Context, string, metav1.GetOptions) (*admissionregistrationv1.ValidatingWebhookConfiguration, error)
} {
	return e.client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
}

func (e *enforcing) get(t *testing.T, name string) *admissionregistrationv1.ValidatingWebhookConfiguration {
	t.Helper()
	c, err := e.api().Get(e.ctx, name, metav1.GetOptions{})
	must(t, err)
	return c
}

// installTheirs makes a configuration as a client does that knows no server-side apply, and takes it away in the end.
func installTheirs(t *testing.T, c *admissionregistrationv1.ValidatingWebhookConfiguration) {
	t.Helper()
	client, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	_, err = client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(t.Context(), c, metav1.CreateOptions{FieldManager: "somebody"})
	must(t, err)
	goneAtTheEnd(t, c.Name)
}

func goneAtTheEnd(t *testing.T, name string) {
	t.Helper()
	client, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	t.Cleanup(func() {
		err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(context.Background(), name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
}

// applyAs applies a configuration on the server, as GitOps tools do.
func applyAs(t *testing.T, manager string, force bool, c *admissionregistrationv1.ValidatingWebhookConfiguration) error {
	t.Helper()
	client, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	raw, err := json.Marshal(c)
	must(t, err)
	_, err = client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Patch(t.Context(), c.Name, types.ApplyPatchType, raw,
		metav1.PatchOptions{FieldManager: manager, Force: &force})
	return err
}

// withTerms puts AKS's terms into each selector.
func withTerms(c *admissionregistrationv1.ValidatingWebhookConfiguration) {
	for i := range c.Webhooks {
		s := c.Webhooks[i].NamespaceSelector
		s.MatchExpressions = append(s.MatchExpressions, admissionsenforcer.Required()...)
	}
}

func complete(c *admissionregistrationv1.ValidatingWebhookConfiguration) bool {
	return !slices.ContainsFunc(c.Webhooks, func(w admissionregistrationv1.ValidatingWebhook) bool {
		return !admissionsenforcer.Satisfied(w.NamespaceSelector)
	})
}

// holds says who holds the selector of the first webhook.
func holds(c *admissionregistrationv1.ValidatingWebhookConfiguration) []string {
	var list []string
	for _, e := range c.ManagedFields {
		if strings.Contains(e.FieldsV1.GetRawString(), `"k:{\"name\":\"a.contoso.example\"}":`) && strings.Contains(e.FieldsV1.GetRawString(), "namespaceSelector") {
			list = append(list, e.Manager)
		}
	}
	slices.Sort(list)
	return list
}

// quiet fails if a configuration is written to meanwhile.
func (e *enforcing) quiet(t *testing.T, name string) {
	t.Helper()
	before := e.get(t, name).ResourceVersion
	time.Sleep(2 * time.Second)
	if now := e.get(t, name); now.ResourceVersion != before {
		t.Errorf("%s is still written to", name)
	}
}

func (e *enforcing) events(t *testing.T, name, reason string) []string {
	t.Helper()
	list, err := e.client.EventsV1().Events(metav1.NamespaceDefault).List(e.ctx, metav1.ListOptions{})
	must(t, err)
	var notes []string
	for _, v := range list.Items {
		if v.Reason == reason && v.Regarding.Name == name {
			notes = append(notes, v.Note)
		}
	}
	return notes
}

// What is missing is added at the end, and what was there stays: a selector is written as a whole.
func TestEnforcing(t *testing.T) {
	installTheirs(t, theirs("completed", nil))
	installTheirs(t, theirs("exempt-by-name", nil))
	installTheirs(t, theirs("opted-out", func(c *admissionregistrationv1.ValidatingWebhookConfiguration) {
		c.Annotations = map[string]string{admissionsenforcer.OptOut: "true"}
	}))
	installTheirs(t, theirs("aks-node-validating-webhook", nil))
	installTheirs(t, theirs("by-its-label", func(c *admissionregistrationv1.ValidatingWebhookConfiguration) {
		c.Labels = map[string]string{"kubernetes.azure.com/controlPlaneWebhook": "Reconcile"}
	}))
	installTheirs(t, theirs("complete", withTerms))
	e := startEnforcing(t, func(o *enforcer.Options) { o.Exempt = []string{"exempt-*"} })
	eventually(t, func() bool { return complete(e.get(t, "completed")) })
	s := e.get(t, "completed").Webhooks[1].NamespaceSelector
	if s.MatchLabels["inject"] != "yes" || len(s.MatchExpressions) != 3 || s.MatchExpressions[0].Key != "team" {
		t.Errorf("the selector that was there is not kept: %v", s)
	}
	if got := holds(e.get(t, "completed")); !slices.Equal(got, []string{enforcer.FieldManager}) {
		t.Errorf("got holders %v", got)
	}
	eventually(t, func() bool { return len(e.events(t, "completed", "SelectorCompleted")) == 1 })
	e.quiet(t, "completed")
	for _, name := range []string{"exempt-by-name", "opted-out", "aks-node-validating-webhook", "by-its-label"} {
		if complete(e.get(t, name)) {
			t.Errorf("%s was written to", name)
		}
	}
	if got := holds(e.get(t, "complete")); !slices.Equal(got, []string{"somebody"}) {
		t.Errorf("one that lacks nothing was written to: holders %v", got)
	}
	if n := e.value(t, "demarc_enforcer_rewrites_total", "ValidatingWebhookConfiguration"); n != 1 {
		t.Errorf("counted %v rewrites, want 1", n)
	}
	installTheirs(t, theirs("later", nil))
	eventually(t, func() bool { return complete(e.get(t, "later")) })
}

func TestEnforcingMutating(t *testing.T) {
	client, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	from := theirs("mutates", nil).Webhooks[0]
	api := client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	_, err = api.Create(t.Context(), &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "mutates"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{Name: from.Name, AdmissionReviewVersions: from.AdmissionReviewVersions,
			SideEffects: from.SideEffects, ClientConfig: from.ClientConfig, Rules: from.Rules}}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() { must(t, api.Delete(context.Background(), "mutates", metav1.DeleteOptions{})) })
	startEnforcing(t, nil)
	eventually(t, func() bool {
		c, err := api.Get(t.Context(), "mutates", metav1.GetOptions{})
		must(t, err)
		return admissionsenforcer.Satisfied(c.Webhooks[0].NamespaceSelector)
	})
}

func TestEnforcingDryRun(t *testing.T) {
	installTheirs(t, theirs("dry", nil))
	e := startEnforcing(t, func(o *enforcer.Options) { o.DryRun = true })
	const kind = "ValidatingWebhookConfiguration"
	eventually(t, func() bool { return e.value(t, "demarc_enforcer_pending", kind, "dry") == 2 })
	eventually(t, func() bool { return len(e.events(t, "dry", "SelectorLacksTerms")) == 1 })
	e.quiet(t, "dry")
	if complete(e.get(t, "dry")) {
		t.Error("a dry run wrote")
	}
	must(t, applyAs(t, "flux", true, theirs("dry", withTerms)))
	eventually(t, func() bool { return e.value(t, "demarc_enforcer_pending", kind, "dry") == -1 })
}
