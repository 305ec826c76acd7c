// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// What hack/generate writes is compared with its source elsewhere, and left out here: a new rule must not change goldens.
const generated = "(generated)"

func TestDefaultRendering(t *testing.T) {
	t.Parallel()
	list := render(t, "")
	golden(t, "default.yaml", list.normal(t))
}

// normal is every object without what is generated from the rules.
func (l documents) normal(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, d := range l {
		switch d.text("kind") {
		case "ValidatingWebhookConfiguration":
			for _, w := range d.at("webhooks").([]any) {
				w.(map[string]any)["rules"], w.(map[string]any)["matchConditions"] = generated, generated
			}
		case "ClusterRole":
			if d.text("metadata", "name") == "demarc-auditor" {
				d.fields["rules"] = generated
			}
		case "ConfigMap":
			data, _ := d.at("data").(map[string]any)
			for name := range data {
				if strings.HasPrefix(d.text("metadata", "name"), "demarc-") {
					data[name] = generated
				}
			}
		}
		raw, err := yaml.Marshal(d.fields)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("---\n" + string(raw))
	}
	return b.String()
}

// Whoever has Helm 3 gets the same.
func TestHelm3RendersTheSame(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]string{"default": "", "everything": everything, "cert-manager": "certificates: {source: certManager}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(byID(t, "3", values), byID(t, "4", values)); diff != "" {
				t.Errorf("Helm 3 and Helm 4 render differently (-3 +4):\n%s", diff)
			}
		})
	}
}

// byID renders with a Helm and returns the objects, whose order is Helm's own.
func byID(t *testing.T, major, values string) map[string]any {
	t.Helper()
	out, err := template(t, major, values)
	if err != nil {
		t.Fatal(err)
	}
	list, err := parse(out)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]any{}
	for _, d := range list {
		objects[d.id()] = d.fields
	}
	return objects
}

func TestLint(t *testing.T) {
	t.Parallel()
	for _, major := range []string{"3", "4"} {
		if out, err := run(t, major, "", nil, "lint", "--strict", directory); err != nil {
			t.Errorf("Helm %s: %v\n%s", major, err, out)
		}
	}
}

// everything has every option on.
const everything = `
registration:
  customers: {failurePolicy: Fail}
  selectorForm: DoesNotExist
  extraMatchConditions: [{name: not-a-robot, expression: "true"}]
configuration:
  mode: Deny
  rules: {privileged-daemonset: {mode: Off}}
  exemptions: [{name: x, reason: for the test, rules: ["*"], match: {namespaces: [shop]}}]
  marks: []
image: {digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000", pullSecrets: [registry]}
tolerations: [{key: CriticalAddonsOnly, operator: Exists}]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}
podAnnotations: {a: b}
podLabels: {a: b}
extraArgs: [--log-level=debug]
serviceAccount: {annotations: {a: b}}
metrics:
  serviceMonitor: {enabled: true, labels: {a: b}}
  prometheusRule: {enabled: true, labels: {a: b}}
  dashboard: {enabled: true}
networkPolicy:
  enabled: true
  webhookFrom: [{ipBlock: {cidr: 10.0.0.0/8}}]
  metricsFrom: [{namespaceSelector: {}}]
selfProtection: {action: Deny}
webhookPolicy: {action: Deny}
enforcer: {enabled: true, dryRun: false, exempt: [cert-manager-webhook, kyverno-*]}
`
