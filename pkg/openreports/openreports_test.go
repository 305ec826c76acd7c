// SPDX-License-Identifier: Apache-2.0

package openreports

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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

var update = flag.Bool("update", false, "rewrite the goldens")

var started = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

func live(kind, namespace, name string) *report.Live {
	return &report.Live{Cluster: "west", APIVersion: "apps/v1", Kind: kind, Namespace: namespace, Name: name, UID: "uid-of-" + name}
}

func verdict(rule policy.ID, mode policy.Mode, path string) report.Verdict {
	return report.Verdict{Rule: rule, Mode: mode, Path: path, Message: "must not be true", Fix: "Take it out.", Class: provider.Unsupported,
		Clauses: []provider.ClauseID{"kube-system-change", "managed-feature"}}
}

// sample has each kind of outcome.
func sample() *report.Report {
	changed := verdict("privileged-daemonset", policy.Deny, "spec.template.spec.hostPID")
	changed.Change = &report.Change{Manager: "kubectl-edit", Operation: "Update", Time: started.Add(-time.Hour), Confidence: report.Exact}
	doubtful := verdict("managed-namespace-workload", policy.Warn, "metadata.namespace")
	doubtful.Doubt, doubtful.Class = "the namespace is known by its name only", provider.Reverted
	exempt := verdict("node-host-files", policy.Audit, "spec.template.spec.volumes[0]")
	exempt.Exemption, exempt.Class = "csi-driver", provider.Undiagnosed
	documented := verdict("managed-component", policy.Off, "data[custom.server]")
	documented.Customisation, documented.Class = "coredns-custom", provider.Advice
	recorded := verdict("fsgroup-change-policy", policy.Audit, "spec.template.spec.securityContext.fsGroupChangePolicy")
	recorded.Class = provider.Advice
	daemonset := live("DaemonSet", "kube-system", "agent")
	daemonset.Owner, daemonset.Same = "HelmRelease ops/agent", 2
	return &report.Report{
		Clusters: []report.Cluster{{Name: "west", Version: "v1.36.3", Started: started, Seconds: 3,
			Kinds:   []report.Kind{{Resource: "daemonsets.apps", Objects: 40}, {Resource: "nodes", Objects: 2}},
			Skipped: []report.Skipped{{Rule: "node-resource-group", Needs: []string{"nodes"}, Objects: 3}, {Rule: "node-deletion", Always: true}},
			Unread:  []report.Unread{{What: "the API server's metrics", Why: "forbidden", Rules: []policy.ID{"alpha-features-observed"}}}}},
		Results: []report.Result{
			{Live: live("DaemonSet", "kube-system", "csi"), Verdicts: []report.Verdict{exempt, documented, doubtful}},
			{Live: daemonset, Verdicts: []report.Verdict{changed}},
			{Live: live("Deployment", "shop", "web"), Verdicts: []report.Verdict{recorded}},
			{Live: live("ClusterRole", "", "debug"), Verdicts: []report.Verdict{verdict("system-identity", policy.Warn, "rules[1]")},
				Faults: []report.Fault{{Rule: "support-access", Error: "panic: index out of range"}}},
			{Live: live("Deployment", "clean", "nothing-found")},
			{Source: "file.yaml#1", Verdicts: []report.Verdict{changed}},
		},
	}
}

func TestWrite(t *testing.T) {
	for name, o := range map[string]Options{
		"openreports.yaml":   {Owners: []metav1.OwnerReference{{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Name: "demarc-auditor", UID: "1"}}},
		"policyreports.yaml": {API: PolicyReports},
	} {
		var got bytes.Buffer
		if err := Write(&got, sample(), o); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
			t.Errorf("%s (-want +got), rewrite it by -update:\n%s", file, diff)
		}
	}
}

func TestOutcome(t *testing.T) {
	for _, c := range []struct {
		v    report.Verdict
		want string
	}{
		{report.Verdict{Mode: policy.Deny}, fail},
		{report.Verdict{Mode: policy.Warn}, fail},
		{report.Verdict{Mode: policy.Warn, Doubt: "by name only"}, warn},
		{report.Verdict{Mode: policy.Audit}, warn},
		{report.Verdict{Mode: policy.Audit, Exemption: "x"}, skip},
		{report.Verdict{Mode: policy.Off, Customisation: "x"}, pass},
	} {
		if got := outcome(&c.v); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.v, got, c.want)
		}
	}
}

