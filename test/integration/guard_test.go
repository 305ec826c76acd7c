// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/certificates"
	"github.com/demarc-dev/demarc/pkg/guard"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
)

// guarded is a guard with certificates of its own, over registrations as they were installed.
type guarded struct {
	client   kubernetes.Interface
	registry *prometheus.Registry
	dir      string
}

const guardSecret = "demarc-tls"

func startGuard(t *testing.T) *guarded {
	t.Helper()
	client, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	g := &guarded{client: client, registry: prometheus.NewRegistry(), dir: t.TempDir()}
	_, err = client.CoreV1().Secrets("shop").Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: guardSecret}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		must(t, client.CoreV1().Secrets("shop").Delete(context.Background(), guardSecret, metav1.DeleteOptions{}))
	})
	configurations := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	for _, c := range registration.Build(rules.All(), provider.AKS(), registration.Options{Namespace: "shop", Name: "demarc", Port: 443}) {
		raw, err := yaml.Marshal(c)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(g.dir, c.Name+".yaml"), raw, 0o600))
		_, err = configurations.Create(t.Context(), c, metav1.CreateOptions{})
		must(t, err)
		t.Cleanup(func() {
			// A test may have deleted it.
			_ = configurations.Delete(context.Background(), c.Name, metav1.DeleteOptions{})
		})
	}
	metrics := guard.NewMetrics(g.registry)
	host := "demarc.shop.svc"
	watch := guard.New(guard.Options{
		Client: client, Names: []string{registration.Customers, registration.Managed}, Dir: g.dir, Host: host,
		Exempts: provider.AKS().Marks.Exempts.Key, CertFile: filepath.Join(g.dir, "tls.crt"), Interval: 50 * time.Millisecond,
		Certificates: &guard.Certificates{Client: client, Namespace: "shop", Secret: guardSecret, Dir: g.dir,
			Policy: certificates.DefaultPolicy(host), Metrics: metrics, Logger: logr.Discard()},
		Metrics: metrics, Logger: logr.Discard(),
	})
	run(t, watch.Start)
	return g
}

