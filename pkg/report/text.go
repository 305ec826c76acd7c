// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// TextOptions says how people are told.
type TextOptions struct {
	Color bool
	// Width is that of the terminal. Without one, which is 0, findings are not wrapped.
	Width int
	// Verbose shows what passed too, and why: exempt and documented findings, and the rules that were skipped.
	Verbose bool
	// Now tells how long ago a field of a live object was set; without it, the day is written.
	Now time.Time
}

// WriteText writes the report for people: the findings of each document, then each rule's reason and remedy once. Of
// live clusters it writes the findings by rule, and in the end what was read. Of documents it writes nothing where there
// is nothing to show. Problems and faults are not in it: see Trouble.
func (r *Report) WriteText(w io.Writer, o TextOptions) error {
	t := &text{report: r, TextOptions: o}
	for i := range r.Results {
		if r.Results[i].Live == nil {
			t.result(&r.Results[i])
		}
	}
	if len(r.Clusters) > 0 {
		t.live()
	} else {
		t.reasons()
	}
	if o.Verbose {
		t.skipped()
	}
	_, err := w.Write(t.Bytes())
	return err
}

type text struct {
	bytes.Buffer
	TextOptions
	report *Report
	rules  int // the width of the column of rules in the document at hand
}

// Text styles as terminals know them.
const (
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	yellow = "33"
	cyan   = "36"
)

