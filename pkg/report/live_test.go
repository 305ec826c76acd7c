// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fleet is two clusters, and one that was not reached.
func fleet(t testing.TB) *report.Report {
	d := decisions(profile(t))
	at := func(cluster, namespace, kind, name string) report.Live {
		return report.Live{Cluster: cluster, APIVersion: "v1", Kind: kind, Namespace: namespace, Name: name}
	}
	owned := at("west", "shop", "Pod", "web-1")
	owned.Owner, owned.Same = "Deployment shop/web", 1200
	owning := at("west", "acme-system", "DaemonSet", "agent")
	owning.Same = 1
	west := &report.Report{Profile: profile(t), Clusters: []report.Cluster{{
		Name: "west", Version: "v1.34.2", Seconds: 12.34, Kinds: []report.Kind{{Resource: "pods", Objects: 1203}, {Resource: "nodes", Objects: 1}},
		Unread: []report.Unread{{What: "jobs.batch", Why: "ada may not", Rules: []policy.ID{"host-process"}}},
		Skipped: []report.Skipped{{Rule: "node-label", Needs: []string{"request"}, Objects: 3, Always: true},
			{Rule: "host-process", Needs: []string{"namespace", "nodes"}, Objects: 1}},
	}}, Results: []report.Result{
		report.NewLiveResult(owned, d["denied"]), report.NewLiveResult(owning, d["existing"]),
		report.NewLiveResult(at("west", "shop", "Pod", "passed"), d["passed"]),
		report.NewLiveResult(at("west", "shop", "Pod", "broken"), d["fault"]),
		report.NewLiveResult(report.Live{Cluster: "west"}, engine.Decision{Profile: d["denied"].Profile, Verdicts: d["existing"].Verdicts[1:]}),
	}}
	set := func(r *report.Result, manager string, ago time.Duration) {
		r.Verdicts[0].Change = &report.Change{Manager: manager, Operation: "Update", Time: noon.Add(-ago), Confidence: report.Exact}
	}
	set(&west.Results[0], "kubectl", 75*time.Hour)
	north := &report.Report{Clusters: []report.Cluster{{Name: "north", Kinds: []report.Kind{}}}}
	for i := range 6 {
		r := report.NewLiveResult(at("north", "pay", "Pod", fmt.Sprint("p", i)), d["denied"])
		set(&r, []string{"helm", "kubectl"}[i%2], time.Duration(i+1)*time.Hour)
		north.Results = append(north.Results, r)
	}
	for i := range 9 {
		north.Results = append(north.Results, report.NewLiveResult(at("north", fmt.Sprint("team-", i), "Pod", "a"), d["existing"]))
	}
	gone := &report.Report{Clusters: []report.Cluster{{Name: "south", Error: "connection refused"}}}
	return report.Merge(west, north, gone)
}

func TestLiveText(t *testing.T) {
	for name, o := range map[string]report.TextOptions{
		"live":         {Now: noon},
		"live-verbose": {Now: noon, Verbose: true, Width: 80, Color: true},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := fleet(t).WriteText(&b, o); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
		})
	}
}

func TestLiveSummary(t *testing.T) {
	r := fleet(t)
	const summary = "3 clusters, 1204 objects, 42 findings (14 Deny, 17 Warn, 11 Audit), 1 thing not read, 1 exempt, 1 documented by the provider, 3 problems"
	if got := r.Summary(); got != summary {
		t.Errorf("got %q, want %q", got, summary)
	}
	want := []string{"south: could not be audited: connection refused",
		"west: Pod shop/broken: could not be judged: rule host-process: panic: index out of range second line", "west: Pod shop/broken: could not be judged: decode Pod: no"}
	if diff := cmp.Diff(want, r.Trouble()); diff != "" {
		t.Errorf("trouble (-want +got):\n%s", diff)
	}
}

func TestNewLiveResult(t *testing.T) {
	d := engine.Decision{Skipped: []engine.Skip{{Rule: "a"}}, Faults: []engine.Fault{{Err: errors.New("no")}}}
	for want, l := range map[string]report.Live{
		"cluster": {Cluster: "c"}, "Node n": {Kind: "Node", Name: "n"}, "Pod shop/web": {Kind: "Pod", Namespace: "shop", Name: "web"},
		"Pod (without a name)": {Kind: "Pod"},
	} {
		r := report.NewLiveResult(l, d)
		if r.Object != want || len(r.Skipped) > 0 || len(r.Faults) != 1 || *r.Live != l {
			t.Errorf("%+v: got %+v", l, r)
		}
	}
}
