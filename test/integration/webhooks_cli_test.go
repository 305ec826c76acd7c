// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/demarc-dev/demarc/pkg/admissionwatch"
	"github.com/demarc-dev/demarc/pkg/cli"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// kubeconfigHere writes a kubeconfig for the shared cluster.
func kubeconfigHere(t *testing.T) string {
	t.Helper()
	c := shared.Config
	file := t.TempDir() + "/kubeconfig"
	must(t, clientcmd.WriteToFile(clientcmdapi.Config{CurrentContext: "here",
		Contexts: map[string]*clientcmdapi.Context{"here": {Cluster: "here", AuthInfo: "me"}},
		Clusters: map[string]*clientcmdapi.Cluster{"here": {Server: c.Host, CertificateAuthorityData: c.CAData, CertificateAuthority: c.CAFile}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{"me": {Token: c.BearerToken, ClientCertificateData: c.CertData, ClientKeyData: c.KeyData,
			ClientCertificate: c.CertFile, ClientKey: c.KeyFile}}}, file))
	return file
}

type webhooksAnswer struct {
	Version  string
	Webhooks []struct {
		Configuration, Name, FailurePolicy, Reaches, Blocks string
		Classes                                             []string
	}
	Verdicts []struct{ Class, Configuration, Path string }
	Unread   []struct{ What string }
	Answer   string
	Because  string
}

func demarcJSON(t *testing.T, wantCode int, args ...string) webhooksAnswer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append(args, "--kubeconfig", kubeconfigHere(t), "-o", "json")
	if code := cli.Main(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != wantCode {
		t.Errorf("%s: exit code %d, want %d: %s", args[0], code, wantCode, stderr.String())
	}
	var a webhooksAnswer
	if err := json.Unmarshal(stdout.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v: %s%s", args[0], err, stdout.String(), stderr.String())
	}
	return a
}

// blocking fails closed on nodes, and nobody answers it.
func blocking(name string) *admissionregistrationv1.ValidatingWebhookConfiguration {
	return theirs(name, func(c *admissionregistrationv1.ValidatingWebhookConfiguration) {
		c.Webhooks = c.Webhooks[:1]
		w := &c.Webhooks[0]
		w.Rules = []admissionregistrationv1.RuleWithOperations{{Operations: []admissionregistrationv1.OperationType{"CREATE", "UPDATE"},
			Rule: admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"nodes", "nodes/status"}}}}
		w.NamespaceSelector = nil
		w.FailurePolicy = new(admissionregistrationv1.Fail)
	})
}

// TestWebhooksOfACluster asks for the table while a configuration is there that nobody answers.
func TestWebhooksOfACluster(t *testing.T) {
	const name = "contoso-blocking"
	installTheirs(t, blocking(name))
	got := demarcJSON(t, 1, "webhooks")
	if !strings.HasPrefix(got.Version, "v1.") || len(got.Unread) > 0 {
		t.Errorf("got version %q, unread %v", got.Version, got.Unread)
	}
	i := slices.IndexFunc(got.Webhooks, func(w struct {
		Configuration, Name, FailurePolicy, Reaches, Blocks string
		Classes                                             []string
	}) bool {
		return w.Configuration == name
	})
	if i < 0 {
		t.Fatalf("the configuration is missing in %+v", got.Webhooks)
	}
	w := got.Webhooks[i]
	if w.FailurePolicy != "Fail" || w.Reaches != "nodes" || !strings.Contains(w.Blocks, "nodes") {
		t.Errorf("got %+v", w)
	}
	for _, class := range []string{"fails-closed-on-itself", "blocks-az-aks-stop", "backend-missing"} {
		if !slices.Contains(w.Classes, class) {
			t.Errorf("%s is missing in %v", class, w.Classes)
		}
	}
	stop := demarcJSON(t, 1, "stop-check")
	if stop.Answer != "no" || !strings.Contains(stop.Because, name) {
		t.Errorf("stop-check: got %+v", stop)
	}
	upgrade := demarcJSON(t, 1, "upgrade-check", "--to", "1.37")
	if upgrade.Answer != "no" || !strings.Contains(upgrade.Because, name) {
		t.Errorf("upgrade-check: got %+v", upgrade)
	}
}

// TestAdmissionWatch changes configurations and looks at metrics and Events.
func TestAdmissionWatch(t *testing.T) {
	client, err := kubernetes.NewForConfig(shared.Config)
	must(t, err)
	w := &guarded{client: client, registry: prometheus.NewRegistry()}
	watch, err := admissionwatch.New(admissionwatch.Options{REST: shared.Config, Client: client, Profile: provider.AKS(),
		Metrics: admissionwatch.NewMetrics(w.registry), Logger: logr.Discard(), Interval: time.Minute})
	must(t, err)
	run(t, watch.Start)

	const name = "contoso-watched"
	installTheirs(t, blocking(name))
	begun := time.Now()
	within(t, 5*time.Second, func() bool { return findings(t, w, "blocks-az-aks-stop", name) == 1 })
	t.Logf("found after %s", time.Since(begun).Round(time.Millisecond))
	within(t, 5*time.Second, func() bool { return slices.Contains(eventsOn(t, client, name), "BlocksAzAksStop") })

	before := 0
	within(t, 10*time.Second, func() bool { // they are written one after the other
		last := before
		before = len(eventsOn(t, client, name))
		time.Sleep(300 * time.Millisecond)
		return before == last
	})
	api := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	mend := []byte(`[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]`)
	_, err = api.Patch(t.Context(), name, types.JSONPatchType, mend, metav1.PatchOptions{})
	must(t, err)
	begun = time.Now()
	within(t, 5*time.Second, func() bool { return findings(t, w, "blocks-az-aks-stop", name) == 0 })
	t.Logf("gone after %s", time.Since(begun).Round(time.Millisecond))
	if after := len(eventsOn(t, client, name)); after != before {
		t.Errorf("got %d Events, want no more than the %d before", after, before)
	}
	c, err := api.Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	if c.Generation != 2 {
		t.Errorf("generation %d: somebody wrote the configuration", c.Generation)
	}
	must(t, api.Delete(context.Background(), name, metav1.DeleteOptions{}))
	within(t, 5*time.Second, func() bool { return findings(t, w, "backend-missing", name) == 0 })
}

func within(t *testing.T, limit time.Duration, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("not within %s", limit)
}

func findings(t *testing.T, w *guarded, class, configuration string) float64 {
	t.Helper()
	families, err := w.registry.Gather()
	must(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if f.GetName() == "demarc_webhook_findings" && labels["class"] == class && labels["configuration"] == configuration {
				return m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

// eventsOn returns the reasons of the Events about a configuration that the watch wrote.
func eventsOn(t *testing.T, client kubernetes.Interface, name string) []string {
	t.Helper()
	list, err := client.CoreV1().Events(corev1.NamespaceDefault).List(t.Context(), metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("involvedObject.name", name).String()})
	must(t, err)
	var reasons []string
	for i := range list.Items {
		if list.Items[i].ReportingController == admissionwatch.Controller {
			reasons = append(reasons, list.Items[i].Reason)
		}
	}
	return reasons
}