func (t *text) style(code, s string) string {
	if !t.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// gap separates what follows from what is written already.
func (t *text) gap() {
	if t.Len() > 0 {
		t.WriteByte('\n')
	}
}

func (t *text) result(r *Result) {
	verdicts := t.visible(r)
	if len(verdicts) == 0 && !t.Verbose {
		return
	}
	t.gap()
	t.header(r, t.style(dim, remark(r, len(verdicts))))
	for _, v := range verdicts {
		t.rules = max(t.rules, len(v.Rule))
	}
	for i, v := range verdicts {
		t.verdict(v)
		// What several findings in a row have in common is said once, after the last of them.
		last := i == len(verdicts)-1 || verdicts[i+1].Rule != v.Rule
		if last || verdicts[i+1].Doubt != v.Doubt {
			t.detail("in doubt: ", v.Doubt)
		}
		if v.Shown() && (last || verdicts[i+1].ownFix != v.ownFix) {
			t.detail("fix: ", v.ownFix)
		}
		if v.Shown() {
			t.yaml(v.YAML)
		}
	}
	t.rules = 0
}

// yaml is never wrapped: it is there to be copied.
func (t *text) yaml(s string) {
	for line := range strings.Lines(s) {
		t.WriteString("      " + t.style(dim, strings.TrimSuffix(line, "\n")) + "\n")
	}
}

// remark says why there is nothing below a header, or that there may be more.
func remark(r *Result, verdicts int) string {
	switch {
	case r.Identity != "":
		return "not judged: the request is the provider's, by " + Clean(r.Identity)
	case len(r.Faults) > 0:
		return "could not be judged as a whole"
	case verdicts == 0:
		return "nothing found"
	}
	return ""
}

func (t *text) visible(r *Result) []Verdict {
	var list []Verdict
	for _, v := range r.Verdicts {
		if t.Verbose || v.Shown() {
			list = append(list, v)
		}
	}
	return list
}

func (t *text) header(r *Result, remark string) {
	fmt.Fprintf(t, "%s  %s", t.style(bold, r.Place.String()), r.Object)
	if r.Place.Hint != "" {
		t.WriteString("  " + t.style(dim, "("+Clean(r.Place.Hint)+")"))
	}
	if remark != "" {
		t.WriteString("  " + remark)
	}
	t.WriteByte('\n')
}

// String spells a place the way that editors and terminals follow: file:line.
func (p Place) String() string {
	name := Clean(cmp.Or(p.File, "stdin"))
	if p.Line == 0 {
		return name
	}
	return name + ":" + strconv.Itoa(p.Line)
}

// modeWidth is the width of the column of modes.
const modeWidth = len("exempt")

func (t *text) verdict(v Verdict) {
	word, code := modeWord(v)
	// Padding comes before styling: a terminal does not count the codes, and a format would.
	mode := t.style(code, fmt.Sprintf("%-*s", modeWidth, word))
	path := v.Path
	if path != "" {
		path += ": "
	}
	fmt.Fprintf(t, "  %s  %-*s  ", mode, t.rules, v.Rule)
	t.hanging("", path+v.Says())
	if v.Existing {
		t.detail("", "was there before this request")
	}
	t.detail("exempt by: ", v.Exemption)
	t.detail("this exemption has run out: ", v.Expired)
	if c, ok := t.customisation(v.Customisation); ok {
		t.detail("documented by the provider: ", Clean(c.Title)+" ["+c.ID+"]")
		t.detail("see: ", c.Source.URL)
	}
}

func (t *text) detail(label, s string) {
	if s != "" {
		fmt.Fprintf(t, "%*s", t.column(), "")
		t.hanging(label, s)
	}
}

// column is where messages begin.
func (t *text) column() int { return 2 + modeWidth + 2 + t.rules + 2 }

// hanging writes what follows the columns of mode and rule. In a terminal it is wrapped, so that no word is torn and
// the columns stay clear; elsewhere it is one line, for programs that read lines.
func (t *text) hanging(label, s string) {
	lines := []string{s}
	if room := t.Width - t.column(); t.Width > 0 && len(label)+len(s) > room {
		lines = Wrap(label+s, max(room, narrow))
		lines[0] = strings.TrimPrefix(lines[0], strings.TrimSpace(label))
		lines[0] = strings.TrimPrefix(lines[0], " ")
	}
	for i, line := range lines {
		if i == 0 {
			line = t.style(dim, label) + line
		} else {
			line = strings.Repeat(" ", t.column()) + line
		}
		t.WriteString(line + "\n")
	}
}

// narrow is the least room that messages get.
const narrow = 30

func modeWord(v Verdict) (word, code string) {
	switch {
	case v.Exemption != "":
		return "exempt", dim
	case v.Mode == policy.Off:
		return "pass", dim
	case v.Mode == policy.Deny:
		return string(v.Mode), red
	case v.Mode == policy.Warn:
		return string(v.Mode), yellow
	}
	return string(v.Mode), cyan
}

func (t *text) customisation(id string) (*provider.Customisation, bool) {
	if id == "" {
		return nil, false
	}
	for i := range t.report.Profile.Ledger {
		if c := &t.report.Profile.Ledger[i]; c.ID == id {
			return c, true
		}
	}
	return nil, false
}

// reasons says of each rule that found something why it is there and what to do, once.
func (t *text) reasons() {
	for _, rule := range t.report.shownRules() {
		t.gap()
		fmt.Fprintf(t, "%s  %s\n", t.style(bold, string(rule.ID)), rule.Title)
		t.reason(rule)
	}
}

// reason says why a rule is there and what to do.
func (t *text) reason(rule *policy.Rule) {
	t.paragraph("why", rule.Doc.Why)
	t.paragraph("fix", rule.Doc.Fix)
	for _, c := range clausesOf(t.report.Profile, rule) {
		t.paragraph("see", fmt.Sprintf("%s [%s]: %s", c.Title, c.ID, Consequence(c.Consequence)))
		if c.Source.URL != "" {
			fmt.Fprintf(t, "  %*s  %s\n", labelWidth, "", c.Source.URL)
		}
	}
}

// labelWidth is the width of the column of labels: why, fix, see.
const labelWidth = 3

func (t *text) paragraph(label, sentences string) {
	const indent = 2 + labelWidth + 2
	for i, line := range Wrap(sentences, cmp.Or(t.Width, DefaultWidth)-indent) {
		if i > 0 {
			label = ""
		}
		fmt.Fprintf(t, "  %s%*s  %s\n", t.style(dim, label), labelWidth-len(label), "", line)
	}
}

// shownRules returns the rules whose findings are shown, in the order in which they turn up.
func (r *Report) shownRules() []*policy.Rule {
	var list []*policy.Rule
	seen := map[policy.ID]bool{}
	for i := range r.Results {
		for _, v := range r.Results[i].Verdicts {
			if v.Shown() && v.rule != nil && !seen[v.Rule] {
				seen[v.Rule] = true
				list = append(list, v.rule)
			}
		}
	}
	return list
}
