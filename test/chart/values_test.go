// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// change is another value for something, and what must be so that it matters.
type change struct {
	value any
	with  string
}

type list = []any
type dict = map[string]any

// changes has a change for each value; those that are true or false, or a number, need none of their own unless something
// must be so first.
var changes = map[string]change{
	"image.repository":   {"registry.example/demarc", ""},
	"image.tag":          {"v9.9.9", ""},
	"image.digest":       {"sha256:" + strings.Repeat("a", 64), ""},
	"image.pullPolicy":   {"Always", ""},
	"image.pullSecrets":  {list{"registry"}, ""},
	"configuration.mode": {"Deny", ""},
	"configuration.rules": {dict{"privileged-daemonset": dict{"mode": "Audit"}},
		""},
	"configuration.exemptions": {list{dict{"name": "x", "reason": "for the test", "rules": list{"*"}, "match": dict{"namespaces": list{"shop"}}}},
		""},
	"configuration.marks":                   {list{}, ""},
	"registration.customers.failurePolicy":  {"Fail", ""},
	"registration.selectorForm":             {"DoesNotExist", ""},
	"registration.extraMatchConditions":     {list{dict{"name": "not-a-robot", "expression": "true"}}, ""},
	"certificates.source":                   {"secret", ""},
	"certificates.secretName":               {"other", ""},
	"certificates.caBundle":                 {"-----BEGIN CERTIFICATE-----\n", "certificates: {source: secret}"},
	"certificates.certManager.issuerRef":    {dict{"name": "company", "kind": "ClusterIssuer"}, "certificates: {source: certManager}"},
	"resources":                             {dict{"limits": dict{"memory": "1Gi"}}, ""},
	"priorityClassName":                     {"other", ""},
	"tolerations":                           {list{dict{"key": "x", "operator": "Exists"}}, ""},
	"nodeSelector":                          {dict{"agentpool": "infra"}, ""},
	"affinity":                              {dict{"podAffinity": dict{}}, ""},
	"podAnnotations":                        {dict{"a": "b"}, ""},
	"podLabels":                             {dict{"a": "b"}, ""},
	"extraArgs":                             {list{"--log-level=debug"}, ""},
	"serviceAccount.annotations":            {dict{"a": "b"}, ""},
	"metrics.serviceMonitor.apiGroup":       {"azmonitoring.coreos.com", "metrics: {serviceMonitor: {enabled: true}}"},
	"metrics.serviceMonitor.labels":         {dict{"a": "b"}, "metrics: {serviceMonitor: {enabled: true}}"},
	"metrics.serviceMonitor.interval":       {"10s", "metrics: {serviceMonitor: {enabled: true}}"},
	"metrics.prometheusRule.labels":         {dict{"a": "b"}, "metrics: {prometheusRule: {enabled: true}}"},
	"metrics.dashboard.labels":              {dict{"a": "b"}, "metrics: {dashboard: {enabled: true}}"},
	"networkPolicy.webhookFrom":             {list{dict{"ipBlock": dict{"cidr": "10.0.0.0/8"}}}, "networkPolicy: {enabled: true}"},
	"networkPolicy.metricsFrom":             {list{dict{"namespaceSelector": dict{}}}, "networkPolicy: {enabled: true}"},
	"networkPolicy.apiServerPorts":          {list{8443}, "networkPolicy: {enabled: true}"},
	"canary.interval":                       {"30s", ""},
	"selfProtection.action":                 {"Deny", ""},
	"registration.managed.failurePolicy":    {nil, ""}, // there is no other
	"registration.customers.timeoutSeconds": {2, ""},
	"registration.managed.timeoutSeconds":   {2, ""},
	"metrics.enabled":                       {false, ""},
	"replicas":                              {3, ""},
	"registration.managed.enabled":          {false, ""},
	"podDisruptionBudget.enabled":           {false, ""},
	"metrics.serviceMonitor.enabled":        {true, ""},
	"metrics.prometheusRule.enabled":        {true, ""},
	"metrics.dashboard.enabled":             {true, ""},
	"networkPolicy.enabled":                 {true, ""},
	"canary.enabled":                        {false, ""},
	"selfProtection.enabled":                {false, ""},
	"webhookPolicy.enabled":                 {false, ""},
	"webhookPolicy.action":                  {"Deny", ""},
	"enforcer.enabled":                      {true, ""},
	"enforcer.dryRun":                       {false, "enforcer: {enabled: true}"},
	"enforcer.extraArgs":                    {list{"--pause=2h"}, "enforcer: {enabled: true}"},
	"enforcer.exempt":                       {list{"cert-manager-*"}, "enforcer: {enabled: true}"},
	"auditor.enabled":                       {false, ""},
	"auditor.every":                         {"30m", ""},
	"auditor.events":                        {false, ""},
	"auditor.webhooks":                      {false, ""},
	"auditor.resources":                     {dict{"limits": dict{"memory": "1Gi"}}, ""},
	"auditor.extraArgs":                     {list{"--log-level=debug"}, ""},
}

