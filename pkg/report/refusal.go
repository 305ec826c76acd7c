// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// The bounds of a refusal: it ends up in terminals, events and the status of GitOps objects.
const (
	MaxRefusal = 4096

	maxRefusalPath    = 320
	maxRefusalMessage = 400
	maxRefusalFix     = 240
	maxRefusalWhy     = 240
	maxRefusalLines   = 5
	maxRefusalFixes   = 3
	maxRefusalEnd     = 256
)

// Refusal is what the user of a refused request is told: each finding, which clause of the policy it meets and what
// follows from it, what to do instead, and whom to ask. kubectl prints it after "denied the request: ", so it begins in
// the middle of a line. It has at most MaxRefusal bytes, and is empty for a request that is allowed.
func Refusal(d engine.Decision) string {
	var denied []engine.Verdict
	for _, v := range d.Verdicts {
		if v.Mode == policy.Deny {
			denied = append(denied, v)
		}
	}
	if len(denied) == 0 {
		return ""
	}
	bySeverity(denied)
	p := cmp.Or(d.Profile, &provider.Profile{Title: "the provider"})
	var b strings.Builder
	b.WriteString("outside the support policy of " + p.Title + "\n")
	groups := group(denied)
	for i, g := range groups {
		block := refusalBlock(p, g)
		if b.Len()+len(block) > MaxRefusal-maxRefusalEnd {
			fmt.Fprintf(&b, "\n%d more rules refuse it: the audit log has all of them\n", len(groups)-i)
			break
		}
		b.WriteString("\n" + block)
	}
	fmt.Fprintf(&b, "\nIf it must be, a cluster administrator can exempt it: demarc explain %s", groups[0][0].Rule.ID)
	return b.String()
}

// refusalBlock tells of the findings of one rule.
func refusalBlock(p *provider.Profile, verdicts []engine.Verdict) string {
	var b strings.Builder
	for i, v := range verdicts {
		if i == maxRefusalLines {
			fmt.Fprintf(&b, "%s: and %d more\n", v.Rule.ID, len(verdicts)-i)
			break
		}
		b.WriteString(refusalLine(v) + "\n")
	}
	rule := verdicts[0].Rule
	fmt.Fprintf(&b, "  why: %s\n", cut(firstSentence(rule.Doc.Why), maxRefusalWhy))
	for _, fix := range fixes(verdicts) {
		fmt.Fprintf(&b, "  fix: %s\n", cut(fix, maxRefusalFix))
	}
	for _, c := range clausesOf(p, rule)[:min(1, len(rule.Clauses))] {
		b.WriteString("  see: " + strings.TrimSpace(string(c.ID)+" "+c.Source.URL) + "\n")
	}
	return b.String()
}

// firstSentence is the sentence in which a rule says what the policy says and what follows. A stop within backquotes
// ends none.
func firstSentence(s string) string {
	quoted := false
	for i, c := range s {
		switch {
		case c == '`':
			quoted = !quoted
		case c == '.' && !quoted && (i+1 == len(s) || s[i+1] == ' '):
			return s[:i+1]
		}
	}
	return s
}

func refusalLine(v engine.Verdict) string {
	line := string(v.Rule.ID)
	if path := pathOf(v.Path); path != "" {
		line += " " + cutMiddle(path, maxRefusalPath)
	}
	return line + ": " + cut(Clean(v.Message), maxRefusalMessage) + notes(v, 0)
}

// fixes lists what to do about the verdicts of one rule, each thing once.
func fixes(verdicts []engine.Verdict) []string {
	var list []string
	for _, v := range verdicts {
		if fix := fixOf(v); fix != "" && !slices.Contains(list, fix) && len(list) < maxRefusalFixes {
			list = append(list, fix)
		}
	}
	return list
}

// clausesOf returns the clauses that a rule guards, in its order. One that the profile lacks, which no rule that the
// engine took has, is left with its name alone.
func clausesOf(p *provider.Profile, r *policy.Rule) []provider.Clause {
	clauses := make([]provider.Clause, len(r.Clauses))
	for i, id := range r.Clauses {
		c, ok := p.Clause(id)
		if !ok {
			c = provider.Clause{ID: id, Title: string(id)}
		}
		clauses[i] = c
	}
	return clauses
}
