// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/cli"
	"github.com/demarc-dev/demarc/pkg/config"
)

func demarc(t *testing.T, stdin string, args ...string) (code int, output string) {
	t.Helper()
	var out bytes.Buffer
	code = cli.Main(t.Context(), args, strings.NewReader(stdin), &out, &out)
	return code, out.String()
}

// What demarc asks of others it does itself.
func TestPassesItsOwnCheck(t *testing.T) {
	t.Parallel()
	for _, values := range []string{"", most, "registration: {customers: {failurePolicy: Fail}}", "certificates: {source: certManager}",
		"{networkPolicy: {enabled: true}, metrics: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboard: {enabled: true}}}"} {
		out, err := template(t, "4", values)
		if err != nil {
			t.Fatal(err)
		}
		if code, said := demarc(t, out, "check", "--strict", "--fail-on", "Audit", "-n", namespace, "-f", "-"); code != 0 {
			t.Errorf("values %q: exit code %d:\n%s", values, code, said)
		}
	}
}

// The chart's configuration is one that demarc reads, whatever the values say.
func TestConfigurationIsRead(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile(filepath.Join(root, "config/samples/configuration.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.Parse(sample, catalogue.All())
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := yaml.Unmarshal(sample, &fields); err != nil {
		t.Fatal(err)
	}
	fields["marks"] = fields["marks"].(map[string]any)["honour"]
	delete(fields, "apiVersion")
	delete(fields, "kind")
	values, err := yaml.Marshal(map[string]any{"configuration": fields})
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Parse([]byte(rendered(t, string(values))), catalogue.All())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-sample +chart's):\n%s", diff)
	}
	for _, values := range []string{"", everything, "configuration: {mode: Off, rules: {privileged-daemonset: {mode: Off}}, marks: []}"} {
		if _, err := config.Parse([]byte(rendered(t, values)), catalogue.All()); err != nil {
			t.Errorf("values %q: %v", values, err)
		}
	}
}

func rendered(t *testing.T, values string) string {
	t.Helper()
	return find[corev1.ConfigMap](t, render(t, values), "ConfigMap", "demarc").Data["demarc.yaml"]
}

// Every argument that the chart gives is one that the program takes.
func TestArgumentsAreFlags(t *testing.T) {
	t.Parallel()
	list := render(t, strings.Replace(most, "enabled: true", "enabled: true, exempt: [x]", 1))
	for _, c := range []corev1.Container{
		find[appsv1.Deployment](t, list, "Deployment", "demarc").Spec.Template.Spec.Containers[0],
		find[appsv1.Deployment](t, list, "Deployment", "demarc-enforcer").Spec.Template.Spec.Containers[0],
		find[appsv1.Deployment](t, list, "Deployment", "demarc-auditor").Spec.Template.Spec.Containers[0],
		find[batchv1.Job](t, list, "Job", "demarc-uninstall").Spec.Template.Spec.Containers[0],
	} {
		code, help := demarc(t, "", c.Args[0], "--help")
		if code != 0 {
			t.Errorf("demarc %s: exit code %d: %s", c.Args[0], code, help)
			continue
		}
		for _, arg := range c.Args[1:] {
			name, _, _ := strings.Cut(arg, "=")
			if !regexp.MustCompile(`(?m)^ +(-., )?` + name + ` `).MatchString(help) {
				t.Errorf("demarc %s has no flag %s", c.Args[0], name)
			}
		}
	}
}

// The notes name what is there.
func TestNotes(t *testing.T) {
	t.Parallel()
	for values, want := range map[string][]string{
		"":                             {"rollout status deployment demarc", "See it warn", "--set configuration.mode=Deny", "demarc demarc-managed --ignore-not-found"},
		"configuration: {mode: Deny}":  {"See it refuse"},
		"configuration: {mode: Audit}": {"--set configuration.mode=Deny"},
		"configuration: {mode: Off}":   {"nothing is judged"},
		"registration: {managed: {enabled: false}}":        {"nothing in kube-system is judged"},
		"registration: {customers: {failurePolicy: Fail}}": {"fails closed", "--reset-then-reuse-values --set registration.customers.failurePolicy=Ignore"},
		"certificates: {source: secret}":                   {"once the Secret demarc-tls is there"},
	} {
		// Helm 3 wants a cluster for it.
		out, err := run(t, "4", values, nil, "install", release, directory, "--namespace", namespace, "--dry-run=client", "--values", "-")
		if err != nil {
			t.Fatal(err)
		}
		_, notes, _ := strings.Cut(out, "NOTES:\n")
		for _, w := range want {
			if !strings.Contains(notes, w) {
				t.Errorf("values %q: the notes lack %q:\n%s", values, w, notes)
			}
		}
		if strings.Contains(notes, "\n\n\n") || len(strings.Split(notes, "\n")) > 32 {
			t.Errorf("values %q: the notes have gaps, or are long:\n%s", values, notes)
		}
	}
}
