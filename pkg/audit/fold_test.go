// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

func TestFold(t *testing.T) {
	pod := func(name, byKind, byName string, host bool, stdin ...bool) made {
		return made{kind: "Pod", name: name, byKind: byKind, byName: byName, host: host, stdin: stdin}
	}
	for name, c := range map[string]struct {
		objects []made
		want    []string
	}{
		"a Deployment's pods": {[]made{
			{kind: "Deployment", name: "web", host: true},
			{kind: "ReplicaSet", name: "web-1", byKind: "Deployment", byName: "web", host: true, replicas: 2},
			pod("web-1-a", "ReplicaSet", "web-1", true), pod("web-1-b", "ReplicaSet", "web-1", true),
		}, []string{"Deployment shop/web +3"}},
		"mended, and rolled out by half": {[]made{
			{kind: "Deployment", name: "web"},
			{kind: "ReplicaSet", name: "web-1", byKind: "Deployment", byName: "web", host: true, replicas: 1},
			{kind: "ReplicaSet", name: "web-2", byKind: "Deployment", byName: "web", replicas: 1},
			pod("web-1-a", "ReplicaSet", "web-1", true), pod("web-2-a", "ReplicaSet", "web-2", false),
		}, []string{"ReplicaSet shop/web-1 (Deployment shop/web) +1"}},
		"mended, with its history": {[]made{
			{kind: "Deployment", name: "web"},
			{kind: "ReplicaSet", name: "web-1", byKind: "Deployment", byName: "web", host: true},
		}, nil},
		"a ReplicaSet of nobody, at rest": {[]made{{kind: "ReplicaSet", name: "web", host: true}}, []string{"ReplicaSet shop/web"}},
		"a DaemonSet whose template is clean": {[]made{
			{kind: "DaemonSet", name: "agent"}, pod("agent-a", "DaemonSet", "agent", true), pod("agent-b", "DaemonSet", "agent", true),
		}, []string{"Pod shop/agent-a (DaemonSet shop/agent) +1"}},
		"something else in one pod": {[]made{
			{kind: "DaemonSet", name: "agent", host: true, stdin: []bool{false}},
			pod("agent-a", "DaemonSet", "agent", true, true), pod("agent-b", "DaemonSet", "agent", true, false),
		}, []string{"DaemonSet shop/agent +1", "Pod shop/agent-a (DaemonSet shop/agent)"}},
		"a container put in front": {[]made{
			{kind: "DaemonSet", name: "agent", stdin: []bool{true}}, pod("agent-a", "DaemonSet", "agent", false, false, true),
		}, []string{"DaemonSet shop/agent +1"}},
		"a container more": {[]made{
			{kind: "DaemonSet", name: "agent", stdin: []bool{true}}, pod("agent-a", "DaemonSet", "agent", false, true, true),
		}, []string{"DaemonSet shop/agent", "Pod shop/agent-a (DaemonSet shop/agent)"}},
		"a CronJob's": {[]made{
			{kind: "CronJob", name: "night", host: true}, {kind: "Job", name: "night-1", byKind: "CronJob", byName: "night", host: true},
			pod("night-1-a", "Job", "night-1", true),
		}, []string{"CronJob shop/night +2"}},
		"a resource of somebody's": {[]made{
			pod("step-a", "Workflow", "build", true), pod("step-b", "Workflow", "build", true), pod("step-c", "Workflow", "test", true),
		}, []string{"Pod shop/step-a (Workflow shop/build) +1", "Pod shop/step-c (Workflow shop/test)"}},
		"a node's own": {[]made{pod("proxy-n1", "Node", "n1", true), pod("other-n1", "Node", "n1", true)},
			[]string{"Pod shop/proxy-n1 (Node n1)", "Pod shop/other-n1 (Node n1)"}},
		"Deployments of one operator": {[]made{
			{kind: "Deployment", name: "a", byKind: "Mesh", byName: "m", host: true}, {kind: "Deployment", name: "b", byKind: "Mesh", byName: "m", host: true},
			{kind: "ReplicaSet", name: "a-1", byKind: "Deployment", byName: "a", host: true, replicas: 1},
		}, []string{"Deployment shop/a (Mesh shop/m) +1", "Deployment shop/b (Mesh shop/m)"}},
		"nobody's": {[]made{pod("a", "", "", true), pod("b", "", "", true)}, []string{"Pod shop/a", "Pod shop/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := run(t, newServer().with(c.objects...), Options{}, hostPID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, names(r)); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}

// A report holds so many results and no more, and among them one of each rule and mode.
func TestBound(t *testing.T) {
	tally := newTally()
	result := func(rule policy.ID, mode policy.Mode) report.Result {
		return report.Result{Verdicts: []report.Verdict{{Rule: rule, Mode: mode}}, Live: &report.Live{}}
	}
	for range maxResults + 5 {
		tally.keep(result("a", policy.Warn))
	}
	if at := tally.keep(result("a", policy.Deny)); at != maxResults {
		t.Errorf("the first refusal: got place %d", at)
	}
	if at := tally.keep(result("a", policy.Deny)); at != nowhere {
		t.Errorf("the second refusal: got place %d", at)
	}
	tally.same(nowhere)
	for range maxHidden + 1 {
		tally.keep(result("b", policy.Off))
	}
	for range maxFaults + 1 {
		tally.keep(report.Result{Faults: []report.Fault{{Error: "no"}}, Live: &report.Live{}})
	}
	if got, want := len(tally.results), maxResults+1+maxHidden+maxFaults; got != want {
		t.Errorf("got %d results, want %d", got, want)
	}
	want := []report.Unread{{What: "9 more objects in which something was found",
		Why: fmt.Sprintf("a report lists %d at most; objects by rule: not judged 1, a 6, b 1", maxResults), Rules: []policy.ID{"a", "b"}}}
	if diff := cmp.Diff(want, tally.unread()); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
}
