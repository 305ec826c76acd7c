// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"cmp"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// SourceKind is where an answer comes from.
type SourceKind string

// The sources.
const (
	Decisions   SourceKind = "decisions"    // demarc's own log
	AuditLog    SourceKind = "audit-log"    // the API server's
	LiveObjects SourceKind = "live-objects" // what an audit found
)

// Result is the answer.
type Result struct {
	// Question is what was asked, in words.
	Question string   `json:"question"`
	Sources  []Source `json:"sources"`
	// Problems are what could not be read; MoreProblems counts those beyond the ones told.
	Problems     []Problem `json:"problems"`
	MoreProblems int64     `json:"moreProblems,omitempty"`
}

// Source is what one source tells. The same request may stand in demarc's log and in the audit log, so their numbers are
// not added up.
type Source struct {
	Kind SourceKind `json:"kind"`
	Span
	// Records is how many lines, events or objects were read, whatever they were about.
	Records int64 `json:"records"`
	// Requests is how many of them demarc would be asked about, or in its own log found something in.
	Requests int64 `json:"requests"`
	// Judged counts those by what would become of them; the rest passes.
	Judged Counts `json:"judged"`
	// Failed requests, and dry runs unless they were asked for, are no part of Judged and the tables.
	Failed  Apart `json:"failed"`
	DryRuns Apart `json:"dryRuns"`
	// Provider is requests of the provider's own identities: not judged.
	Provider int64 `json:"provider"`
	// Older is what was left out for its age.
	Older int64 `json:"older,omitempty"`
	// Untold says of how many requests the record has not enough to tell, and why.
	Untold []Untold `json:"untold,omitempty"`
	// Skipped says which rules could not judge how many requests, for want of what.
	Skipped []Skipped `json:"skipped,omitempty"`
	// LeftOut is how many findings demarc's log says it left out.
	LeftOut int64 `json:"leftOut,omitempty"`

	Rules      Table `json:"rules"`
	Namespaces Table `json:"namespaces"`
	Users      Table `json:"users"`
	Kinds      Table `json:"kinds"`
	// Groups are the requests themselves, those that are one thing together.
	Groups []Group `json:"groups"`
	// OtherGroups counts the requests whose groups did not fit.
	OtherGroups *Row `json:"otherGroups,omitempty"`
}

// Apart is requests that are counted for themselves, and what would become of them.
type Apart struct {
	Requests int64  `json:"requests"`
	Judged   Counts `json:"judged"`
}

// Untold is a reason why nothing can be said of requests.
type Untold struct {
	Why      string `json:"why"`
	Requests int64  `json:"requests"`
}

// Skipped is a rule that lacked something.
type Skipped struct {
	Rule     policy.ID `json:"rule"`
	Needs    string    `json:"needs"`
	Requests int64     `json:"requests"`
}

type skipKey struct {
	rule  policy.ID
	needs string
}

// source counts what one source tells.
type source struct {
	Source
	untold                          map[string]int64
	skipped                         map[skipKey]int64
	rules, namespaces, users, kinds bounded[string]
	groups                          bounded[groupKey]
}

func newSource(kind SourceKind, limit int) *source {
	return &source{Source: Source{Kind: kind}, untold: map[string]int64{}, skipped: map[skipKey]int64{},
		rules: newBounded[string](limit), namespaces: newBounded[string](limit), users: newBounded[string](limit),
		kinds: newBounded[string](limit), groups: newBounded[groupKey](limit)}
}

// add counts a request that was judged.
func (s *source) add(q *Request, dryRuns bool) {
	s.Span.add(q.Time)
	s.Requests += q.times
	outcome := q.Outcome()
	switch {
	case q.Failed:
		s.Failed.add(outcome, q.times)
		return
	case q.DryRun && !dryRuns:
		s.DryRuns.add(outcome, q.times)
		return
	case outcome == Passed:
		return
	}
	s.Judged.add(outcome, q.times)
	for _, o := range Outcomes()[:4] {
		for _, id := range q.rules(o) {
			if !louder(q, id, o) {
				s.rules.add(string(id), o, q.times, q.Time)
			}
		}
	}
	if q.Namespace != "" {
		s.namespaces.add(q.Namespace, outcome, q.times, q.Time)
	}
	if q.User != "" {
		s.users.add(q.User, outcome, q.times, q.Time)
	}
	kind := q.Kind
	if q.Subresource != "" {
		kind += "/" + q.Subresource
	}
	s.kinds.add(kind, outcome, q.times, q.Time)
	e := s.groups.add(keyOf(q, outcome), outcome, q.times, q.Time)
	if v := q.weightiest(); e.finding == "" {
		e.finding, e.why = finding(v), cmp.Or(v.Unsure, v.Why)
	}
}

// louder says whether a rule has a graver finding in the request than that outcome.
func louder(q *Request, id policy.ID, o Outcome) bool {
	return slices.ContainsFunc(q.Verdicts, func(v Verdict) bool { return v.Rule == id && v.Outcome().rank() < o.rank() })
}

func finding(v *Verdict) string {
	s := string(v.Rule)
	if v.Path != "" {
		s += " " + v.Path
	}
	if v.Message != "" {
		s += ": " + v.Message
	}
	return s
}

func (a *Apart) add(o Outcome, n int64) {
	a.Requests += n
	a.Judged.add(o, n)
}

func (s *source) result() Source {
	r := s.Source
	r.Rules, r.Namespaces, r.Users, r.Kinds = table(&s.rules), table(&s.namespaces), table(&s.users), table(&s.kinds)
	r.Groups = groups(&s.groups)
	if s.groups.folded > 0 {
		r.OtherGroups = &Row{"others", s.groups.rest.Counts, s.groups.rest.Span}
	}
	for why, n := range s.untold {
		r.Untold = append(r.Untold, Untold{why, n})
	}
	slices.SortFunc(r.Untold, func(a, b Untold) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), strings.Compare(a.Why, b.Why))
	})
	for k, n := range s.skipped {
		r.Skipped = append(r.Skipped, Skipped{k.rule, k.needs, n})
	}
	slices.SortFunc(r.Skipped, func(a, b Skipped) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Rule, b.Rule), strings.Compare(a.Needs, b.Needs))
	})
	return r
}
