// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/admissionwatch"
	"github.com/demarc-dev/demarc/pkg/auditor"
	"github.com/demarc-dev/demarc/pkg/enforcer"
	"github.com/demarc-dev/demarc/pkg/guard"
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/webhook/server"
)

// foreign are metrics that are not ours, with their labels.
var foreign = map[string][]string{
	"apiserver_admission_webhook_fail_open_count": {"name", "type"},
	"process_resident_memory_bytes":               {},
}

// target are labels that every metric gets where it is scraped.
var target = []string{"job", "instance", "namespace", "pod"}

// collector registers nothing, and keeps what each metric is called.
type collector struct {
	prometheus.Registerer
	labels map[string][]string
}

var described = regexp.MustCompile(`^Desc\{fqName: "([^"]+)".* variableLabels: \{([^}]*)\}\}$`)

func (c collector) Register(m prometheus.Collector) error {
	c.MustRegister(m)
	return nil
}

func (c collector) MustRegister(list ...prometheus.Collector) {
	for _, m := range list {
		descriptions := make(chan *prometheus.Desc, 10)
		m.Describe(descriptions)
		close(descriptions)
		for d := range descriptions {
			match := described.FindStringSubmatch(d.String())
			if match == nil {
				panic("a description of another form: " + d.String())
			}
			labels := strings.FieldsFunc(match[2], func(r rune) bool { return r == ',' })
			if _, histogram := m.(prometheus.Histogram); histogram {
				for _, suffix := range []string{"_bucket", "_count", "_sum"} {
					c.labels[match[1]+suffix] = append(labels, "le")
				}
				continue
			}
			c.labels[match[1]] = labels
		}
	}
}

// exported returns every metric that the process has, with its labels.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	c := collector{labels: maps.Clone(foreign)}
	metrics.New(c)
	guard.NewMetrics(c)
	enforcer.NewMetrics(c)
	auditor.NewMetrics(c)
	admissionwatch.NewMetrics(c)
	if _, err := server.New(server.Options{CertDir: t.TempDir(), Metrics: c}); err != nil {
		t.Fatal(err)
	}
	return c.labels
}

// query is a PromQL expression, and where it stands.
type query struct{ where, text string }

type alert struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