// defaults returns what values.yaml sets, by path. A mapping is one value where it is filled by users as a whole.
func defaults(t *testing.T) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(directory, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values dict
	if err := yaml.UnmarshalStrict(raw, &values); err != nil {
		t.Fatal(err)
	}
	found := map[string]any{}
	var walk func(above string, v any)
	walk = func(above string, v any) {
		m, ok := v.(dict)
		if _, whole := changes[above]; !ok || whole {
			found[above] = v
			return
		}
		for key, below := range m {
			walk(strings.TrimPrefix(above+"."+key, "."), below)
		}
	}
	walk("", values)
	return found
}

// with returns values in YAML: those that must be so, with another one put in.
func with(t *testing.T, base, path string, value any) string {
	t.Helper()
	values := dict{}
	if err := yaml.Unmarshal([]byte(base), &values); err != nil {
		t.Fatal(err)
	}
	at := values
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		below, ok := at[key].(dict)
		if !ok {
			below = dict{}
			at[key] = below
		}
		at = below
	}
	at[keys[len(keys)-1]] = value
	raw, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A value that changes nothing is a promise that nobody keeps.
func TestEveryValueHasAnEffect(t *testing.T) {
	t.Parallel()
	all := defaults(t)
	for path := range changes {
		if _, ok := all[path]; !ok {
			t.Errorf("values.yaml has no %s", path)
		}
	}
	for path := range all {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			c, ok := changes[path]
			if !ok {
				t.Fatal("the test knows no other value for it")
			}
			if c.value == nil {
				return
			}
			before, err := template(t, "4", c.with)
			if err != nil {
				t.Fatal(err)
			}
			after, err := template(t, "4", with(t, c.with, path, c.value))
			if err != nil {
				t.Fatal(err)
			}
			if before == after {
				t.Errorf("%v makes no difference", c.value)
			}
		})
	}
}

// Null takes a default away. Then the chart either does without, or says what is missing; an older release's values that
// lack what a newer chart has (--reuse-values) are the same case.
func TestNull(t *testing.T) {
	t.Parallel()
	for path := range defaults(t) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			out, err := template(t, "4", with(t, "", path, nil))
			if err != nil {
				if key := path[strings.LastIndex(path, ".")+1:]; !strings.Contains(err.Error(), "missing property '"+key+"'") {
					t.Error(err)
				}
				return
			}
			if _, err := parse(out); err != nil {
				t.Error(err)
			}
		})
	}
}

