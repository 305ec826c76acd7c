// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/rules"
)

// verdict is what became of a request, as kubectl's user sees it.
type verdict struct {
	// refused and warned are the rules that did, in the order of the alphabet.
	refused, warned []string
	// trouble is an end that is not demarc's: an error, or somebody else's warning.
	trouble string
}

// accepted is a request that passed without a word.
var accepted = verdict{}

func refusedBy(rules ...string) verdict { return verdict{refused: rules} }
func warnedBy(rules ...string) verdict  { return verdict{warned: rules} }

func (v verdict) andWarnedBy(rules ...string) verdict {
	v.warned = rules
	return v
}

func (v verdict) String() string {
	var parts []string
	if len(v.refused) > 0 {
		parts = append(parts, "refused by "+strings.Join(v.refused, ", "))
	}
	if len(v.warned) > 0 {
		parts = append(parts, "warned by "+strings.Join(v.warned, ", "))
	}
	if v.trouble != "" {
		parts = append(parts, v.trouble)
	}
	if len(parts) == 0 {
		return "accepted"
	}
	return strings.Join(parts, "; ")
}

// refusal is how kubectl tells of a webhook that refused; each of demarc's
// webhooks has a name below demarc.dev.
var refusal = regexp.MustCompile(`admission webhook "[^"]*\.demarc\.dev" denied the request: `)

const warning = "Warning: "

// verdictOf reads kubectl's output, and how it ended.
func verdictOf(output string, failed error) verdict {
	var v verdict
	refusing := false
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		if text, ok := strings.CutPrefix(line, warning); ok {
			v.addWarning(text)
			continue
		}
		if at := refusal.FindStringIndex(line); at != nil {
			refusing = true
			line = line[at[1]:]
		}
		if rule, ok := leadingRule(line); ok && refusing && !slices.Contains(v.refused, rule) {
			v.refused = append(v.refused, rule)
		}
	}
	slices.Sort(v.refused)
	slices.Sort(v.warned)
	switch {
	case failed != nil && !refusing:
		v.trouble = "failed: " + failed.Error()
	case failed == nil && refusing:
		v.trouble = "refused, and yet kubectl ended well"
	case refusing && len(v.refused) == 0:
		v.trouble = "refused without a rule"
	}
	return v
}

func (v *verdict) addWarning(text string) {
	rest, ours := strings.CutPrefix(text, "demarc: ")
	rule, ok := leadingRule(rest)
	switch {
	case !ours || !ok:
		v.trouble = "a warning that is no rule's"
	case !slices.Contains(v.warned, rule):
		v.warned = append(v.warned, rule)
	}
}

// leadingRule returns the rule whose ID a line begins with.
func leadingRule(line string) (string, bool) {
	word, _, _ := strings.Cut(line, " ")
	word = strings.TrimSuffix(word, ":")
	for _, rule := range rules.All() {
		if word == string(rule.ID) {
			return word, true
		}
	}
	return "", false
}
