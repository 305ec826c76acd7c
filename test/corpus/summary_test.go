// SPDX-License-Identifier: Apache-2.0

package corpus_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// summary counts objects by area, and findings by rule, area and mode.
type summary struct {
	objects map[string]int
	found   map[policy.ID]map[string]map[policy.Mode]int
}

func newSummary() *summary {
	return &summary{objects: map[string]int{}, found: map[policy.ID]map[string]map[policy.Mode]int{}}
}

func (s *summary) add(area string, found []finding) {
	s.objects[area]++
	for _, f := range found {
		if s.found[f.rule] == nil {
			s.found[f.rule] = map[string]map[policy.Mode]int{}
		}
		if s.found[f.rule][area] == nil {
			s.found[f.rule][area] = map[policy.Mode]int{}
		}
		s.found[f.rule][area][f.mode]++
	}
}

// inCorpus lists the areas.
func (s *summary) inCorpus() []string { return slices.Sorted(maps.Keys(s.objects)) }

func (s *summary) total() int {
	n := 0
	for _, area := range s.inCorpus() {
		n += s.objects[area]
	}
	return n
}

func (s *summary) count(rule policy.ID, mode policy.Mode, areas ...string) int {
	n := 0
	for _, area := range areas {
		n += s.found[rule][area][mode]
	}
	return n
}

// text is the summary for the test's log.
func (s *summary) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	areas := s.inCorpus()
	fmt.Fprintf(w, "%d objects\t%s\n", s.total(), strings.Join(areas, ", "))
	for _, rule := range slices.Sorted(maps.Keys(s.found)) {
		fmt.Fprintf(w, "%s", rule)
		for _, mode := range []policy.Mode{policy.Audit, policy.Warn, policy.Deny} {
			fmt.Fprintf(w, "\t%s %d", mode, s.count(rule, mode, areas...))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	return b.String()
}

// markdown is the summary for readers.
func (s *summary) markdown() string {
	var b strings.Builder
	areas := s.inCorpus()
	b.WriteString("<!-- Written by `go test ./test/corpus -update`. -->\n# What the rules say of ordinary clusters\n\n")
	fmt.Fprintf(&b, "%d objects, as customers deploy them on AKS. None is refused.\n\n", s.total())
	row(&b, "area", []string{"objects"})
	row(&b, "---", []string{"---"})
	for _, area := range areas {
		row(&b, area, []string{fmt.Sprint(s.objects[area])})
	}
	b.WriteString("\nFindings. Audit is recorded and shown to nobody; each Warn has its reason beside its manifest.\n\n")
	row(&b, "rule", []string{"Audit", "Warn", "in (Audit / Warn)"})
	row(&b, "---", []string{"---", "---", "---"})
	for _, rule := range slices.Sorted(maps.Keys(s.found)) {
		var where []string
		for _, area := range areas {
			if audit, warn := s.count(rule, policy.Audit, area), s.count(rule, policy.Warn, area); audit+warn > 0 {
				where = append(where, fmt.Sprintf("%s %d / %d", area, audit, warn))
			}
		}
		row(&b, string(rule), []string{fmt.Sprint(s.count(rule, policy.Audit, areas...)), fmt.Sprint(s.count(rule, policy.Warn, areas...)),
			strings.Join(where, ", ")})
	}
	return b.String()
}

func row(b *strings.Builder, head string, cells []string) {
	fmt.Fprintf(b, "| %s | %s |\n", head, strings.Join(cells, " | "))
}
