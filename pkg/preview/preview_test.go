// SPDX-License-Identifier: Apache-2.0

package preview_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/preview"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/rules"
)

var update = flag.Bool("update", false, "rewrite the goldens")

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const flux = "system:serviceaccount:flux-system:kustomize-controller"

// options ask what the defaults would do, and know two namespaces.
func options(t testing.TB, change ...func(*v1alpha1.Configuration)) preview.Options {
	t.Helper()
	cfg := v1alpha1.Default()
	cfg.Rules = map[policy.ID]v1alpha1.Rule{}
	for _, f := range change {
		f(cfg)
	}
	e, err := engine.New(rules.All(), provider.AKS(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	namespaces := map[string]map[string]string{"shop": {}, "kube-system": {"kubernetes.azure.com/managedby": "aks", "control-plane": "true"}}
	return preview.Options{Engine: e, Rules: rules.All(), Profile: provider.AKS(), KeepExemptions: true, Now: now,
		Complete: func(in *policy.Input) error {
			if labels, ok := namespaces[in.NamespaceName]; ok {
				in.Namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: in.NamespaceName, Labels: labels}}
			}
			in.Cluster = &policy.ClusterFacts{ServerVersion: "v1.36.3"}
			return nil
		}}
}

// line is a line of demarc's log; more is further members.
func line(minute int, uid, rule string, bound policy.Mode, user, namespace, name, more string) string {
	return fmt.Sprintf(`{"level":"info","time":%q,"logger":"admission","msg":"finding","uid":%q,"rule":%q,"mode":"Audit","ruleMode":"Deny","would":%q,"bound":%q,`+
		`"path":"spec.template.spec.hostPID","message":"must not be true","doubt":"","operation":"UPDATE","group":"apps","kind":"DaemonSet","resource":"daemonsets",`+
		`"subresource":"","namespace":%q,"name":%q,"user":%q,"dryRun":false,"existing":false,"exemption":"","expired":"","customisation":""%s}`,
		now.Add(time.Duration(minute)*time.Minute-7*24*time.Hour).Format(time.RFC3339Nano), uid, rule, bound, bound, namespace, name, user, more)
}

// decisions is a week of demarc's log: a GitOps loop, two people, an exemption, what is in doubt, a dry run, and lines of
// other programs.
func decisions() string {
	var b strings.Builder
	say := func(s string) { b.WriteString(s + "\n") }
	say(`{"level":"info","time":"2026-11-15T11:00:00Z","msg":"starting","version":"v0.1.0"}`)
	say("I1115 11:00:00 not JSON at all")
	for i := range 40 {
		say(line(i*200, fmt.Sprintf("loop-%d", i), "privileged-daemonset", policy.Deny, flux, "kube-system", "agent", ""))
	}
	say(line(100, "a", "privileged-daemonset", policy.Deny, "ada@contoso.example", "kube-system", "probe", ""))
	say(line(100, "a", "managed-component", policy.Warn, "ada@contoso.example", "kube-system", "probe", `,"doubt":"the object is known by its name only"`))
	say(line(900, "b", "managed-component", policy.Warn, "grace@contoso.example", "calico-system", "calico-node", `,"existing":true`))
	say(line(901, "c", "privileged-daemonset", policy.Deny, flux, "kube-system", "exempt", `,"exemption":"flux-agent"`))
	say("[pod/demarc-7/demarc] 2026-11-16T00:00:00Z " + line(902, "d", "privileged-daemonset", policy.Deny, "grace@contoso.example", "kube-system", "other", ""))
	say(line(903, "e", "privileged-daemonset", policy.Deny, "ci", "kube-system", "dry", `,"dryRun":true`))
	say(`{"level":"info","time":"2026-11-16T11:00:00Z","msg":"lines left out","findings":12,"others":3}`)
	return b.String()
}

// daemonSet is an object that privileged-daemonset refuses in kube-system.
func daemonSet(name string, privileged bool) string {
	return fmt.Sprintf(`{"kind":"DaemonSet","apiVersion":"apps/v1","metadata":{"name":%q,"namespace":"kube-system","uid":"1"},"spec":{"selector":{"matchLabels":{"a":"b"}},`+
		`"template":{"metadata":{"labels":{"a":"b"}},"spec":{"hostPID":%t,"containers":[{"name":"c","image":"contoso.example/agent:1"}]}}}}`, name, privileged)
}

