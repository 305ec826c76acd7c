// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// runAKS runs a command with AKS's profile, on a day of its own.
func runAKS(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{
		stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" },
		now: func() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }, profile: provider.AKS(),
	}
	code := a.run(context.WithoutCancel(t.Context()), args)
	return outcome{code, stdout.String(), stderr.String()}
}

// discovered serves what a reader of admission configurations asks for, with those of testdata/webhooks.yaml.
func discovered(t *testing.T) answers {
	t.Helper()
	const group = "/apis/admissionregistration.k8s.io/v1"
	lists := map[string][]string{}
	raw, err := os.ReadFile("testdata/webhooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for doc := range strings.SplitSeq(string(raw), "\n---\n") {
		j, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		var o struct{ Kind string }
		if err := json.Unmarshal(j, &o); err != nil {
			t.Fatal(err)
		}
		plural := strings.ToLower(o.Kind) + "s"
		if strings.HasSuffix(plural, "policys") {
			plural = strings.TrimSuffix(plural, "ys") + "ies"
		}
		lists[plural] = append(lists[plural], string(j))
	}
	a := answers{
		"/version": `{"gitVersion":"v1.34.2"}`,
		"/api":     `{"kind":"APIVersions","versions":["v1"]}`,
		"/apis": `{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"admissionregistration.k8s.io",
			"versions":[{"groupVersion":"admissionregistration.k8s.io/v1","version":"v1"}],"preferredVersion":{"groupVersion":"admissionregistration.k8s.io/v1","version":"v1"}},
			{"name":"policy","versions":[{"groupVersion":"policy/v1","version":"v1"}],"preferredVersion":{"groupVersion":"policy/v1","version":"v1"}}]}`,
		"/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","namespaced":true,"kind":"Pod","verbs":["list"]},
			{"name":"nodes","kind":"Node","verbs":["list"]},{"name":"namespaces","kind":"Namespace","verbs":["list"]},{"name":"events","namespaced":true,"kind":"Event","verbs":["list"]}]}`,
		"/apis/policy/v1": `{"kind":"APIResourceList","groupVersion":"policy/v1","resources":[{"name":"poddisruptionbudgets","namespaced":true,"kind":"PodDisruptionBudget","verbs":["list"]}]}`,
		"/api/v1/namespaces": `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[
			{"metadata":{"name":"shop","labels":{"kubernetes.io/metadata.name":"shop"}}},{"metadata":{"name":"contoso","labels":{"kubernetes.io/metadata.name":"contoso"}}},
			{"metadata":{"name":"kube-system","labels":{"kubernetes.io/metadata.name":"kube-system","kubernetes.azure.com/managedby":"aks","control-plane":"true"}}}]}`,
		"/api/v1/namespaces/contoso/services/policy": `{"kind":"Service","apiVersion":"v1","metadata":{"name":"policy","namespace":"contoso"},"spec":{"ports":[{"port":443}]}}`,
		"/apis/discovery.k8s.io/v1/namespaces/contoso/endpointslices": `{"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","items":[{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice",
			"metadata":{"name":"policy-1","namespace":"contoso"},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"policy-a"}}]}]}`,
		"/api/v1/namespaces/contoso/pods/policy-a": `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"policy-a","namespace":"contoso","labels":{"app":"policy"}}}`,
		"/api/v1/pods": `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"debug","namespace":"shop"}},
			{"apiVersion":"v1","kind":"Pod","metadata":{"name":"policy-a","namespace":"contoso","ownerReferences":[{"kind":"ReplicaSet","name":"a","controller":true}]}}]}`,
		"/api/v1/nodes":  `{"kind":"NodeList","apiVersion":"v1","metadata":{},"items":[]}`,
		"/api/v1/events": `{"kind":"EventList","apiVersion":"v1","metadata":{},"items":[]}`,
		"/apis/policy/v1/poddisruptionbudgets": `{"kind":"PodDisruptionBudgetList","apiVersion":"policy/v1","metadata":{},"items":[{"apiVersion":"policy/v1","kind":"PodDisruptionBudget",
			"metadata":{"name":"web","namespace":"shop"},"status":{"expectedPods":1,"currentHealthy":1,"desiredHealthy":1,"disruptionsAllowed":0}}]}`,
		"/metrics": "",
	}
	var resources []string
	for _, plural := range []string{"validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings"} {
		resources = append(resources, fmt.Sprintf(`{"name":%q,"kind":"X","verbs":["list"]}`, plural))
		a[group+"/"+plural] = fmt.Sprintf(`{"kind":"List","apiVersion":"admissionregistration.k8s.io/v1","metadata":{},"items":[%s]}`, strings.Join(lists[plural], ","))
	}
	a[group] = fmt.Sprintf(`{"kind":"APIResourceList","groupVersion":"admissionregistration.k8s.io/v1","resources":[%s]}`, strings.Join(resources, ","))
	return a
}

func TestWebhooksGoldens(t *testing.T) {
	cluster := discovered(t)
	few := cluster.but("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", denied).but("/api/v1/namespaces", denied).
		but("/api/v1/namespaces/contoso/services/policy", denied).but("/api/v1/pods", denied).but("/apis/policy/v1/poddisruptionbudgets", denied)
	empty := `{"kind":"List","apiVersion":"admissionregistration.k8s.io/v1","metadata":{},"items":[]}`
	calm := cluster.but("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", empty).
		but("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", empty)
	for name, c := range map[string]struct {
		cluster answers
		args    string
	}{
		"webhooks-files":      {nil, "webhooks -f testdata/webhooks.yaml"},
		"webhooks-files-wide": {nil, "webhooks -f testdata/webhooks.yaml -o wide --fail-on Never"},
		"webhooks-files-none": {nil, "webhooks -f testdata/clean.yaml"},
		"webhooks-files-bad":  {nil, "webhooks -f testdata/broken.yaml"},
		"webhooks-live":       {cluster, "webhooks"},
		"webhooks-live-json":  {cluster, "webhooks -o json"},
		"webhooks-few-rights": {few, "webhooks"},
		"stop-check":          {cluster, "stop-check"},
		"stop-check-calm":     {calm, "stop-check"},
		"stop-check-few":      {few, "stop-check"},
		"stop-check-json":     {calm, "stop-check -o json"},
		"upgrade-check":       {cluster, "upgrade-check --to 1.35"},
		"upgrade-check-far":   {calm, "upgrade-check --to 1.36"},
		"upgrade-check-back":  {calm, "upgrade-check --to v1.34"},
		"upgrade-check-bad":   {calm, "upgrade-check --to soon"},
		"help-webhooks":       {nil, "webhooks --help"},
		"help-stop-check":     {nil, "stop-check --help"},
		"help-upgrade-check":  {nil, "upgrade-check --help"},
		"completion-webhooks": {nil, "__complete webhooks --output "},
	} {
		t.Run(name, func(t *testing.T) {
			args := strings.Fields(c.args)
			if c.cluster != nil {
				server := httptest.NewServer(c.cluster)
				defer server.Close()
				args = append(args, "--kubeconfig", kubeconfigOf(t, server.URL))
			}
			got := runAKS(t, "", args...)
			golden(t, name, "$ demarc "+c.args+"\n"+got.stdout+"--- exit code "+string(rune('0'+got.code))+"\n"+got.stderr)
		})
	}
}

// Every width holds the table, and no cell loses a letter.
func TestTableFits(t *testing.T) {
	h := &admissionconfig.Hook{Configuration: admissionconfig.Ref{Kind: admissionconfig.ValidatingWebhook, Name: strings.Repeat("n", 40)}}
	r := hookRow{hook: h, name: "a-very-long-name.of-a-webhook.contoso.example", fails: "Closed", timeout: "30s",
		reaches: "replicationcontrollers, pods and 3 more in 4 of 6 namespaces, kube-system", blocks: "nodes, leases; pods in kube-system, your namespaces"}
	for width := narrowest; width <= widest; width++ {
		p := &page{width: width}
		table(p, []hookRow{r})
		text := p.String()
		for line := range strings.Lines(text) {
			if len(strings.TrimRight(line, "\n")) > width {
				t.Errorf("width %d: %q", width, line)
			}
		}
		joined := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if width == widest && !strings.Contains(joined(text), "kube-system") {
			t.Errorf("width %d: lost in %s", width, text)
		}
	}
}

func TestAnswerSettles(t *testing.T) {
	for want, w := range map[string]*answer{
		"yes":     {Reasons: []reason{{Weight: aside}}},
		"no":      {Reasons: []reason{{Weight: unsure, short: "b"}, {Weight: against, short: "a"}}, Unread: []string{"pods"}},
		"perhaps": {Unread: []string{"pods"}},
	} {
		if w.settle(); w.Answer != want {
			t.Errorf("got %s, want %s", w.Answer, want)
		}
	}
	doubtful := policy.Sighting{Finding: policy.Finding{Path: field.NewPath("a"), Message: "m", Doubt: "d"}}
	if r := sightingReason(&doubtful, "c", "s"); r.Weight != unsure {
		t.Errorf("a doubt weighs %s", r.Weight)
	}
}
