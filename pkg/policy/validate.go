// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Validate is the law for a rule set: everything that can be told from the values alone. It returns every breach.
func Validate(rules []Rule, profile *provider.Profile) error {
	var errs []error
	seen := map[ID]bool{}
	for i := range rules {
		r := &rules[i]
		if seen[r.ID] {
			errs = append(errs, fmt.Errorf("rule %s: another rule has this ID", r.ID))
		}
		seen[r.ID] = true
		for _, problem := range slices.Concat(r.wording(), r.shape(), r.unknownClauses(profile)) {
			errs = append(errs, fmt.Errorf("rule %s: %s", r.ID, problem))
		}
	}
	return errors.Join(errs...)
}

func (r *Rule) wording() []string {
	var bad []string
	say := func(ok bool, problem string) {
		if !ok {
			bad = append(bad, problem)
		}
	}
	say(validID(r.ID), "ID must be lower-case words joined by dashes")
	say(r.Title != "" && !unicode.IsUpper(rune(r.Title[0])) && !strings.HasSuffix(r.Title, "."),
		"Title must be there, without a capital and a full stop")
	say(sentence(r.Doc.Why), "Doc.Why must be sentences")
	say(sentence(r.Doc.Fix), "Doc.Fix must be sentences that begin with a verb")
	say(r.Doc.Note == "" || sentence(r.Doc.Note), "Doc.Note must be sentences")
	say(strings.HasPrefix(r.Since, "v"), `Since must be a version, "v0.1.0"`)
	return bad
}

func (r *Rule) shape() []string {
	var bad []string
	if r.Default.rank() < 0 {
		bad = append(bad, fmt.Sprintf("Default is %q: must be one of %v", r.Default, modes))
	}
	if r.Survey != nil {
		if r.Check != nil || r.Params != nil || len(r.Match) > 0 || r.Needs != (Needs{}) || r.Wants != (Needs{}) {
			bad = append(bad, "a posture rule has a Survey and no Check, Params, Match, Needs or Wants")
		}
		return bad
	}
	if (r.Check == nil) == (r.Params == nil) {
		bad = append(bad, "must have either Check, Params or Survey")
	}
	if r.Params != nil && (r.Params.Defaults == nil || r.Params.Bind == nil) {
		bad = append(bad, "Params must have Defaults and Bind")
	}
	if len(r.Match) == 0 {
		bad = append(bad, "Match must select something")
	}
	for _, m := range r.Match {
		if _, ok := object.ByName(m.GroupResource()); !ok && m.Resource != object.Unknown {
			bad = append(bad, fmt.Sprintf("Match names the unknown resource %s", m.GroupResource()))
		}
		if len(m.Operations) == 0 {
			bad = append(bad, fmt.Sprintf("Match of %s has no operation", m.GroupResource()))
		}
	}
	return bad
}

func (r *Rule) unknownClauses(profile *provider.Profile) []string {
	if len(r.Clauses) == 0 {
		return []string{"must name the clauses that it guards"}
	}
	var bad []string
	for _, id := range r.Clauses {
		if _, ok := profile.Clause(id); !ok {
			bad = append(bad, fmt.Sprintf("names the unknown clause %q", id))
		}
	}
	return bad
}

func validID(id ID) bool {
	for word := range strings.SplitSeq(string(id), "-") {
		if word == "" || strings.ContainsFunc(word, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }) {
			return false
		}
	}
	return true
}

func sentence(s string) bool {
	return s != "" && unicode.IsUpper(rune(s[0])) && (strings.HasSuffix(s, ".") || strings.HasSuffix(s, "`"))
}