// event is an audit event as the API server writes it.
type event struct {
	level, stage, verb, uri, user, as string
	resource, namespace, name, sub    string
	group                             string
	code                              int
	request, response                 string
	minute                            int
	annotations                       map[string]string
}

func (e event) String() string {
	quote := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(raw)
	}
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":%q,"auditID":"id-%d","stage":%q,"requestURI":%q,"verb":%q,"user":{"username":%q,"groups":["system:authenticated"]},`,
		or(e.level, "RequestResponse"), e.minute, or(e.stage, "ResponseComplete"), or(e.uri, "/apis/apps/v1/namespaces/kube-system/daemonsets"), or(e.verb, "create"), or(e.user, flux))
	if e.as != "" {
		fmt.Fprintf(&b, `"impersonatedUser":{"username":%q,"groups":["system:authenticated"]},`, e.as)
	}
	fmt.Fprintf(&b, `"sourceIPs":["192.0.2.1"],"userAgent":"test","objectRef":{"resource":%q,"namespace":%q,"name":%q,"apiGroup":%q,"apiVersion":"v1"`,
		or(e.resource, "daemonsets"), or(e.namespace, "kube-system"), e.name, strings.TrimSuffix(or(e.group, "apps"), "core"))
	if e.sub != "" {
		fmt.Fprintf(&b, `,"subresource":%q`, e.sub)
	}
	if e.code == 0 {
		e.code = 200
	}
	fmt.Fprintf(&b, `},"responseStatus":{"metadata":{},"code":%d}`, e.code)
	if e.request != "" {
		b.WriteString(`,"requestObject":` + e.request)
	}
	if e.response != "" {
		b.WriteString(`,"responseObject":` + e.response)
	}
	fmt.Fprintf(&b, `,"requestReceivedTimestamp":%q,"annotations":%s}`, now.Add(time.Duration(e.minute)*time.Minute-24*time.Hour).Format(time.RFC3339Nano), quote(e.annotations))
	return b.String()
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// whole is an answer from all three sources.
func whole(t *testing.T) *preview.Result {
	t.Helper()
	p := preview.New(options(t))
	if err := p.Decisions("demarc.log", strings.NewReader(decisions())); err != nil {
		t.Fatal(err)
	}
	events := []string{
		event{minute: 1, name: "agent", response: daemonSet("agent", true), code: 201}.String(),
		event{minute: 2, name: "agent", verb: "patch", request: `{"metadata":{"labels":{"x":"y"}}}`, response: daemonSet("agent", true)}.String(),
		event{minute: 3, name: "other", verb: "update", request: daemonSet("other", true), response: daemonSet("other", true), as: "ada@contoso.example"}.String(),
		event{minute: 4, name: "gone", level: "Metadata"}.String(),
		event{minute: 5, name: "broke", request: daemonSet("broke", true), response: `{"kind":"Status","apiVersion":"v1","status":"Failure"}`, code: 422}.String(),
		event{minute: 6, name: "quiet", response: daemonSet("quiet", false), code: 201}.String(),
		`{"kind":"Event"`,
	}
	if err := p.AuditLog("audit.log", strings.NewReader(strings.Join(events, "\n"))); err != nil {
		t.Fatal(err)
	}
	report, err := os.ReadFile("testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Report(bytes.NewReader(report)); err != nil {
		t.Fatal(err)
	}
	r := p.Result()
	r.Question = "With mode Deny, demarc"
	return r
}

func TestGoldens(t *testing.T) {
	r := whole(t)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text-80":  func(b *bytes.Buffer) error { return r.WriteText(b, preview.TextOptions{Width: 80, Top: 10}) },
		"text-120": func(b *bytes.Buffer) error { return r.WriteText(b, preview.TextOptions{Width: 120, Top: 1}) },
		"color":    func(b *bytes.Buffer) error { return r.WriteText(b, preview.TextOptions{Width: 120, Color: true}) },
		"json":     func(b *bytes.Buffer) error { return r.WriteJSON(b) },
		"csv":      func(b *bytes.Buffer) error { return r.WriteCSV(b) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
		})
	}
}
