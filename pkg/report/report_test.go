// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

var update = flag.Bool("update", false, "rewrite the goldens")

var hostProcess = policy.Rule{
	ID: "host-process", Title: "the node's process table", Clauses: []provider.ClauseID{"acme-components", "acme-metadata"},
	Since: "v0.1.0", Default: policy.Deny, Match: []policy.Match{policy.On(object.Pods, policy.Create)},
	Doc: policy.Doc{
		Why:  "Everything in acme-system is Acme's, and a pod in there that sees every process of a node comes as a surprise to it. Acme may remove it.",
		Fix:  "Move the pod to a namespace of your own. Leave out the privileges that it can do without.",
		Note: "In your own namespace it passes.",
	},
}

var systemLabel = policy.Rule{
	ID: "system-label", Title: "label of the system", Clauses: []provider.ClauseID{"acme-metadata"},
	Since: "v0.1.0", Default: policy.Warn, Match: []policy.Match{policy.On(object.Pods, policy.Create)},
	Doc: policy.Doc{Why: "Acme reads its labels back.", Fix: "Use a key of your own."},
}

func profile(t testing.TB) *provider.Profile {
	t.Helper()
	p, err := provider.Load(os.DirFS("testdata/profile"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	hostPID = field.NewPath("spec", "hostPID")
	hostIPC = field.NewPath("spec", "hostIPC")
	label   = field.NewPath("metadata", "labels").Key("acme.example/role")
)

// decisions are one of each kind.
func decisions(p *provider.Profile) map[string]engine.Decision {
	verdict := func(r *policy.Rule, path *field.Path, message string, change func(*engine.Verdict)) engine.Verdict {
		v := engine.Verdict{Rule: r, Mode: r.Default, RuleMode: r.Default, Bound: policy.Deny, Finding: policy.Finding{Path: path, Message: message}}
		if change != nil {
			change(&v)
		}
		return v
	}
	const move = "move the pod to a namespace of your own"
	return map[string]engine.Decision{
		"denied": {Profile: p, Verdicts: []engine.Verdict{
			verdict(&hostProcess, hostPID, "must not be true", func(v *engine.Verdict) { v.Fix = move }),
			verdict(&hostProcess, hostIPC, "must not be true", func(v *engine.Verdict) { v.Fix = move }),
			verdict(&systemLabel, label, `must not be "master"`, func(v *engine.Verdict) { v.Doubt, v.Bound = "the key is not documented", policy.Warn }),
		}, Skipped: []engine.Skip{{Rule: "node-label", Needs: []string{"request", "old object"}}}},
		"existing": {Profile: p, Verdicts: []engine.Verdict{
			verdict(&hostProcess, hostPID, "must not be true", func(v *engine.Verdict) { v.Mode, v.Existing, v.Bound = policy.Warn, true, policy.Warn }),
			verdict(&systemLabel, nil, "must not be deleted", func(v *engine.Verdict) { v.Mode, v.Expired = policy.Audit, "until-june" }),
		}},
		"passed": {Profile: p, Verdicts: []engine.Verdict{
			verdict(&hostProcess, hostPID, "must not be true", func(v *engine.Verdict) { v.Mode, v.Exemption = policy.Audit, "migration" }),
			verdict(&hostProcess, hostIPC, "must not be true", func(v *engine.Verdict) { v.Mode, v.Customisation = policy.Off, "dns-forwarding" }),
		}, Skipped: []engine.Skip{{Rule: "node-label", Needs: []string{"request", "old object"}}},
			Mark: &engine.Mark{Place: v1alpha1.OnObject, Path: field.NewPath("metadata", "labels").Key("acme.example/exempt"), Added: true}},
		"provider": {Profile: p, Identity: &provider.Identity{User: "acme:control-plane"}},
		"fault":    {Profile: p, Faults: []engine.Fault{{Rule: "host-process", Err: errors.New("panic: index out of range\nsecond line")}, {Err: errors.New("decode Pod: no")}}},
		"clean":    {Profile: p},
	}
}

func whole(t testing.TB) *report.Report {
	p := profile(t)
	d := decisions(p)
	place := func(file string, line int, hint string) report.Place {
		return report.Place{File: file, Line: line, Hint: hint}
	}
	return &report.Report{
		Profile: p,
		Results: []report.Result{
			report.NewResult("m/pods.yaml#1", place("m/pods.yaml", 1, "shop/templates/pod.yaml"), "Pod acme-system/agent", d["denied"]),
			report.NewResult("m/pods.yaml#2", place("m/pods.yaml", 14, ""), "UPDATE Pod acme-system/dns", d["existing"]),
			report.NewResult("m/pods.yaml#3", place("m/pods.yaml", 30, ""), "Pod acme-system/dns", d["passed"]),
			report.NewResult("m/a b,c:%.yaml#1", place("m/a b,c:%.yaml", 1, ""), "Pod shop/web\x1b[2J\u202e", d["denied"]),
			report.NewResult("stdin#1", place("", 2, ""), "DELETE Pod acme-system/dns", d["provider"]),
			report.NewResult("stdin#2", place("", 9, ""), "Pod shop/broken", d["fault"]),
			report.NewResult("stdin#3", place("", 20, ""), "Pod shop/web", d["clean"]),
		},
		Problems: []report.Problem{{Place: place("m/x.yaml", 3, ""), Message: "not readable: did not find\nexpected key"}},
	}
}

func TestGoldens(t *testing.T) {
	for name, write := range map[string]func(*report.Report, *bytes.Buffer) error{
		"text": func(r *report.Report, b *bytes.Buffer) error { return r.WriteText(b, report.TextOptions{}) },
		"verbose": func(r *report.Report, b *bytes.Buffer) error {
			return r.WriteText(b, report.TextOptions{Verbose: true, Width: 70})
		},
		"color": func(r *report.Report, b *bytes.Buffer) error {
			return r.WriteText(b, report.TextOptions{Color: true, Verbose: true})
		},
		"json":    func(r *report.Report, b *bytes.Buffer) error { return r.WriteJSON(b) },
		"sarif":   func(r *report.Report, b *bytes.Buffer) error { return r.WriteSARIF(b, "v1.2.3") },
		"junit":   func(r *report.Report, b *bytes.Buffer) error { return r.WriteJUnit(b) },
		"csv":     func(r *report.Report, b *bytes.Buffer) error { return r.WriteCSV(b) },
		"github":  func(r *report.Report, b *bytes.Buffer) error { return r.WriteGitHub(b) },
		"summary": func(r *report.Report, b *bytes.Buffer) error { b.WriteString(r.Summary() + "\n"); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(whole(t), &b); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
		})
	}
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

func TestNothingToSay(t *testing.T) {
	p := profile(t)
	d := decisions(p)
	r := &report.Report{Profile: p, Results: []report.Result{
		report.NewResult("a#1", report.Place{}, "Pod shop/web", d["clean"]),
		report.NewResult("a#2", report.Place{}, "Pod acme-system/dns", d["passed"]),
	}}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text":   func(b *bytes.Buffer) error { return r.WriteText(b, report.TextOptions{}) },
		"github": func(b *bytes.Buffer) error { return r.WriteGitHub(b) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil || b.Len() > 0 {
			t.Errorf("%s wrote %q (%v), want nothing", name, &b, err)
		}
	}
}

func TestReaches(t *testing.T) {
	p := profile(t)
	for name, want := range map[string]map[policy.Mode]bool{
		"denied":   {policy.Deny: true, policy.Warn: true, policy.Audit: true},
		"existing": {policy.Deny: false, policy.Warn: true, policy.Audit: true},
		"passed":   {policy.Deny: false, policy.Warn: false, policy.Audit: false},
		"clean":    {policy.Deny: false, policy.Warn: false, policy.Audit: false},
	} {
		r := &report.Report{Results: []report.Result{report.NewResult("a#1", report.Place{}, "Pod a", decisions(p)[name])}}
		for mode, want := range want {
			if got := r.Reaches(mode); got != want {
				t.Errorf("%s: Reaches(%s) = %t, want %t", name, mode, got, want)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	got := report.Wrap("one two  three fourteenletters\nx", 9)
	if diff := cmp.Diff([]string{"one two", "three", "fourteenletters", "x"}, got); diff != "" {
		t.Errorf("Wrap (-want +got):\n%s", diff)
	}
}

// TestFingerprints: a finding keeps its fingerprint when lines or its place in a list change, and shares it with none.
func TestFingerprints(t *testing.T) {
	fingerprints := func(line int, indexes ...int) (prints []string) {
		d := engine.Decision{}
		for _, i := range indexes {
			d.Verdicts = append(d.Verdicts, engine.Verdict{Rule: &hostProcess, Mode: policy.Deny, Finding: policy.Finding{
				Path: field.NewPath("spec", "containers").Index(i).Child("image"), Message: "must be"}})
		}
		r := &report.Report{Profile: profile(t), Results: []report.Result{
			report.NewResult("a#1", report.Place{File: "a", Line: line}, "Pod a", d), report.NewResult("a#2", report.Place{File: "a", Line: line}, "Pod b", d)}}
		var b bytes.Buffer
		if err := r.WriteSARIF(&b, ""); err != nil {
			t.Fatal(err)
		}
		var log struct {
			Runs []struct {
				Results []struct{ PartialFingerprints map[string]string }
			}
		}
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		for _, result := range log.Runs[0].Results {
			prints = append(prints, result.PartialFingerprints["demarc/v1"])
		}
		return prints
	}
	got := fingerprints(1, 0, 1)
	if diff := cmp.Diff(got, fingerprints(7, 3, 5)); diff != "" {
		t.Errorf("moved (-before +after):\n%s", diff)
	}
	slices.Sort(got)
	if unique := slices.Compact(slices.Clone(got)); len(unique) != 4 {
		t.Errorf("fingerprints %v, want four", got)
	}
}
