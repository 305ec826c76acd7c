// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/fixtures"
)

func TestRulesAreLawful(t *testing.T) {
	if err := policy.Validate(rules.All(), provider.AKS()); err != nil {
		t.Error(err)
	}
}

// One rule, one file, one fixture folder, one page; both directions.
func TestNamesAgree(t *testing.T) {
	var ids []string
	for _, r := range rules.All() {
		ids = append(ids, string(r.ID))
		file := strings.ReplaceAll(string(r.ID), "-", "_") + ".go"
		src, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("rule %s has no file of its name: %v", r.ID, err)
		} else if !bytes.Contains(src, []byte(`"`+string(r.ID)+`"`)) {
			t.Errorf("%s does not hold rule %s", file, r.ID)
		}
		if _, err := os.Stat(filepath.Join("..", "..", "docs", "rules", string(r.ID)+".md")); err != nil {
			t.Errorf("rule %s has no page: run make generate", r.ID)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	if diff := cmp.Diff(ids, folders); diff != "" {
		t.Errorf("rules and fixture folders (-rules +folders):\n%s", diff)
	}
}

// Every entry of the ledger is subtracted from rules that exist.
func TestLedgerNamesRules(t *testing.T) {
	for _, e := range provider.AKS().Ledger {
		for _, id := range e.Rules {
			known := slices.ContainsFunc(rules.All(), func(r policy.Rule) bool { return string(r.ID) == id })
			if !known {
				t.Errorf("ledger entry %s names the unknown rule %q", e.ID, id)
			}
		}
	}
}

// A rule whose check never finds anything, or always does, must break its own fixtures: a suite that can't fail is none.
func TestFixturesBite(t *testing.T) {
	cases := loadCases(t)
	always := func(policy.Input) []policy.Finding { return []policy.Finding{{Message: "always"}} }
	never := func(policy.Input) []policy.Finding { return nil }
	for i, r := range rules.All() {
		for name, check := range map[string]policy.Check{fixtures.Pass: always, fixtures.Fail: never} {
			list := rules.All()
			list[i].Check, list[i].Params = check, nil
			if !broken(t, newEngine(t, list), cases, r.ID, name) {
				t.Errorf("no %s case of %s notices a check that is replaced", name, r.ID)
			}
		}
	}
}

func broken(t *testing.T, e *engine.Engine, cases []fixtures.Case, id policy.ID, dir string) bool {
	t.Helper()
	for _, c := range cases {
		if c.Rule == string(id) && c.Dir == dir && findings(t, e, c) != c.Findings {
			return true
		}
	}
	return false
}

// Rules run in parallel on the same objects, twice, with the same answer, and change nothing. The race detector watches.
func TestRulesArePure(t *testing.T) {
	e := newEngine(t, rules.All())
	for _, c := range loadCases(t) {
		in, err := c.Input()
		if err != nil {
			t.Fatal(err)
		}
		before := snapshot(in)
		answers := make([]string, 4)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = spelt(e.Evaluate(in, time.Unix(0, 0))) })
		}
		wg.Wait()
		if len(slices.Compact(answers)) != 1 {
			t.Errorf("%s: the answers differ: %q", c.ID(), answers)
		}
		if diff := cmp.Diff(before, snapshot(in)); diff != "" {
			t.Errorf("%s: the rules changed their input (-before +after):\n%s", c.ID(), diff)
		}
	}
}

func spelt(d engine.Decision) string {
	var b strings.Builder
	for _, v := range d.Verdicts {
		b.WriteString(string(v.Mode) + string(v.Rule.ID) + v.Where() + v.Message + v.Fix + v.Doubt + "\n")
	}
	return b.String()
}

// snapshot is everything of an input that a rule can reach, body included.
func snapshot(in policy.Input) string {
	var b strings.Builder
	for _, o := range []any{in.Object, in.Old, in.Namespace, in.User} {
		raw, _ := json.Marshal(o)
		b.Write(raw)
	}
	if in.Object != nil {
		if pod, ok := in.Object.Pod(); ok {
			raw, _ := json.Marshal(pod.Spec)
			b.Write(raw)
		}
	}
	return b.String()
}

