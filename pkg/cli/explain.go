// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

func (a *app) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain RULE|CLAUSE|ENTRY",
		Short: "Say why a rule is there and what to do, what a clause says, or what an entry of the ledger lets pass",
		Long: `Say why a rule is there, what it judges and what to do instead; what a clause of the provider's policy says, and which
rules guard it; or what an entry of the ledger covers: a change that the provider documents, and that therefore passes.`,
		Example: `  demarc explain privileged-daemonset
  demarc explain system-metadata
  demarc explain coredns-custom`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("explain takes one rule, clause or ledger entry; `demarc rules` lists the rules")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.subjects(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runExplain(args[0]) },
	}
}

// subjects lists what can be explained, with titles for shells that show them: rules first, then clauses, then the ledger.
// Where two have one name, the first counts.
func (a *app) subjects() []cobra.Completion {
	var list []cobra.Completion
	seen := map[string]bool{}
	add := func(id, title string) {
		if !seen[id] {
			list = append(list, cobra.CompletionWithDesc(id, title))
		}
		seen[id] = true
	}
	for _, r := range a.rules {
		add(string(r.ID), "rule: "+r.Title)
	}
	for _, c := range a.profile.Clauses {
		add(string(c.ID), "clause: "+c.Title)
	}
	for _, c := range a.profile.Ledger {
		add(c.ID, "documented: "+c.Title)
	}
	return list
}

func (a *app) runExplain(name string) error {
	t := a.terminal()
	p := &page{width: cmp.Or(t.width, report.DefaultWidth), color: t.color}
	rule, isRule := a.rule(policy.ID(name))
	clause, isClause := a.profile.Clause(provider.ClauseID(name))
	entry, isEntry := a.entry(name)
	switch {
	case isRule:
		if err := a.explainRule(p, rule); err != nil {
			return err
		}
	case isClause:
		a.explainClause(p, clause)
	case isEntry:
		a.explainEntry(p, entry)
	default:
		return a.unknown(name)
	}
	_, err := io.WriteString(a.stdout, p.String())
	return err
}

func (a *app) unknown(name string) error {
	var near []string
	for _, s := range a.subjects() {
		id, _, _ := strings.Cut(s, "\t")
		if strings.Contains(id, name) || distance(name, id) <= max(2, len(name)/3) {
			near = append(near, id)
		}
	}
	if len(near) == 0 {
		return fmt.Errorf("there is no rule, clause or ledger entry %q: `demarc rules` lists the rules", name)
	}
	slices.SortStableFunc(near, func(x, y string) int { return distance(name, x) - distance(name, y) })
	return fmt.Errorf("there is no rule, clause or ledger entry %q: did you mean %s?", name, strings.Join(near[:min(3, len(near))], " or "))
}

// distance is how many letters must change to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diagonal
			} else {
				row[j+1] = 1 + min(diagonal, above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func (a *app) explainClause(p *page, c provider.Clause) {
	p.title(string(c.ID), c.Title)
	p.line("a clause of the support policy of " + a.profile.Title)
	p.section("Says", c.Says)
	p.section("Consequence", sentence(report.Consequence(c.Consequence)))
	p.heading("Source")
	p.line(c.Source.Document)
	p.line(c.Source.URL)
	var guards []string
	for _, r := range a.rules {
		if slices.Contains(r.Clauses, c.ID) {
			guards = append(guards, fmt.Sprintf("%s: %s", r.ID, r.Title))
		}
	}
	if len(guards) > 0 {
		p.heading("Guarded by")
		for _, g := range guards {
			p.line(g)
		}
		return
	}
	if c.Posture != "" {
		p.section("Not guarded yet", c.Posture)
		return
	}
	p.section("Not visible", c.Unseen)
}

// sentence makes one of a clause.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }
