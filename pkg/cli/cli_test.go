// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// TestGoldens shows what each command prints: standard output, then standard error.
func TestGoldens(t *testing.T) {
	const check = "check -f testdata/pods.yaml -f testdata/review.yaml --context-objects testdata/context.yaml"
	for name, args := range map[string]string{
		"check-text":         check,
		"check-verbose":      check + " -v --config testdata/config.yaml",
		"check-json":         check + " -o json",
		"check-sarif":        check + " -o sarif --config testdata/config.yaml",
		"check-github":       check + " -o github",
		"check-junit":        check + " -o junit --config testdata/config.yaml",
		"check-csv":          check + " -o csv --config testdata/config.yaml",
		"check-redact":       check + " -v --config testdata/config.yaml --redact",
		"check-baseline":     check + " --baseline testdata/baseline.json",
		"check-baseline-bad": check + " --baseline testdata/check-sarif.golden",
		"check-no-baseline":  check + " --baseline nowhere.json",
		"check-problems":     "check -f testdata/broken.yaml -f testdata/values.yaml -f testdata/wrongtype.yaml -f nowhere",
		"check-strict":       "check -f testdata/values.yaml --strict",
		"check-expired":      "check -f testdata/pods.yaml --context-objects testdata/context.yaml --config testdata/config-expired.yaml",
		"rules":              "rules",
		"rules-config":       "rules --config testdata/config.yaml",
		"rules-json":         "rules -o json",
		"explain-rule":       "explain host-process",
		"explain-params":     "explain image-registry",
		"explain-survey":     "explain node-clock",
		"explain-clause":     "explain acme-components",
		"explain-unseen":     "explain acme-zones",
		"explain-entry":      "explain dns-forwarding",
		"config-print":       "config print",
		"config-print-file":  "config print testdata/config.yaml",
		"config-bad":         "config validate testdata/config-bad.yaml testdata/config.yaml testdata/config-expired.yaml",
		"help":               "--help",
		"help-check":         "check --help",
		"help-preview":       "preview --help",
		"preview":            "preview --log testdata/preview/demarc.log --audit-log testdata/preview/audit --context-objects testdata/context.yaml",
		"preview-rule":       "preview --log testdata/preview/demarc.log --rule system-label=deny --since 3d",
		"preview-config":     "preview --log testdata/preview/demarc.log --config testdata/config.yaml --mode Warn --fail-on Warn",
		"preview-problems":   "preview --log nowhere --audit-log testdata/preview/demarc.log --report testdata/preview/demarc.log",
		"completion-rule":    "__complete preview --rule ho",
		"completion-mode":    "__complete preview --rule host-process=",
		"completion-explain": "__complete explain host",
		"completion-entry":   "__complete explain dns",
		"completion-fail-on": "__complete check --fail-on D",
		"completion-output":  "__complete check -o j",
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, "", strings.Fields(args)...)
			version := "" // of the program that the tests make: it differs by machine
			if name == "check-sarif" {
				version = `          "version": "devel",` + "\n"
			}
			golden(t, name, "$ demarc "+args+"\n"+strings.Replace(got.stdout, version, "", 1)+
				"--- exit code "+string(rune('0'+got.code))+"\n"+got.stderr)
		})
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args string
		want int
	}{
		{"", exitClean},
		{"--help", exitClean},
		{"help check", exitClean},
		{"check -f testdata/clean.yaml", exitClean},
		{"check -f testdata/values.yaml", exitClean},
		{"check -f testdata/warned.yaml", exitClean},
		{"check -f testdata/warned.yaml --fail-on Warn", exitFindings},
		{"check -f testdata/warned.yaml --fail-on warn", exitFindings},
		{"check -f testdata/warned.yaml --fail-on warn --baseline testdata/warned.json", exitClean},
		{"check -f testdata/warned.yaml -f testdata/pods.yaml --fail-on warn --context-objects testdata/context.yaml --baseline testdata/warned.json", exitFindings},
		{"check -f testdata/broken.yaml --baseline testdata/warned.json", exitBad},
		{"check -f testdata/warned.yaml --fail-on Audit", exitFindings},
		{"check -f testdata/warned.yaml --context-objects testdata/context.yaml", exitFindings},
		{"check -f testdata/warned.yaml --context-objects testdata/context.yaml --config testdata/config.yaml --fail-on Audit", exitClean},
		{"check -f testdata/warned.yaml --context-objects testdata/context.yaml --config testdata/config-expired.yaml", exitFindings},
		{"check -f testdata/clean.yaml --server-version v1.34.2 -n acme-system", exitClean},
		{"check -f - ", exitClean},
		{"version", exitClean},
		{"rules", exitClean},
		{"config validate testdata/config.yaml testdata/config-expired.yaml", exitClean},

		{"chek", exitBad},
		{"help chek", exitBad},
		{"check", exitBad},
		{"check testdata/clean.yaml", exitBad},
		{"check -f", exitBad},
		{"check --nope", exitBad},
		{"check -f testdata/clean.yaml -o yaml", exitBad},
		{"check -f testdata/clean.yaml --fail-on Off", exitBad},
		{"check -f testdata/clean.yaml --server-version latest", exitBad},
		{"check -f testdata/clean.yaml --config nowhere.yaml", exitBad},
		{"check -f testdata/clean.yaml --config testdata/config-bad.yaml", exitBad},
		{"check -f testdata/clean.yaml --context-objects testdata/broken.yaml", exitBad},
		{"check -f testdata/values.yaml --strict", exitBad},
		{"check -f testdata/broken.yaml", exitBad},
		{"check -f testdata/wrongtype.yaml", exitBad},
		{"check -f testdata/broken.yaml -f testdata/pods.yaml", exitBad},
		{"check -f nowhere", exitBad},
		{"check -f - -f -", exitBad},
		{"check -f testdata/clean.yaml --context prod", exitBad},
		{"check -f testdata/clean.yaml --kubeconfig testdata/context.yaml", exitBad},
		{"check -f testdata/clean.yaml --cluster --kubeconfig nowhere", exitBad},
		{"preview --log testdata/preview/demarc.log", exitFindings},
		{"preview --log testdata/preview/demarc.log --mode audit", exitClean},
		{"preview --log testdata/preview/demarc.log --mode audit --fail-on Audit", exitFindings},
		{"preview --log testdata/preview/demarc.log --mode Warn", exitClean},
		{"preview --log testdata/preview/demarc.log --mode Warn --fail-on Warn", exitFindings},
		{"preview --log testdata/preview/demarc.log --rule host-process=Off", exitClean},
		{"preview --log -", exitClean},
		{"preview", exitBad},
		{"preview testdata/preview/demarc.log", exitBad},
		{"preview --log - --audit-log -", exitBad},
		{"preview --log testdata/preview/demarc.log --mode Strict", exitBad},
		{"preview --log testdata/preview/demarc.log --rule host-process", exitBad},
		{"preview --log testdata/preview/demarc.log --rule nope=Deny", exitBad},
		{"preview --log testdata/preview/demarc.log --rule host-process=Strict", exitBad},
		{"preview --log testdata/preview/demarc.log --since yesterday", exitBad},
		{"preview --log testdata/preview/demarc.log --since -7d", exitBad},
		{"preview --log testdata/preview/demarc.log --top -1", exitBad},
		{"preview --log testdata/preview/demarc.log --max-line 0", exitBad},
		{"preview --log testdata/preview/demarc.log --context prod", exitBad},
		{"preview --log testdata/preview/demarc.log --context-objects testdata/broken.yaml", exitBad},
		{"preview --log testdata/preview/demarc.log --server-version latest", exitBad},
		{"rules all", exitBad},
		{"explain", exitBad},
		{"explain nope", exitBad},
		{"config nope", exitBad},
		{"config validate", exitBad},
		{"config validate testdata/config-bad.yaml", exitBad},
		{"config print testdata/config-bad.yaml", exitBad},
		{"version -o yaml", exitBad},
	} {
		got := run(t, "", strings.Fields(c.args)...)
		if got.code != c.want {
			t.Errorf("demarc %s: exit code %d, want %d\n%s", c.args, got.code, c.want, got.stderr)
		}
		if got.code == exitBad && got.stderr == "" {
			t.Errorf("demarc %s: says nothing", c.args)
		}
	}
}

