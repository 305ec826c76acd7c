// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

const (
	// maxResults bounds the results that a report lists. Those that say nothing but what is exempt or documented, and
	// those that could not be judged, have bounds of their own, so that they don't take the place of findings.
	maxResults = 10_000
	maxHidden  = 1_000
	maxFaults  = 100
)

// nowhere is the place of a result that is counted and not listed.
const nowhere = -1

// tally counts, and keeps what the report lists.
type tally struct {
	results []report.Result
	// found counts objects in which something was found, listed or not.
	found int

	shown, hidden, faults int
	// listed has what some listed result says: of each rule and mode at least one is listed.
	listed map[ruled]bool
	// beyond counts what is not listed, by rule; objects of which nothing could be judged have none.
	beyond  map[policy.ID]int
	dropped int

	skipped map[skip]int
	missed  []report.Unread
	at      map[string]int // what was missed -> its place
}

type ruled struct {
	rule policy.ID
	mode policy.Mode
}

// skip is a rule and the facts that it lacked.
type skip struct {
	rule  policy.ID
	needs string
}

func newTally() tally {
	return tally{results: []report.Result{}, listed: map[ruled]bool{}, beyond: map[policy.ID]int{}, skipped: map[skip]int{},
		at: map[string]int{}}
}

// room says whether a result will be listed. A rule's first finding of its mode always is, so that a report with too
// many findings still holds the gravest.
func (t *tally) room(r *report.Result) bool {
	shown := false
	for _, v := range r.Verdicts {
		if v.Shown() {
			shown = true
			if !t.listed[ruled{v.Rule, v.Mode}] {
				return true
			}
		}
	}
	switch {
	case shown:
		return t.shown < maxResults
	case len(r.Verdicts) > 0:
		return t.hidden < maxHidden
	}
	return t.faults < maxFaults
}

// keep lists a result, or counts it, and says where it is.
func (t *tally) keep(r report.Result) int {
	if !t.room(&r) {
		t.dropped++
		t.count(&r)
		return nowhere
	}
	shown := false
	for _, v := range r.Verdicts {
		if v.Shown() {
			shown = true
			t.listed[ruled{v.Rule, v.Mode}] = true
		}
	}
	switch {
	case shown:
		t.shown++
	case len(r.Verdicts) > 0:
		t.hidden++
	default:
		t.faults++
	}
	t.results = append(t.results, r)
	return len(t.results) - 1
}

func (t *tally) count(r *report.Result) {
	counted := map[policy.ID]bool{}
	for _, v := range r.Verdicts {
		if !counted[v.Rule] {
			counted[v.Rule] = true
			t.beyond[v.Rule]++
		}
	}
	for _, f := range r.Faults {
		if !counted[f.Rule] {
			counted[f.Rule] = true
			t.beyond[f.Rule]++
		}
	}
}

// same counts an object whose findings another result lists already.
func (t *tally) same(at int) {
	if at == nowhere {
		t.dropped++
		return
	}
	t.results[at].Live.Same++
}

func (t *tally) skip(list []engine.Skip) {
	for i := range list {
		needs := list[i].Needs[0]
		if len(list[i].Needs) > 1 {
			needs = strings.Join(list[i].Needs, "\x00")
		}
		t.skipped[skip{list[i].Rule, needs}]++
	}
}

// skips returns what was skipped, together with the rules that no audit can ask.
func (t *tally) skips(requestsOnly []policy.ID) []report.Skipped {
	for _, id := range requestsOnly {
		t.skipped[skip{id, "request"}] += 0
	}
	list := make([]report.Skipped, 0, len(t.skipped))
	for s, n := range t.skipped {
		list = append(list, report.Skipped{Rule: s.rule, Needs: strings.Split(s.needs, "\x00"), Objects: n,
			Always: slices.Contains(requestsOnly, s.rule)})
	}
	slices.SortFunc(list, func(a, b report.Skipped) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), slices.Compare(a.Needs, b.Needs))
	})
	return list
}

// miss remembers what could not be read. The same thing is told once, for all rules that saw less.
func (t *tally) miss(what string, err error, rules []policy.ID) {
	why := strings.Join(report.ErrorLines(err), "; ")
	at, known := t.at[what+"\x00"+why]
	if !known {
		at = len(t.missed)
		t.at[what+"\x00"+why] = at
		t.missed = append(t.missed, report.Unread{What: report.Clean(what), Why: why})
	}
	m := &t.missed[at]
	m.Rules = slices.Compact(slices.Sorted(slices.Values(slices.Concat(m.Rules, rules))))
}

// unread returns what could not be read, and what was found but is not listed.
func (t *tally) unread() []report.Unread {
	if t.dropped == 0 {
		return t.missed
	}
	rules := slices.Sorted(maps.Keys(t.beyond))
	counts := make([]string, 0, len(rules))
	for _, id := range rules {
		counts = append(counts, fmt.Sprintf("%s %d", cmp.Or(string(id), "not judged"), t.beyond[id]))
	}
	why := fmt.Sprintf("a report lists %d at most; objects by rule: %s", maxResults, strings.Join(counts, ", "))
	return append(t.missed, report.Unread{What: fmt.Sprintf("%d more objects in which something was found", t.dropped), Why: why,
		Rules: slices.DeleteFunc(rules, func(id policy.ID) bool { return id == "" })})
}