// A mistake is refused before anything is installed, and the message says where it is.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]string{
		"replica: 3":  "additional properties 'replica' not allowed",
		"replicas: 0": "/replicas",
		"registration: {managed: {failurePolicy: Fail}}":                       "failing closed over kube-system can keep a cluster from ever coming back",
		"registration: {customers: {failurePolicy: fail}}":                     "value must be one of 'Ignore', 'Fail'",
		"registration: {customers: {timeoutSeconds: 11}}":                      "/registration/customers/timeoutSeconds",
		"registration: {selectorForm: Exists}":                                 "value must be one of 'NotIn', 'DoesNotExist'",
		"registration: {extraMatchConditions: [{name: x}]}":                    "missing property 'expression'",
		"configuration: {mode: Sometimes}":                                     "/configuration/mode",
		"configuration: {rules: {privileged-daemon: {mode: Deny}}}":            "additional properties 'privileged-daemon' not allowed",
		"configuration: {rules: {privileged-daemonset: {mode: Never}}}":        "/configuration/rules/privileged-daemonset/mode",
		"configuration: {rules: {alpha-feature-gates: {params: {gates: []}}}}": "additional properties 'gates' not allowed",
		"configuration: {exemptions: [{name: x, rules: ['*'], match: {}}]}":    "missing property 'reason'",
		"configuration: {marks: [Pod]}":                                        "/configuration/marks/0",
		"certificates: {source: letsencrypt}":                                  "/certificates/source",
		"certificates: {caBundle: LS0tLS1CRUdJTg==}":                           "/certificates/caBundle",
		"certificates: {certManager: {issuerRef: {kind: ClusterIssuer}}}":      "/certificates/certManager/issuerRef",
		"image: {digest: sha256:1}":                                            "/image/digest",
		"image: {pullSecrets: [a, a]}":                                         "items at 0 and 1 are equal",
		"resources: {limits: {memory: 256Mb}}":                                 "/resources/limits/memory",
		"resources: {limit: {memory: 256Mi}}":                                  "additional properties 'limit' not allowed",
		"tolerations: [{keys: x}]":                                             "additional properties 'keys' not allowed",
		"affinity: {nodeAfinity: {}}":                                          "additional properties 'nodeAfinity' not allowed",
		"networkPolicy: {webhookFrom: [{cidr: 10.0.0.0/8}]}":                   "additional properties 'cidr' not allowed",
		"networkPolicy: {apiServerPorts: []}":                                  "/networkPolicy/apiServerPorts",
		"extraArgs: [log-level=debug]":                                         "/extraArgs/0",
		"auditor: {every: 3h}":                                                 "/auditor/every",
		"auditor: {every: 1m}":                                                 "/auditor/every",
		"canary: {interval: 1h}":                                               "/canary/interval",
		"metrics: {serviceMonitor: {apiGroup: coreos.com}}":                    "/metrics/serviceMonitor/apiGroup",
		"selfProtection: {action: Audit}":                                      "value must be one of 'Warn', 'Deny'",
		"webhookPolicy: {action: Audit}":                                       "value must be one of 'Warn', 'Deny'",
		"enforcer: {exempt: ['*']}":                                            "/enforcer/exempt/0",
		"podLabels: {'a b': c}":                                                "/podLabels",
	} {
		t.Run(values, func(t *testing.T) {
			t.Parallel()
			if _, err := template(t, "4", values); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// What the schema lets through, and what Helm is told to let through, the templates refuse with a sentence.
func TestTemplatesRefuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values, want string
		flags        []string
	}{
		{"registration: {managed: {failurePolicy: Fail}}", "can block the very pods", []string{"--skip-schema-validation"}},
		{"image: {tag: latest}", "nobody could tell what runs", nil},
		{"", "belongs to AKS", []string{"--namespace", "kube-system"}},
		{"{replicas: 1, registration: {customers: {failurePolicy: Fail}}}", "replicas is 1", nil},
		{"registration: {extraMatchConditions: [{name: not-the-provider, expression: 'true'}]}", "the name not-the-provider is taken", nil},
		{"registration: {extraMatchConditions: [{name: x, expression: 'true'}, {name: x, expression: 'false'}]}", "the name x is taken", nil},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			if _, err := template(t, "4", c.values, c.flags...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// What is right is let in, with Off as YAML reads it.
func TestSchemaAccepts(t *testing.T) {
	t.Parallel()
	for _, values := range []string{
		everything,
		"configuration: {mode: Off}",
		"configuration: {mode: 'Off'}",
		"configuration: {rules: {alpha-feature-gates: {params: {allowedGates: [MemoryQoS]}}}}",
		"configuration: {exemptions: [{name: x, reason: for the test, expires: '2027-06-30T00:00:00Z', rules: [managed-component], match: {namespaceSelector: {matchLabels: {a: b}}}}]}",
		"image: {tag: latest, digest: 'sha256:" + strings.Repeat("a", 64) + "'}",
		"global: {imageRegistry: registry.example}",
		"resources: {}",
	} {
		if _, err := template(t, "4", values); err != nil {
			t.Errorf("%s: %v", values, err)
		}
	}
}