// crowded has n findings in each of the namespaces.
func crowded(n map[string]int) *report.Report {
	r := &report.Report{Clusters: []report.Cluster{{Name: "west", Started: started}}}
	for namespace, count := range n {
		for i := range count {
			mode := policy.Audit
			if i == count-1 {
				mode = policy.Deny // the gravest comes last in the report
			}
			r.Results = append(r.Results, report.Result{Live: live("Deployment", namespace, fmt.Sprintf("d%05d", i)),
				Verdicts: []report.Verdict{verdict("node-access", mode, "spec")}})
		}
	}
	return r
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name    string
		n       map[string]int
		o       Options
		listed  map[string][]int // results by object
		missing map[string]string
	}{
		{"fits", map[string]int{"a": 3}, Options{MaxResults: 3}, map[string][]int{"a": {3}}, nil},
		{"split", map[string]int{"a": 7}, Options{MaxResults: 3}, map[string][]int{"a": {3, 3, 1}}, nil},
		{"cut after five parts", map[string]int{"a": 20}, Options{MaxResults: 3}, map[string][]int{"a": {3, 3, 3, 3, 3}}, map[string]string{"a": "5"}},
		{"the largest gives way", map[string]int{"a": 2, "b": 90, "c": 40}, Options{MaxTotal: 22}, map[string][]int{"a": {2}, "b": {10}, "c": {10}},
			map[string]string{"b": "80", "c": "30"}},
		{"no room at all", map[string]int{"a": 2, "b": 2}, Options{MaxTotal: 1}, map[string][]int{"a": {0}, "b": {0}}, map[string]string{"a": "2", "b": "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			listed, missing, total := map[string][]int{}, map[string]string(nil), Summary{}
			for _, o := range Objects(crowded(c.n), c.o) {
				if o.isSummary() {
					total = o.Summary
					continue
				}
				n := len(o.Results)
				if cut := o.Metadata.Annotations[CutAnnotation]; cut != "" {
					n--
					if missing == nil {
						missing = map[string]string{}
					}
					missing[o.Metadata.Namespace] = cut
				}
				if n > 0 && len(listed[o.Metadata.Namespace]) == 0 && o.Results[0].Result != fail {
					t.Errorf("%s: the gravest is not first", o.Metadata.Namespace)
				}
				listed[o.Metadata.Namespace] = append(listed[o.Metadata.Namespace], n)
			}
			if diff := cmp.Diff(c.listed, listed); diff != "" {
				t.Errorf("listed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.missing, missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			want := 0
			for _, n := range c.n {
				want += n
			}
			if got := total.Fail + total.Warn; got != want {
				t.Errorf("the summary counts %d, want %d", got, want)
			}
		})
	}
}

// No object is larger than etcd takes, whatever others wrote into fields, and each has one of the known names.
func TestSize(t *testing.T) {
	r := crowded(map[string]int{"a": 4000})
	for i := range r.Results {
		r.Results[i].Verdicts[0].Message = strings.Repeat("\x01<é", 5000)
		r.Results[i].Verdicts[0].Path = strings.Repeat("<", 5000)
	}
	parts := 0
	for _, o := range Objects(r, Options{}) {
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > 1<<20+4096 {
			t.Errorf("%s has %d bytes", o.Metadata.Name, len(raw))
		}
		names := Names(o.Metadata.Namespace == "")
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+o.Metadata.Name+" ") {
			t.Errorf("%q is not among %v", o.Metadata.Name, names)
		}
		if o.Metadata.Namespace == "a" {
			parts++
		}
	}
	if parts != MaxParts {
		t.Errorf("got %d parts, want %d", parts, MaxParts)
	}
}

func seen(objects []Object) *Known {
	k := &Known{}
	for _, o := range objects {
		k.Add(o)
	}
	return k
}

// A finding keeps the time at which it was first found, also where its message counts days, or where an element is put in
// front of it.
func TestFirstFound(t *testing.T) {
	before := sample()
	known := seen(Objects(before, Options{}))
	after := sample()
	after.Clusters[0].Started = started.Add(time.Hour)
	after.Results[0].Verdicts[0].Path = "spec.template.spec.volumes[1]"
	after.Results[1].Verdicts[0].Message = "must not be true, for 3 days now"
	after.Results = append(after.Results, report.Result{Live: live("Deployment", "shop", "other"), Verdicts: []report.Verdict{verdict("node-access", policy.Warn, "spec")}})
	got := map[string]int64{}
	for _, r := range Findings(Objects(after, Options{Known: known})) {
		got[r.Policy+" "+r.Resources[0].Name] = r.Timestamp.Seconds - started.Unix()
	}
	want := map[string]int64{"privileged-daemonset agent": 0, "managed-namespace-workload csi": 0, "node-host-files csi": 0,
		"managed-component csi": 0, "fsgroup-change-policy web": 0, "system-identity debug": 0, "support-access debug": 0, "node-access other": 3600}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("seconds (-want +got):\n%s", diff)
	}
}

// The same report makes the same objects, whatever the order of its results: what has not changed is not written again.
func TestStable(t *testing.T) {
	a, b := sample(), sample()
	for i, j := 0, len(b.Results)-1; i < j; i, j = i+1, j-1 {
		b.Results[i], b.Results[j] = b.Results[j], b.Results[i]
	}
	if diff := cmp.Diff(Objects(a, Options{}), Objects(b, Options{})); diff != "" {
		t.Errorf("objects differ by the order of results:\n%s", diff)
	}
}

// Two findings at the same place are two, and stay the same two.
func TestSamePlace(t *testing.T) {
	r := crowded(map[string]int{"a": 1})
	twice := r.Results[0].Verdicts[0]
	twice.Message = "must not name AllAlpha"
	r.Results[0].Verdicts = append(r.Results[0].Verdicts, twice)
	if n := len(seen(Objects(r, Options{})).at); n != 2 {
		t.Errorf("got %d findings, want 2", n)
	}
}

func TestSeveralClusters(t *testing.T) {
	r := sample()
	r.Clusters = append(r.Clusters, report.Cluster{Name: "east", Started: started})
	clusters := map[string]int{}
	for _, o := range Objects(r, Options{}) {
		clusters[o.Metadata.Annotations[ClusterAnnotation]]++
	}
	if diff := cmp.Diff(map[string]int{"west": 4, "east": 1}, clusters); diff != "" {
		t.Errorf("objects by cluster (-want +got):\n%s", diff)
	}
}

func TestCut(t *testing.T) {
	for s, want := range map[string]string{"short": "short", "0123456789": "0123456789", "0123456789a": "0123456...", "012345éééé": "012345..."} {
		if got := cut(s, 10); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}
