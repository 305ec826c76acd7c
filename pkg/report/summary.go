// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// Summary is the report on one line.
func (r *Report) Summary() string {
	counts := map[policy.Mode]int{}
	exempt, documented := 0, 0
	for i := range r.Results {
		for _, v := range r.Results[i].Verdicts {
			switch {
			case v.Exemption != "":
				exempt++
			case v.Mode == policy.Off:
				documented++
			default:
				counts[v.Mode]++
			}
		}
	}
	parts := []string{plural(len(r.Results), "document"), r.findings(counts)}
	if len(r.Clusters) > 0 {
		parts = r.liveSummary(r.findings(counts))
	}
	for _, extra := range []struct {
		n    int
		text string
	}{
		{exempt, fmt.Sprintf("%d exempt", exempt)},
		{documented, fmt.Sprintf("%d documented by the provider", documented)},
		{len(r.skips()), plural(len(r.skips()), "rule") + " skipped"},
		{len(r.Trouble()), plural(len(r.Trouble()), "problem")},
	} {
		if extra.n > 0 {
			parts = append(parts, extra.text)
		}
	}
	return strings.Join(parts, ", ")
}

func (r *Report) findings(counts map[policy.Mode]int) string {
	total := counts[policy.Deny] + counts[policy.Warn] + counts[policy.Audit]
	if total == 0 {
		return "nothing found"
	}
	return fmt.Sprintf("%s (%d Deny, %d Warn, %d Audit)", plural(total, "finding"),
		counts[policy.Deny], counts[policy.Warn], counts[policy.Audit])
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Trouble lists what could not be judged, one line each, sorted by place: clusters, the report's problems, and the faults
// of its results.
func (r *Report) Trouble() []string {
	list := slices.Clone(r.Problems)
	for i := range r.Results {
		result := &r.Results[i]
		for _, f := range result.Faults {
			list = append(list, Problem{result.where(), result.Object + ": could not be judged: " + f.text()})
		}
	}
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	lines := make([]string, 0, len(list)+len(r.Clusters))
	for _, c := range r.Clusters {
		if c.Error != "" {
			lines = append(lines, Clean(c.Name+": could not be audited: "+c.Error))
		}
	}
	for _, p := range list {
		lines = append(lines, Clean(p.Place.String()+": "+p.Message))
	}
	return lines
}

// where is the place of a result; that of a live object is its cluster.
func (r *Result) where() Place {
	if r.Live != nil {
		return Place{File: r.Live.Cluster}
	}
	return r.Place
}

func (f Fault) text() string {
	if f.Rule == "" {
		return f.Error
	}
	return "rule " + string(f.Rule) + ": " + f.Error
}

// skip is a rule that lacked the same facts for a number of documents.
type skip struct {
	rule      policy.ID
	needs     string
	documents int
}

// skips counts for each rule and want how many documents it was skipped on, in the order in which they turn up.
func (r *Report) skips() []skip {
	var list []skip
	index := map[skip]int{}
	for i := range r.Results {
		for _, s := range r.Results[i].Skipped {
			k := skip{rule: s.Rule, needs: strings.Join(s.Needs, " and the ")}
			at, ok := index[k]
			if !ok {
				at = len(list)
				index[k], list = at, append(list, k)
			}
			list[at].documents++
		}
	}
	return list
}

// skipped says which rules did not run, and for want of what.
func (t *text) skipped() {
	skips := t.report.skips()
	if len(skips) == 0 {
		return
	}
	t.gap()
	t.WriteString(t.style(bold, "skipped") + "\n")
	width := 0
	for _, s := range skips {
		width = max(width, len(s.rule))
	}
	for _, s := range skips {
		fmt.Fprintf(t, "  %-*s  on %s: needs the %s\n", width, s.rule, plural(s.documents, "document"), s.needs)
	}
}

// DefaultWidth is the width at which sentences read well.
const DefaultWidth = 100

// Wrap breaks sentences into lines of at most width bytes, at spaces; a longer word has a line of its own.
func Wrap(s string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
