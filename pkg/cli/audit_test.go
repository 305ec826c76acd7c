// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/demarc-dev/demarc/pkg/audit"
	"github.com/demarc-dev/demarc/pkg/report"
)

// auditCluster serves pods and ConfigMaps beside what acmeCluster does.
var auditCluster = acmeCluster.
	but("/api", `{"kind":"APIVersions","versions":["v1"]}`).
	but("/apis", `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`).
	but("/api/v1", `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","verbs":["list"]},{"name":"configmaps","verbs":["list"]},
		{"name":"namespaces","verbs":["list"]},{"name":"nodes","verbs":["list"]}]}`).
	but("/api/v1/pods", `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[
		{"metadata":{"name":"agent","namespace":"acme-system"},"spec":{"hostPID":true}},
		{"metadata":{"name":"web","namespace":"shop"},"spec":{"hostPID":true}}]}`).
	but("/api/v1/configmaps", `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":[]}`)

func TestAudit(t *testing.T) {
	for name, c := range map[string]struct {
		cluster        answers
		args           []string
		code           int
		stdout, stderr []string // what they hold; nothing: nothing at all
	}{
		"found": {auditCluster, nil, exitFindings, []string{"acme-system/agent Pod\n    Deny    spec.hostPID: must not be true\n",
			"acme  v1.34.2, 4 objects of 4 kinds read in ", "Rules about requests, which no audit can ask: system-label"}, nil},
		"nothing found": {auditCluster.but("/api/v1/pods", `{"metadata":{},"items":[]}`), nil, exitClean, []string{"nothing found\n"}, nil},
		"milder than asked for": {auditCluster.but("/api/v1/namespaces", denied), nil, exitClean,
			[]string{"Warn", "in doubt", "  not read\n  namespaces: ada may not"}, nil},
		"as mild as asked for": {auditCluster.but("/api/v1/namespaces", denied), []string{"--fail-on", "warn"}, exitFindings, []string{"Warn"}, nil},
		"pods may not be read": {auditCluster.but("/api/v1/pods", denied), nil, exitClean,
			[]string{"nothing found in what could be read\n", "pods: ada may not (1 rule saw less: host-process)"}, nil},
		"a fleet": {auditCluster, []string{"--all-contexts"}, exitBad, []string{"acme: acme-system/agent Pod", "nobody  could not be audited: "},
			[]string{"demarc: error: nobody: could not be audited: ", "connection refused"}},
		"two contexts": {auditCluster, []string{"--context", "acme", "--context", "nope", "--context", "acme"}, exitBad,
			[]string{"acme  v1.34.2", "nope  could not be audited"}, []string{`nope: could not be audited: find the cluster: context "nope" does not exist`}},
		"some rules": {auditCluster, []string{"--rules", "about-cluster"}, exitClean, []string{"nothing found", "3 kinds"}, nil},
		"sarif":      {auditCluster, []string{"-o", "sarif"}, exitFindings, []string{`"ruleId": "host-process"`}, nil},
		"verbose":    {auditCluster, []string{"-v"}, exitFindings, []string{"acme-system/agent Pod"}, nil},
		"no such rule": {auditCluster, []string{"--rules", "nope"}, exitBad, nil,
			[]string{`--rules names "nope": there is no such rule`, "Run 'demarc audit --help'"}},
		"no namespace":           {auditCluster, []string{"-n", "a/b"}, exitBad, nil, []string{`--namespace is "a/b"`}},
		"both kinds of contexts": {auditCluster, []string{"--context", "acme", "--all-contexts"}, exitBad, nil, []string{"exclude each other"}},
		"an argument":            {auditCluster, []string{"prod"}, exitBad, nil, []string{"audit takes no arguments"}},
		"backwards in time":      {auditCluster, []string{"--timeout", "-1s"}, exitBad, nil, []string{"must not be negative"}},
		"no time":                {auditCluster, []string{"--timeout", "1ns"}, exitBad, []string{"could not be audited"}, []string{"it took longer than 1ns"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.cluster)
			defer server.Close()
			got := runCluster(t.Context(), t, "", append([]string{"audit", "--kubeconfig", kubeconfigOf(t, server.URL)}, c.args...)...)
			if got.code != c.code {
				t.Errorf("exit code %d, want %d", got.code, c.code)
			}
			holds(t, "stdout", got.stdout, c.stdout)
			if name != "verbose" {
				holds(t, "stderr", got.stderr, c.stderr)
			}
		})
	}
}

func TestAuditJSON(t *testing.T) {
	server := httptest.NewServer(auditCluster)
	defer server.Close()
	got := runCluster(t.Context(), t, "", "audit", "--all-contexts", "--kubeconfig", kubeconfigOf(t, server.URL), "-o", "json")
	var r report.Report
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Clusters) != 2 || r.Clusters[0].Version != "v1.34.2" || r.Clusters[1].Error == "" || len(r.Results) != 1 {
		t.Fatalf("got %+v", r)
	}
	want := report.Live{Cluster: "acme", APIVersion: "v1", Kind: "Pod", Namespace: "acme-system", Name: "agent"}
	if live := r.Results[0].Live; live == nil || *live != want {
		t.Errorf("got %+v, want %+v", live, want)
	}
}

func TestAuditInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	got := runCluster(ctx, t, "", "audit", "--kubeconfig", kubeconfigOf(t, server.URL))
	if got.code != exitBad || got.stdout != "" || got.stderr != "demarc: interrupted\n" {
		t.Errorf("got %+v", got)
	}
}

func TestProgressBar(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	b := &bar{out: &out, width: func() int { return 80 }, now: func() time.Time { return now }, name: "prod"}
	p := audit.Progress{Resource: "pods", Done: 9, Kinds: 20, Objects: 34500, Total: 69000, Results: 12}
	for width, want := range map[int]string{
		80: "prod [#########...........] pods 34,500 of 69,000, 12 with findings",
		64: "[#########...........] pods 34,500 of 69,000, 12 with findings",
		50: "pods 34,500 of 69,000, 12 with findings",
		10: "pods 34,5", 1: "",
	} {
		if got := b.line(p, width); got != want {
			t.Errorf("width %d: got %q, want %q", width, got, want)
		}
	}
	b.show(p)
	b.show(p) // too soon
	b.erase()
	b.erase()
	if got, want := out.String(), "\r"+b.line(p, 80)+"\x1b[K\r\x1b[K"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