// value returns a metric, by its name and the values of its labels.
func (g *guarded) value(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := g.registry.Gather()
	must(t, err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var have []string
			for _, l := range m.GetLabel() {
				have = append(have, l.GetValue())
			}
			if strings.Join(have, " ") == strings.Join(labels, " ") {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

func (g *guarded) intact(t *testing.T) bool {
	return g.value(t, "demarc_registration_intact", registration.Customers) == 1 &&
		g.value(t, "demarc_registration_intact", registration.Managed) == 1
}

// The guard makes a certificate, has the API server trust it, and finds the registrations as they should be. What the API
// server fills in by itself is no drift.
func TestGuardBringsCertificates(t *testing.T) {
	g := startGuard(t)
	eventually(t, func() bool { return g.intact(t) })
	secret, err := g.client.CoreV1().Secrets("shop").Get(t.Context(), guardSecret, metav1.GetOptions{})
	must(t, err)
	leaf, err := os.ReadFile(filepath.Join(g.dir, "tls.crt"))
	must(t, err)
	if !bytes.Equal(leaf, secret.Data["tls.crt"]) {
		t.Error("what is served is not what is stored")
	}
	for _, name := range []string{registration.Customers, registration.Managed} {
		c, err := g.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), name, metav1.GetOptions{})
		must(t, err)
		for _, w := range c.Webhooks {
			if !certificates.Verifies(leaf, w.ClientConfig.CABundle, "demarc.shop.svc", time.Now()) {
				t.Errorf("%s does not trust what is served", w.Name)
			}
		}
	}
}

// Every way to blind demarc is told by a metric and an Event.
func TestTamperingIsNoticed(t *testing.T) {
	g := startGuard(t)
	configurations := g.client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	type configuration = admissionregistrationv1.ValidatingWebhookConfiguration
	for name, c := range map[guard.Drift]struct{ spoil func(*configuration) }{
		guard.Selector: {func(c *configuration) {
			c.Webhooks[0].NamespaceSelector.MatchExpressions = append(c.Webhooks[0].NamespaceSelector.MatchExpressions,
				metav1.LabelSelectorRequirement{Key: "x", Operator: metav1.LabelSelectorOpExists})
		}},
		guard.FailurePolicy:   {func(c *configuration) { c.Webhooks[0].FailurePolicy = new(admissionregistrationv1.Fail) }},
		guard.Rules:           {func(c *configuration) { c.Webhooks[0].Rules = c.Webhooks[0].Rules[:1] }},
		guard.MatchConditions: {func(c *configuration) { c.Webhooks[0].MatchConditions = nil }},
		guard.ClientConfig:    {func(c *configuration) { c.Webhooks[0].ClientConfig.Service.Name = "elsewhere" }},
		guard.Timeout:         {func(c *configuration) { c.Webhooks[0].TimeoutSeconds = new(int32(1)) }},
		guard.OptOut:          {func(c *configuration) { c.Labels, c.Annotations = nil, nil }},
		guard.WebhookGone:     {func(c *configuration) { c.Webhooks = c.Webhooks[1:] }},
	} {
		t.Run(string(name), func(t *testing.T) {
			eventually(t, func() bool { return g.intact(t) })
			live, err := configurations.Get(t.Context(), registration.Managed, metav1.GetOptions{})
			must(t, err)
			installed := live.DeepCopy()
			c.spoil(live)
			spoilt, err := configurations.Update(t.Context(), live, metav1.UpdateOptions{})
			must(t, err)
			eventually(t, func() bool { return !g.intact(t) })
			if n := g.value(t, "demarc_registration_drifts_total", string(name), registration.Managed); n != 1 {
				t.Errorf("counted %v times, want once", n)
			}
			eventually(t, func() bool { return hasEvent(t, g.client, string(name)) })
			installed.ResourceVersion = spoilt.ResourceVersion
			_, err = configurations.Update(t.Context(), installed, metav1.UpdateOptions{})
			must(t, err)
		})
	}
	t.Run("deleted", func(t *testing.T) {
		eventually(t, func() bool { return g.intact(t) })
		must(t, configurations.Delete(t.Context(), registration.Managed, metav1.DeleteOptions{}))
		eventually(t, func() bool { return hasEvent(t, g.client, string(guard.Deleted)) })
	})
}

// A CA bundle that somebody broke is put back: it is ours.
func TestBrokenBundleIsPutBack(t *testing.T) {
	g := startGuard(t)
	eventually(t, func() bool { return g.intact(t) })
	configurations := g.client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	other, err := os.ReadFile(filepath.Join(g.dir, "tls.crt")) // a certificate, and of no authority
	must(t, err)
	live, err := configurations.Get(t.Context(), registration.Customers, metav1.GetOptions{})
	must(t, err)
	live.Webhooks[0].ClientConfig.CABundle = other
	_, err = configurations.Update(t.Context(), live, metav1.UpdateOptions{})
	must(t, err)
	eventually(t, func() bool {
		live, err := configurations.Get(t.Context(), registration.Customers, metav1.GetOptions{})
		must(t, err)
		return !bytes.Equal(live.Webhooks[0].ClientConfig.CABundle, other)
	})
	eventually(t, func() bool { return g.intact(t) })
}

func hasEvent(t *testing.T, client kubernetes.Interface, drift string) bool {
	t.Helper()
	events, err := client.EventsV1().Events(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, e := range events.Items {
		if e.Reason == "RegistrationChanged" && e.Regarding.Name == registration.Managed && strings.Contains(e.Note, "("+drift) {
			return true
		}
	}
	return false
}

// The canary tells a namespace that is judged from one that is not.
func TestCanary(t *testing.T) {
	i := install(t, strict())
	client, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	account, err := guard.Account(t.Context(), client)
	must(t, err)
	i.handler.KnowCanary(account)
	g := &guarded{registry: prometheus.NewRegistry()}
	canary := &guard.Canary{REST: shared.Config, Namespaces: func() []string { return []string{"default", "kube-system", "shop"} },
		Prefix: registration.CanaryPrefix, Interval: 100 * time.Millisecond, Metrics: guard.NewMetrics(g.registry), Logger: logr.Discard()}
	run(t, canary.Start)
	eventually(t, func() bool { return g.value(t, "demarc_canary_last_success_timestamp_seconds") > 0 })
	configurations := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	// The way in which AKS's enforcer would hide kube-system, had the registration no opt-out.
	_, err = configurations.Patch(t.Context(), registration.Managed, types.JSONPatchType, []byte(`[{"op":"add",
		"path":"/webhooks/0/namespaceSelector/matchExpressions/-","value":{"key":"control-plane","operator":"NotIn","values":["true"]}}]`), metav1.PatchOptions{})
	must(t, err)
	eventually(t, func() bool {
		return g.value(t, "demarc_coverage", "kube-system") == 0 && g.value(t, "demarc_coverage", "shop") == 1
	})
}
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
