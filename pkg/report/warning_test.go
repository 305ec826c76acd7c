// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

func TestLine(t *testing.T) {
	v := engine.Verdict{Rule: &hostProcess, Mode: policy.Warn, Finding: policy.Finding{
		Path: hostPID, Message: "must not be true", Doubt: "x"}, Existing: true, Exemption: "y"}
	for _, c := range []struct {
		path                *field.Path
		wantLine, wantWords string
	}{
		{hostPID, "Warn host-process spec.hostPID: must not be true", "host-process spec.hostPID: must not be true"},
		{nil, "Warn host-process -: must not be true", "host-process: must not be true"},
	} {
		v.Path = c.path
		if got := report.Line(v); got != c.wantLine {
			t.Errorf("Line = %q, want %q", got, c.wantLine)
		}
		if got := report.Finding(v); got != c.wantWords {
			t.Errorf("Finding = %q, want %q", got, c.wantWords)
		}
	}
}

func TestWarning(t *testing.T) {
	words := strings.TrimSpace(strings.Repeat("word ", 40))
	long := strings.Repeat("k", 150)
	for name, c := range map[string]struct {
		finding policy.Finding
		expired string
		want    string
	}{
		"whole": {policy.Finding{Path: hostPID, Message: "must not be true", Fix: "leave it out"}, "",
			"demarc: host-process: spec.hostPID: must not be true; leave it out [acme-components]"},
		"no path": {policy.Finding{Message: "must not be deleted", Fix: "keep it"}, "",
			"demarc: host-process: must not be deleted; keep it [acme-components]"},
		"the rule's own fix": {policy.Finding{Path: hostPID, Message: "must not be true"}, "",
			"demarc: host-process: spec.hostPID: must not be true; move the pod to a namespace of your own [acme-components]"},
		"exemption that has run out": {policy.Finding{Path: hostPID, Message: "must not be true", Fix: "leave it out"}, "until-june",
			`demarc: host-process: spec.hostPID: must not be true (exemption "until-june" has run out); leave it out [acme-components]`},
		"fix too long": {policy.Finding{Path: hostPID, Message: "must not be true", Fix: words}, "",
			"demarc: host-process: spec.hostPID: must not be true; " + strings.TrimSpace(strings.Repeat("word ", 36)) + "... [acme-components]"},
		"no room for a fix": {policy.Finding{Path: field.NewPath("metadata", "labels").Key(long), Message: "must not be set by a customer", Fix: words}, "",
			"demarc: host-process: metadata.labels[" + long + "]: must not be set by a customer [acme-components]"},
		"path too long": {policy.Finding{Path: field.NewPath("metadata", "annotations").Key(long + long), Message: "must not be set", Fix: "keep it"}, "",
			"demarc: host-process: metadata.annotations[" + strings.Repeat("k", 78) + "..." + strings.Repeat("k", 96) + "]: must not be set [acme-components]"},
		"message too long": {policy.Finding{Path: hostPID, Message: "must be " + long + long, Fix: "keep it"}, "",
			"demarc: host-process: spec.hostPID: must be " + strings.Repeat("k", 191) + "... [acme-components]"},
		"hostile": {policy.Finding{Path: field.NewPath("data").Key("a\nb\x1b[31m\u202e\u200bc\xff"), Message: "must\tbe\u2028so", Fix: "x\r\ny"}, "",
			"demarc: host-process: data[a b\ufffd[31m\ufffd\ufffdc\ufffd]: must be so; x  y [acme-components]"},
	} {
		t.Run(name, func(t *testing.T) {
			got := report.Warning(engine.Verdict{Rule: &hostProcess, Mode: policy.Warn, Finding: c.finding, Expired: c.expired})
			if got != c.want {
				t.Errorf("Warning:\n got %q\nwant %q", got, c.want)
			}
			if len(got) > report.MaxWarning {
				t.Errorf("%d bytes, want %d at most", len(got), report.MaxWarning)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	p := profile(t)
	d := decisions(p)
	warn := func(r *policy.Rule, mode policy.Mode, n int) (list []engine.Verdict) {
		for i := range n {
			list = append(list, engine.Verdict{Rule: r, Mode: mode, Finding: policy.Finding{
				Path: field.NewPath("spec").Index(i), Message: "must not be", Fix: "leave it out", Doubt: map[bool]string{true: "perhaps"}[i == 0]}})
		}
		return list
	}
	many := engine.Decision{}
	for i := range 10 {
		many.Verdicts = append(many.Verdicts, warn(&policy.Rule{ID: policy.ID(fmt.Sprint("rule-", i))}, policy.Warn, 1)...)
	}
	var eight []string
	for i := range 7 {
		eight = append(eight, fmt.Sprintf("demarc: rule-%d: spec[0]: must not be; leave it out", i))
	}
	for name, c := range map[string]struct {
		decision engine.Decision
		want     []string
	}{
		"what refuses is not repeated": {d["denied"], []string{
			`demarc: system-label: metadata.labels[acme.example/role]: must not be "master"; use a key of your own [acme-metadata]`}},
		"exempt and documented ones are not shown": {d["passed"], nil},
		"one line for a rule, the certain finding first": {engine.Decision{Verdicts: warn(&systemLabel, policy.Warn, 3)}, []string{
			"demarc: system-label: spec[1]: must not be (and 2 more); leave it out [acme-metadata]"}},
		"recorded only": {engine.Decision{Verdicts: warn(&systemLabel, policy.Audit, 3)}, nil},
		"bounded":       {many, append(eight, "demarc: 3 more rules found something: the audit log has all of it")},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, report.Warnings(c.decision)); diff != "" {
				t.Errorf("Warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// The API server gives all warnings of a request 4,096 characters in all, drops one that holds a control character, and one
// that is there already: however much is found, and whatever names are chosen, ours get through.
func TestWarningsGetThrough(t *testing.T) {
	hostile := strings.Repeat("\u202e\n\x00\"é", 2000)
	var d engine.Decision
	for i := range 100 {
		name, doubt := "certain", ""
		if i < 50 {
			name, doubt = "doubtful", "perhaps"
		}
		f := policy.Finding{Path: field.NewPath("metadata", "annotations").Key(hostile), Message: hostile, Fix: hostile, Doubt: doubt}
		r := policy.Rule{ID: policy.ID(fmt.Sprintf("%s-%d", name, i)), Clauses: systemLabel.Clauses}
		d.Verdicts = append(d.Verdicts, engine.Verdict{Rule: &r, Mode: policy.Warn, Finding: f, Expired: hostile})
	}
	warnings, runes, seen := report.Warnings(d), 0, map[string]bool{}
	for i, w := range warnings {
		runes += utf8.RuneCountInString(w)
		if seen[w] {
			t.Errorf("dropped, for it is there already: %q", w)
		}
		seen[w] = true
		if _, err := utilnet.NewWarningHeader(299, "-", w); err != nil {
			t.Errorf("dropped: %q: %v", w, err)
		}
		if i < len(warnings)-1 && !strings.HasPrefix(w, "demarc: certain-") {
			t.Errorf("got %q before what is certain", w)
		}
	}
	if len(warnings) != report.MaxWarnings || runes > 4096/2 {
		t.Errorf("%d warnings of %d characters, want %d of 2,048 at most", len(warnings), runes, report.MaxWarnings)
	}
}

// FuzzWarning: whatever users put into names and values, the API server takes the warning, and it stays one line.
func FuzzWarning(f *testing.F) {
	f.Add("spec", "a\nb", "must not be true", "leave it out", "", "")
	f.Add("metadata", strings.Repeat("\u202e", 300), strings.Repeat("é", 300), strings.Repeat("fix it ", 99), "doubt", "\xff\"\"\"\"")
	f.Add("", strings.Repeat("a", 255), strings.Repeat("b ", 255), "", "", strings.Repeat("\"", 99))
	f.Fuzz(func(t *testing.T, name, key, message, fix, doubt, expired string) {
		v := engine.Verdict{Rule: &hostProcess, Mode: policy.Deny, Expired: expired,
			Finding: policy.Finding{Path: field.NewPath("metadata", name).Key(key), Message: message, Fix: fix, Doubt: doubt}}
		checkLine(t, "Line", report.Line(v))
		w := report.Warning(v)
		checkLine(t, "Warning", w)
		if len(w) > report.MaxWarning {
			t.Errorf("%d bytes: %q", len(w), w)
		}
		if !strings.HasPrefix(w, "demarc: host-process: ") || !strings.HasSuffix(w, " [acme-components]") {
			t.Errorf("rule or clause is lost: %q", w)
		}
		if _, err := utilnet.NewWarningHeader(299, "-", w); err != nil {
			t.Errorf("the API server drops %q: %v", w, err)
		}
		d := engine.Decision{Profile: &provider.Profile{}, Verdicts: []engine.Verdict{v, v, v, v, v, v, v}}
		if r := report.Refusal(d); len(r) > report.MaxRefusal {
			t.Errorf("refusal of %d bytes", len(r))
		} else {
			checkLine(t, "Refusal", strings.ReplaceAll(r, "\n", " "))
		}
		for key, value := range report.AuditAnnotations(d) {
			checkLine(t, key, value)
		}
	})
}

func checkLine(t *testing.T, what, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("%s is not UTF-8: %q", what, s)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			t.Errorf("%s holds %U: %q", what, r, s)
		}
	}
}
