// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// column is one column of the table: its title, and what it says of a verdict.
type column struct {
	title string
	cell  func(*Result, Verdict) string
}

// columns never change their order or their titles; new ones come last, so that a spreadsheet made for the table stays
// right.
func columns() []column {
	return []column{
		{"cluster", liveCell(func(l *Live) string { return l.Cluster })},
		{"file", func(r *Result, _ Verdict) string { return fileCell(r) }},
		{"line", func(r *Result, _ Verdict) string { return positive(r.Place.Line) }},
		{"operation", func(r *Result, _ Verdict) string { return string(r.named().operation) }},
		{"apiVersion", func(r *Result, _ Verdict) string { return r.named().apiVersion }},
		{"kind", func(r *Result, _ Verdict) string { return r.named().kind }},
		{"namespace", func(r *Result, _ Verdict) string { return r.named().namespace }},
		{"name", func(r *Result, _ Verdict) string { return r.named().name }},
		{"owner", liveCell(func(l *Live) string { return l.Owner })},
		{"same", liveCell(func(l *Live) string { return positive(l.Same) })},
		{"rule", func(_ *Result, v Verdict) string { return string(v.Rule) }},
		{"mode", func(_ *Result, v Verdict) string { return string(v.Mode) }},
		{"state", func(_ *Result, v Verdict) string { return state(v) }},
		{"class", func(_ *Result, v Verdict) string { return string(v.Class) }},
		{"path", func(_ *Result, v Verdict) string { return v.Path }},
		{"message", func(_ *Result, v Verdict) string { return v.Message }},
		{"fix", func(_ *Result, v Verdict) string { return v.Fix }},
		{"clauses", func(_ *Result, v Verdict) string { return join(v.Clauses) }},
		{"doubt", func(_ *Result, v Verdict) string { return v.Doubt }},
		{"existing", func(_ *Result, v Verdict) string { return strconv.FormatBool(v.Existing) }},
		{"exemption", func(_ *Result, v Verdict) string { return v.Exemption }},
		{"customisation", func(_ *Result, v Verdict) string { return v.Customisation }},
		{"expired", func(_ *Result, v Verdict) string { return v.Expired }},
		{"changedBy", changeCell(func(c *Change) string { return c.Manager })},
		{"changedHow", changeCell(func(c *Change) string { return c.how() })},
		{"changedAt", changeCell(func(c *Change) string { return c.when() })},
		{"changedConfidence", changeCell(func(c *Change) string { return string(c.Confidence) })},
	}
}

// WriteCSV writes the findings as a table for spreadsheets, as RFC 4180 has it: a header, then a row for each finding,
// those included that are exempt or documented.
func (r *Report) WriteCSV(w io.Writer) error {
	table := csv.NewWriter(w)
	table.UseCRLF = true
	cols := columns()
	row := make([]string, len(cols))
	for i, c := range cols {
		row[i] = c.title
	}
	if err := table.Write(row); err != nil {
		return err
	}
	for i := range r.Results {
		for _, v := range r.Results[i].Verdicts {
			for j, c := range cols {
				row[j] = harmlessCell(c.cell(&r.Results[i], v))
			}
			if err := table.Write(row); err != nil {
				return err
			}
		}
	}
	table.Flush()
	return table.Error()
}

// harmlessCell keeps a spreadsheet from taking text for a formula, which could send what is in the table elsewhere. Some
// programs leave out space before they look, some take the wide forms of the signs.
func harmlessCell(s string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \n"))
	if strings.ContainsRune("=+-@\t\r＝＋－＠", first) {
		return "'" + s
	}
	return s
}

// state says whether somebody has settled a finding already.
func state(v Verdict) string {
	switch {
	case v.Exemption != "":
		return "exempt"
	case v.Mode == policy.Off:
		return "documented"
	}
	return "open"
}

func fileCell(r *Result) string {
	if r.Live != nil {
		return ""
	}
	return Clean(cmp.Or(r.Place.File, "stdin"))
}

func liveCell(f func(*Live) string) func(*Result, Verdict) string {
	return func(r *Result, _ Verdict) string {
		if r.Live == nil {
			return ""
		}
		return f(r.Live)
	}
}

func changeCell(f func(*Change) string) func(*Result, Verdict) string {
	return func(_ *Result, v Verdict) string {
		if v.Change == nil {
			return ""
		}
		return f(v.Change)
	}
}

// how says what the manager did, and through which subresource.
func (c *Change) how() string {
	if c.Subresource == "" {
		return c.Operation
	}
	return c.Operation + " of " + c.Subresource
}

// when is the time in a form that sorts; empty if it isn't known.
func (c *Change) when() string {
	if c.Time.IsZero() {
		return ""
	}
	return c.Time.UTC().Format(time.RFC3339)
}

func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func join[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s)
	}
	return strings.Join(texts, " ")
}
