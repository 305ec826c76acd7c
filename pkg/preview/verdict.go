// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"fmt"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// Verdicts says in a sentence for each source what it comes to.
func (r *Result) Verdicts() []string {
	var lines []string
	for i := range r.Sources {
		s, begin := &r.Sources[i], r.Question
		if len(r.Sources) > 1 && begin != "" {
			begin = "By " + titles[s.Kind] + ": " + strings.ToLower(begin[:1]) + begin[1:]
		}
		lines = append(lines, begin+" "+s.verdict())
	}
	return lines
}

// verdict is the end of the sentence that the question begins.
func (s *Source) verdict() string {
	if s.Kind == LiveObjects {
		return s.liveVerdict()
	}
	within := s.within()
	var b strings.Builder
	switch {
	case s.Judged.Refused > 0:
		fmt.Fprintf(&b, "would have refused %s%s by %s in %s%s", count(s.Judged.Refused, "request"), s.different(), users(&s.Users),
			places(&s.Namespaces), within)
		if top := s.Users.Rows; len(top) > 0 && atLeastTwo(top) {
			fmt.Fprintf(&b, "; %s of them by %s", number(top[0].Refused), top[0].Key)
		}
		b.WriteString(".")
	default:
		fmt.Fprintf(&b, "would have refused nothing%s.", within)
	}
	if s.Judged.Perhaps > 0 {
		fmt.Fprintf(&b, " It might have refused %s more: the record does not tell for certain.", number(s.Judged.Perhaps))
	}
	if s.Judged.Warned > 0 {
		fmt.Fprintf(&b, " It would have warned of %s.", count(s.Judged.Warned, "request"))
	}
	if n := s.untoldRequests(); n > 0 {
		fmt.Fprintf(&b, " Of %s the record has not enough to tell.", count(n, "request"))
	}
	return b.String()
}

// different says how many things were refused, where some were tried again.
func (s *Source) different() string {
	n := int64(0)
	for i := range s.Groups {
		if s.Groups[i].Outcome == Refused {
			n++
		}
	}
	if n == s.Judged.Refused || s.OtherGroups != nil {
		return ""
	}
	return ", " + number(n) + " different ones,"
}

func (s *Source) liveVerdict() string {
	if s.Judged.Refused+s.Judged.Warned == 0 {
		return "would refuse none of the objects that are there, nor warn of any, if they were made anew."
	}
	return fmt.Sprintf("would refuse %s that are there and warn of %s, if they were made anew. A change that leaves them as they are only warns.",
		count(s.Judged.Refused, "object"), number(s.Judged.Warned))
}

func atLeastTwo(rows []Row) bool { return len(rows) > 1 && rows[1].Refused > 0 }

// within says over which time the source goes.
func (s *Source) within() string {
	d := s.Last.Sub(s.First)
	switch {
	case s.First.IsZero():
		return ""
	case d >= 48*time.Hour:
		return fmt.Sprintf(" within %d days", int((d+12*time.Hour)/(24*time.Hour)))
	case d >= 2*time.Hour:
		return fmt.Sprintf(" within %d hours", int((d+30*time.Minute)/time.Hour))
	case d >= 2*time.Minute:
		return fmt.Sprintf(" within %d minutes", int((d+30*time.Second)/time.Minute))
	}
	return " at " + minute(s.First) + " UTC"
}

// users counts those with a refusal.
func users(t *Table) string { return refusedRows(t, "user") }

// places counts the namespaces with a refusal.
func places(t *Table) string {
	if s := refusedRows(t, "namespace"); !strings.HasPrefix(s, "0 ") {
		return s
	}
	return "no namespace"
}

func refusedRows(t *Table, thing string) string {
	n := int64(0)
	for _, r := range t.Rows {
		if r.Refused > 0 {
			n++
		}
	}
	if t.Others != nil && t.Others.Refused > 0 {
		return "more than " + count(n, thing)
	}
	return count(n, thing)
}

func (s *Source) untoldRequests() (n int64) {
	for _, u := range s.Untold {
		n += u.Requests
	}
	return n
}

// notes says what the tables leave out, and why.
func (s *Source) notes() []string {
	var list []string
	thing := "request"
	if s.Kind == LiveObjects {
		thing = "object"
	}
	say := func(n int64, text string) {
		if n > 0 {
			list = append(list, text)
		}
	}
	say(s.Failed.Requests, "not in the tables: "+count(s.Failed.Requests, "request")+" that failed for another reason"+s.Failed.refusals())
	say(s.DryRuns.Requests, "not in the tables: "+count(s.DryRuns.Requests, "dry run")+s.DryRuns.refusals()+" --dry-runs counts them.")
	say(s.Provider, "never judged: "+count(s.Provider, "request")+" of the provider, of nodes and of built-in controllers.")
	say(s.Older, "left out: "+count(s.Older, "request")+" older than --since.")
	for _, u := range s.Untold {
		list = append(list, fmt.Sprintf("not enough to tell for %s: %s.", count(u.Requests, "request"), u.Why))
	}
	for _, k := range s.Skipped {
		list = append(list, fmt.Sprintf("%s could not judge %s: it needs the %s.", k.Rule, count(k.Requests, thing), k.Needs))
	}
	say(s.LeftOut, fmt.Sprintf("the log itself left out %s in a flood: the numbers are too low by that. The audit log is complete.", count(s.LeftOut, "finding")))
	if s.Kind == Decisions && s.Requests == 0 && s.Records > 0 {
		list = append(list, "no line tells of a finding: is it the log of `demarc serve`?")
	}
	say(s.Rules.Folded+s.Namespaces.Folded+s.Users.Folded+s.Kinds.Folded,
		"there are more names than fit: those with the fewest were put together, and some rows may count a little too low.")
	return list
}

// refusals says how many of what stands apart would have been refused.
func (a *Apart) refusals() string {
	n := a.Judged.Refused + a.Judged.Perhaps
	if n == 0 {
		return ". None of them would have been refused."
	}
	return ", of which " + number(n) + " would have been refused."
}

// Reaches says whether a request of the past, or an object, would come to what the mode says, or to more.
func (r *Result) Reaches(mode policy.Mode) bool {
	for i := range r.Sources {
		c := r.Sources[i].Judged
		n := c.Refused + c.Perhaps
		if policy.Warn.AtLeast(mode) {
			n += c.Warned
		}
		if policy.Audit.AtLeast(mode) {
			n += c.Recorded
		}
		if n > 0 {
			return true
		}
	}
	return false
}
