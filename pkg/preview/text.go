// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/report"
)

// TextOptions says how people are told.
type TextOptions struct {
	Color bool
	// Width is that of the terminal; 0 for report.DefaultWidth.
	Width int
	// Top is how many rows of each table are shown; 0 for all.
	Top int
}

// WriteText writes the answer for people: for each source its tables, what matters most first, and in the end what it
// comes to in a sentence.
func (r *Result) WriteText(w io.Writer, o TextOptions) error {
	t := &text{TextOptions: o}
	if t.Width == 0 {
		t.Width = report.DefaultWidth
	}
	for i := range r.Sources {
		t.source(&r.Sources[i])
	}
	for _, line := range r.Verdicts() {
		t.paragraph(line)
	}
	_, err := w.Write(t.Bytes())
	return err
}

type text struct {
	bytes.Buffer
	TextOptions
}

func (t *text) style(code, s string) string {
	if !t.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Text styles as terminals know them.
const (
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	yellow = "33"
)

func (t *text) paragraph(s string) {
	for _, line := range report.Wrap(s, t.Width) {
		t.WriteString(t.style(bold, line) + "\n")
	}
}

// hang writes a sentence as an item of a list.
func (t *text) hang(s string) {
	for i, line := range report.Wrap(s, t.Width-4) {
		lead := "  "
		if i > 0 {
			lead = "    "
		}
		t.WriteString(lead + t.style(dim, line) + "\n")
	}
}

var titles = map[SourceKind]string{Decisions: "demarc's log", AuditLog: "the audit log", LiveObjects: "the live objects"}

func (t *text) source(s *Source) {
	title := titles[s.Kind] + ":"
	for i, line := range report.Wrap(title+" "+s.headline(), t.Width-2) {
		if rest, ok := strings.CutPrefix(line, title); ok && i == 0 {
			t.WriteString(t.style(bold, title) + rest + "\n")
			continue
		}
		t.WriteString("  " + line + "\n")
	}
	if s.Judged != (Counts{}) {
		t.WriteByte('\n')
		t.tables(s)
		t.things(s)
	}
	notes := s.notes()
	for _, note := range notes {
		t.hang(note)
	}
	if len(notes) > 0 || s.Judged == (Counts{}) {
		t.WriteByte('\n')
	}
}

// headline says what was read, and of what time.
func (s *Source) headline() string {
	read := map[SourceKind]string{Decisions: "line", AuditLog: "record", LiveObjects: "object"}[s.Kind]
	of := "request"
	if s.Kind == LiveObjects {
		of = "object with findings"
	}
	line := count(s.Records, read) + " read, " + count(s.Requests, of)
	switch s.Kind {
	case Decisions:
		line += " with findings"
	case AuditLog:
		line += " that demarc is asked about"
	case LiveObjects:
		line = count(s.Records, read) + " audited, " + number(s.Requests) + " with findings"
	}
	if !s.First.IsZero() {
		line += ", " + minute(s.First)
		if last := minute(s.Last); last != minute(s.First) {
			line += " to " + last
		}
		line += " UTC"
	}
	return line
}

const minuteLayout = "2006-01-02 15:04"

func minute(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(minuteLayout)
}

// things lists what would be refused and what would be warned of: the same thing once, however often it was tried.
func (t *text) things(s *Source) {
	for _, part := range []struct {
		title   string
		outcome Outcome
	}{{"what would be refused", Refused}, {"what would perhaps be refused", Perhaps}, {"what would be warned of", Warned}} {
		var list []Group
		for _, g := range s.Groups {
			if g.Outcome == part.outcome {
				list = append(list, g)
			}
		}
		if len(list) == 0 {
			continue
		}
		how := ", each thing once with how often it was tried"
		if s.Kind == LiveObjects {
			how = ", like ones once with how many there are"
		}
		t.WriteString(t.style(bold, part.title) + t.style(dim, how) + "\n")
		for i := range list {
			if t.Top > 0 && i == t.Top {
				fmt.Fprintf(t, "%*s  and %s more: -o json has them\n", timesWidth, "", number(int64(len(list)-i)))
				break
			}
			t.thing(&list[i])
		}
		t.WriteByte('\n')
	}
}

// timesWidth is that of the column of how often.
const timesWidth = 9

func (t *text) thing(g *Group) {
	margin := strings.Repeat(" ", timesWidth+2)
	what := g.object()
	if g.Operation != "" {
		what = g.Operation + " " + what
	}
	fmt.Fprintf(t, "%*s  %s\n", timesWidth, number(g.Times)+" x", cutMiddle(what, t.Width-timesWidth-2))
	for _, line := range g.byWhen(t.Width - len(margin)) {
		t.WriteString(margin + line + "\n")
	}
	for _, s := range []string{g.Finding, g.Why} {
		for i, line := range report.Wrap(s, t.Width-len(margin)-2) {
			if i > 0 {
				line = "  " + line
			}
			t.WriteString(margin + t.style(dim, line) + "\n")
		}
	}
}

// byWhen says who did it and when, on one line if that fits.
func (g *Group) byWhen(width int) []string {
	var parts []string
	if g.User != "" {
		parts = append(parts, "by "+cutMiddle(g.User, width-3))
	}
	if !g.First.IsZero() {
		when := minute(g.First)
		if last := minute(g.Last); last != when {
			when += " to " + last
		}
		parts = append(parts, when)
	}
	if one := strings.Join(parts, ", "); len(parts) > 1 && len([]rune(one)) <= width {
		return []string{one}
	}
	return parts
}

func (g *Group) object() string {
	q := Request{Kind: g.Kind, Subresource: g.Subresource, Namespace: g.Namespace, Name: g.Name}
	return q.object()
}