// A pod that fails by itself fails in every workload that makes it, at the same place below the template.
func TestWrappingChangesNothingButThePath(t *testing.T) {
	e := newEngine(t, rules.All())
	wrapped := 0
	for _, c := range loadCases(t) {
		var pod struct {
			Kind     string         `json:"kind"`
			Metadata map[string]any `json:"metadata"`
			Spec     map[string]any `json:"spec"`
		}
		if err := json.Unmarshal(c.Object, &pod); err != nil {
			t.Fatal(err)
		}
		if pod.Kind != "Pod" || c.Dir != fixtures.Fail || c.Old != nil || c.Request.Given || !aboutPods(c) {
			continue
		}
		wrapped++
		for kind, w := range wrappers(pod.Metadata, pod.Spec) {
			raw, err := json.Marshal(w.object)
			if err != nil {
				t.Fatal(err)
			}
			k := c
			k.Object = raw
			want, got := prefixed(c.Findings, w.prefix), findings(t, e, k)
			if kind == "DaemonSet" {
				want, got = withoutDaemonSets(want), withoutDaemonSets(got)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s in a %s (-want +got):\n%s", c.ID(), kind, diff)
			}
		}
	}
	if wrapped == 0 {
		t.Error("no failing pod was there to wrap")
	}
}

// aboutPods leaves out pods that fail by what they are and not by what they hold.
func aboutPods(c fixtures.Case) bool { return strings.Contains(c.Findings, " spec.") }

// aboutDaemonSets are the rules that treat a DaemonSet in another way than other workloads, by their very subject.
var aboutDaemonSets = map[string]bool{"privileged-daemonset": true, "reserved-placement": true}

func withoutDaemonSets(golden string) string {
	var b strings.Builder
	for line := range strings.Lines(golden) {
		if !aboutDaemonSets[strings.Fields(line)[1]] {
			b.WriteString(line)
		}
	}
	return b.String()
}

type wrapper struct {
	object map[string]any
	prefix string
}

func wrappers(meta, spec map[string]any) map[string]wrapper {
	labels := map[string]any{"app": "wrapped"}
	template := map[string]any{"metadata": map[string]any{"labels": labels}, "spec": spec}
	selector := map[string]any{"matchLabels": labels}
	object := func(group, kind string, spec map[string]any) map[string]any {
		return map[string]any{"apiVersion": group, "kind": kind, "metadata": meta, "spec": spec}
	}
	return map[string]wrapper{
		"Deployment":  {object("apps/v1", "Deployment", map[string]any{"selector": selector, "template": template}), "spec.template."},
		"StatefulSet": {object("apps/v1", "StatefulSet", map[string]any{"selector": selector, "template": template}), "spec.template."},
		"ReplicaSet":  {object("apps/v1", "ReplicaSet", map[string]any{"selector": selector, "template": template}), "spec.template."},
		"DaemonSet":   {object("apps/v1", "DaemonSet", map[string]any{"selector": selector, "template": template}), "spec.template."},
		"ReplicationController": {object("v1", "ReplicationController", map[string]any{"selector": labels, "template": template}),
			"spec.template."},
		"Job": {object("batch/v1", "Job", map[string]any{"template": template}), "spec.template."},
		"CronJob": {object("batch/v1", "CronJob", map[string]any{"schedule": "@daily",
			"jobTemplate": map[string]any{"spec": map[string]any{"template": template}}}), "spec.jobTemplate.spec.template."},
	}
}

func prefixed(golden, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(golden) {
		words := strings.SplitN(line, " ", 3)
		if strings.HasPrefix(words[2], "spec.") {
			words[2] = prefix + words[2]
		}
		b.WriteString(strings.Join(words, " "))
	}
	return b.String()
}
