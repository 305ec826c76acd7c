// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// WriteJSON writes the answer as one JSON object, with every row.
func (r *Result) WriteJSON(w io.Writer) error {
	whole := *r
	if whole.Sources == nil {
		whole.Sources = []Source{}
	}
	if whole.Problems == nil {
		whole.Problems = []Problem{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(whole)
}

// WriteCSV writes one line for each group of requests.
func (r *Result) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"source", "outcome", "times", "rules", "user", "operation", "kind", "subresource", "namespace", "name", "first", "last",
		"finding", "why"}}
	for i := range r.Sources {
		s := &r.Sources[i]
		for _, g := range s.Groups {
			rows = append(rows, []string{string(s.Kind), string(g.Outcome), strconv.FormatInt(g.Times, 10), strings.Join(g.Rules, " "), g.User,
				g.Operation, g.Kind, g.Subresource, g.Namespace, g.Name, stamp(g.First), stamp(g.Last), g.Finding, g.Why})
		}
		if o := s.OtherGroups; o != nil {
			rows = append(rows, others(s.Kind, o)...)
		}
	}
	for _, row := range rows {
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := c.Write(row); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	c.Flush()
	return c.Error()
}

// others are the lines for groups that did not fit, one for each outcome.
func others(kind SourceKind, o *Row) [][]string {
	var rows [][]string
	for _, part := range []struct {
		outcome Outcome
		n       int64
	}{{Refused, o.Refused}, {Perhaps, o.Perhaps}, {Warned, o.Warned}, {Recorded, o.Recorded}} {
		if part.n > 0 {
			rows = append(rows, []string{string(kind), string(part.outcome), strconv.FormatInt(part.n, 10), "", "(others)", "", "", "", "", "",
				stamp(o.First), stamp(o.Last), "", ""})
		}
	}
	return rows
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// harmless keeps a spreadsheet from taking what a user wrote for a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