func TestCheckHTML(t *testing.T) {
	got := run(t, "", "check", "-f", "testdata/pods.yaml", "--context-objects", "testdata/context.yaml", "-o", "html")
	for _, want := range []string{"<!doctype html>", "host-process", "</html>"} {
		if got.code != exitFindings || !strings.Contains(got.stdout, want) {
			t.Errorf("exit code %d, want %d; the page has %q: %t", got.code, exitFindings, want, strings.Contains(got.stdout, want))
		}
	}
}

func TestUsageErrors(t *testing.T) {
	for args, want := range map[string]string{
		"chek":                 "demarc: demarc has no command \"chek\": did you mean check?\nRun 'demarc --help' for how it is used.\n",
		"check --nope":         "demarc: unknown flag: --nope\nRun 'demarc check --help' for how it is used.\n",
		"check a.yaml":         "demarc: files are named by -f: demarc check -f a.yaml\nRun 'demarc check --help' for how it is used.\n",
		"config valdate":       "demarc: demarc config has no command \"valdate\": did you mean validate?\nRun 'demarc config --help' for how it is used.\n",
		"explain hostprocess":  "demarc: there is no rule, clause or ledger entry \"hostprocess\": did you mean host-process?\n",
		"explain dns-forward":  "demarc: there is no rule, clause or ledger entry \"dns-forward\": did you mean dns-forwarding?\n",
		"explain components":   "demarc: there is no rule, clause or ledger entry \"components\": did you mean acme-components?\n",
		"explain qqqqqqqqqqqq": "demarc: there is no rule, clause or ledger entry \"qqqqqqqqqqqq\": `demarc rules` lists the rules\n",
	} {
		if diff := cmp.Diff(want, run(t, "", strings.Fields(args)...).stderr); diff != "" {
			t.Errorf("demarc %s (-want +got):\n%s", args, diff)
		}
	}
}