type group struct {
	Name  string
	Rules []alert
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(directory, "files", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func alerts(t *testing.T) []group {
	t.Helper()
	var spec struct{ Groups []group }
	if err := yaml.UnmarshalStrict(read(t, "alerts.yaml"), &spec); err != nil {
		t.Fatal(err)
	}
	return spec.Groups
}

// panels returns the dashboard's queries, with what Grafana fills in.
func panels(t *testing.T) []query {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Type, Title, Description string
			Targets                  []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read(t, "dashboard.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	var list []query
	for _, p := range dashboard.Panels {
		if p.Type != "row" && (p.Description == "" || len(p.Targets) == 0) {
			t.Errorf("panel %q: must have a description and a query", p.Title)
		}
		for _, target := range p.Targets {
			list = append(list, query{"panel " + p.Title, strings.NewReplacer("$__rate_interval", "5m", "$job", "x").Replace(target.Expr)})
		}
	}
	return list
}

// Every query is one that Prometheus understands, about metrics and labels that are there.
func TestQueries(t *testing.T) {
	t.Parallel()
	queries := panels(t)
	for _, g := range alerts(t) {
		for _, a := range g.Rules {
			queries = append(queries, query{"alert " + a.Alert, a.Expr})
		}
	}
	if len(queries) < 30 {
		t.Fatalf("got %d queries", len(queries))
	}
	known := exported(t)
	for i, e := range parsed(t, queries) {
		if e.Error != "" {
			t.Errorf("%s: %s in %s", queries[i].where, e.Error, queries[i].text)
		}
		var labels []string
		for metric, asked := range e.Labels {
			have, ok := known[metric]
			if !ok {
				t.Errorf("%s: nobody exports %s", queries[i].where, metric)
			}
			labels = append(labels, have...)
			for _, label := range asked {
				if !slices.Contains(slices.Concat(have, target), label) {
					t.Errorf("%s: %s has no label %s", queries[i].where, metric, label)
				}
			}
		}
		for _, label := range e.Grouped {
			if !slices.Contains(slices.Concat(labels, target), label) {
				t.Errorf("%s: no metric in it has the label %s", queries[i].where, label)
			}
		}
	}
}

// Nothing that is counted may be nowhere to be seen.
func TestEveryMetricIsShown(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, q := range panels(t) {
		all.WriteString(q.text + "\n")
	}
	all.Write(read(t, "alerts.yaml"))
	for metric := range exported(t) {
		name := strings.NewReplacer("_count", "", "_sum", "", "_bucket", "").Replace(metric)
		if !strings.Contains(all.String(), name) {
			t.Errorf("%s is in no alert and in no panel", metric)
		}
	}
}

type expression struct {
	Error   string
	Labels  map[string][]string
	Grouped []string
}

// parsed has Prometheus's own parser read the queries. It lives in a module of its own.
func parsed(t *testing.T, queries []query) []expression {
	t.Helper()
	var texts []string
	for _, q := range queries {
		texts = append(texts, q.text)
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("go", "run", ".")
	c.Dir, c.Env = filepath.Join(root, "test/promql"), append(os.Environ(), "GOWORK=off")
	c.Stdin, c.Stderr = strings.NewReader(string(in)), os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []expression
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// Whoever is woken at night must read what it is and what to do.
func TestAlerts(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, g := range alerts(t) {
		for _, a := range g.Rules {
			if seen[a.Alert] {
				t.Errorf("%s: stands there twice", a.Alert)
			}
			seen[a.Alert] = true
			if !strings.HasPrefix(a.Alert, "Demarc") {
				t.Errorf("%s: must begin with Demarc", a.Alert)
			}
			if !slices.Contains([]string{"critical", "warning", "info"}, a.Labels["severity"]) {
				t.Errorf("%s: got severity %q", a.Alert, a.Labels["severity"])
			}
			if a.Annotations["summary"] == "" || a.Annotations["description"] == "" || strings.HasSuffix(a.Annotations["summary"], ".") {
				t.Errorf("%s: must have a summary, without a full stop, and a description", a.Alert)
			}
		}
	}
}

// Without the canary, or the auditor, there is nothing that its alerts could see, and some would never be silent.
func TestAlertsOfWhatIsOff(t *testing.T) {
	t.Parallel()
	type rule struct {
		APIVersion, Kind string
		Metadata         map[string]any
		Spec             struct{ Groups []group }
	}
	for _, part := range []string{"canary", "auditor"} {
		for _, on := range []bool{true, false} {
			values := fmt.Sprintf("{metrics: {prometheusRule: {enabled: true}}, %s: {enabled: %v}}", part, on)
			got := find[rule](t, render(t, values), "PrometheusRule", "demarc").Spec.Groups
			if there := slices.ContainsFunc(got, func(g group) bool { return g.Name == "demarc-"+part }); there != on {
				t.Errorf("%s on: %v, its alerts are there: %v", part, on, there)
			}
		}
	}
}

// A ServiceMonitor finds the Services of both, whatever else it finds.
func TestServiceMonitor(t *testing.T) {
	t.Parallel()
	list := render(t, "metrics: {serviceMonitor: {enabled: true}}")
	type monitor struct {
		APIVersion, Kind string
		Metadata         map[string]any
		Spec             struct {
			Selector  metav1.LabelSelector
			Endpoints []map[string]any
		}
	}
	m := find[monitor](t, list, "ServiceMonitor", "demarc")
	for _, name := range []string{"demarc", "demarc-auditor"} {
		s := find[corev1.Service](t, list, "Service", name)
		if !labels.SelectorFromSet(m.Spec.Selector.MatchLabels).Matches(labels.Set(s.Labels)) {
			t.Errorf("the Service %s is not found", name)
		}
		if !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == m.Spec.Endpoints[0]["port"] }) {
			t.Errorf("the Service %s has no port for it", name)
		}
	}
}

// Grafana's sidecar reads what is in the ConfigMap: it must be the file, and no template may have changed it.
func TestDashboard(t *testing.T) {
	t.Parallel()
	m := find[corev1.ConfigMap](t, render(t, "metrics: {dashboard: {enabled: true}}"), "ConfigMap", "demarc-dashboard")
	if m.Data["demarc.json"] != string(read(t, "dashboard.json")) {
		t.Error("the ConfigMap differs from files/dashboard.json")
	}
	if m.Labels["grafana_dashboard"] != "1" {
		t.Errorf("got labels %v", m.Labels)
	}
}