// TestQuiet: what is clean says nothing, so that a shell script can tell by the output too.
func TestQuiet(t *testing.T) {
	const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}`
	if diff := cmp.Diff(outcome{}, run(t, pod, "check", "-f", "-"), cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("check (-want +got):\n%s", diff)
	}
}

// TestNamespaceOfTheDocuments: a Namespace that is checked tells of the others, but not against the context.
func TestNamespaceOfTheDocuments(t *testing.T) {
	const pod = "\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: other}\nspec: {hostPID: true}\n"
	const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: other"
	managed, plain := namespace+", labels: {acme.example/managed: \"true\"}}", namespace+"}"
	if got := run(t, managed+pod, "check", "-f", "-"); got.code != exitFindings {
		t.Errorf("managed in the documents: exit code %d, want %d", got.code, exitFindings)
	}
	context := filepath.Join(t.TempDir(), "context.yaml")
	if err := os.WriteFile(context, []byte(plain), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := run(t, managed+pod, "check", "-f", "-", "--context-objects", context); got.code != exitClean {
		t.Errorf("managed in the documents, not in the context: exit code %d, want %d", got.code, exitClean)
	}
}

// TestDefaultNamespace: -n is where documents go that name no namespace.
func TestDefaultNamespace(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: agent}\nspec: {hostPID: true}\n"
	args := []string{"check", "-f", "-", "--context-objects", "testdata/context.yaml"}
	if got := run(t, pod, args...); got.code != exitClean {
		t.Errorf("in default: exit code %d, want %d", got.code, exitClean)
	}
	if got := run(t, pod, append(args, "-n", "acme-system")...); got.code != exitFindings {
		t.Errorf("in acme-system: exit code %d, want %d", got.code, exitFindings)
	}
}

// TestPendingMark: nobody here can say whether the user may exempt.
func TestPendingMark(t *testing.T) {
	raw, err := os.ReadFile("testdata/review.yaml")
	if err != nil {
		t.Fatal(err)
	}
	marked := strings.Replace(string(raw), "acme.example/role: worker", "acme.example/exempt: \"true\"", 1)
	got := run(t, marked, "check", "-f", "-", "--context-objects", "testdata/context.yaml")
	if !strings.Contains(got.stderr, "stdin:1: this request sets the exempting mark; whether ada@contoso.example may") {
		t.Errorf("stderr = %q", got.stderr)
	}
}

// TestPrintIsValid: what `config print` prints is a configuration, and changes nothing.
func TestPrintIsValid(t *testing.T) {
	first := run(t, "", "config", "print", "testdata/config.yaml")
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(first.stdout), 0o644); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, run(t, "", "config", "print", file), cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("printed once and twice (-once +twice):\n%s", diff)
	}
}

// TestInterrupt: a check that waits for its input ends with the first signal.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stdin, held := io.Pipe()
	defer held.Close()
	var stdout, stderr bytes.Buffer
	if code := Main(ctx, []string{"check", "-f", "-"}, stdin, &stdout, &stderr); code != exitBad || stderr.String() != "demarc: interrupted\n" {
		t.Errorf("exit code %d, stderr %q", code, &stderr)
	}
}

// TestEveryNameMeansOneThing: what `explain` takes as a rule or a clause must not hide an entry of the ledger. A rule may
// be called like the one clause that it is all about: its page quotes it.
func TestEveryNameMeansOneThing(t *testing.T) {
	a := &app{rules: catalogue.All(), profile: provider.AKS()}
	for _, e := range a.profile.Ledger {
		_, isRule := a.rule(policy.ID(e.ID))
		_, isClause := a.profile.Clause(provider.ClauseID(e.ID))
		if isRule || isClause {
			t.Errorf("%s is an entry of the ledger and something else too", e.ID)
		}
	}
	for _, r := range a.rules {
		if _, isClause := a.profile.Clause(provider.ClauseID(r.ID)); isClause && !slices.Contains(r.Clauses, provider.ClauseID(r.ID)) {
			t.Errorf("%s is a rule and a clause that the rule does not guard", r.ID)
		}
	}
}

// TestExplainPostureRules: each page says that no request is judged, shows a cluster, and how to live with the rule.
func TestExplainPostureRules(t *testing.T) {
	for _, r := range posture.All() {
		var stdout bytes.Buffer
		a := &app{rules: catalogue.All(), profile: provider.AKS(), stdout: &stdout, now: time.Now,
			getenv: func(string) string { return "" }}
		if err := a.runExplain(string(r.ID)); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"\nJudges\n  clusters", "\nExample\n  ", "kind: Cluster\n", "\ngives\n  ", ": Warn " + string(r.ID), "mode: Audit"} {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("the page of %s has no %q:\n%s", r.ID, want, stdout.String())
			}
		}
	}
}
