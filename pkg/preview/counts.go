// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Counts says how many requests would come to what.
type Counts struct {
	Refused  int64 `json:"refused"`
	Perhaps  int64 `json:"perhaps"`
	Warned   int64 `json:"warned"`
	Recorded int64 `json:"recorded"`
}

func (c *Counts) add(o Outcome, n int64) {
	switch o {
	case Refused:
		c.Refused += n
	case Perhaps:
		c.Perhaps += n
	case Warned:
		c.Warned += n
	case Recorded:
		c.Recorded += n
	}
}

func (c *Counts) merge(o Counts) {
	c.Refused, c.Perhaps = c.Refused+o.Refused, c.Perhaps+o.Perhaps
	c.Warned, c.Recorded = c.Warned+o.Warned, c.Recorded+o.Recorded
}

// compare puts what matters more first.
func (c Counts) compare(o Counts) int {
	return cmp.Or(cmp.Compare(o.Refused, c.Refused), cmp.Compare(o.Perhaps, c.Perhaps), cmp.Compare(o.Warned, c.Warned),
		cmp.Compare(o.Recorded, c.Recorded))
}

// Span is from the first to the last time; both are zero if none is known.
type Span struct {
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

func (s *Span) add(t time.Time) {
	if t.IsZero() {
		return
	}
	if s.First.IsZero() || t.Before(s.First) {
		s.First = t
	}
	if t.After(s.Last) {
		s.Last = t
	}
}

// Row is what those requests come to that have something in common.
type Row struct {
	Key string `json:"key"`
	Counts
	Span
}

// Table is rows, what matters most first. Rows that did not fit are in Others, all together: their counts are whole. A
// row that was folded into Others and then came up again counts from there, so with Folded above 0 each row is at least
// what it says.
type Table struct {
	Rows   []Row `json:"rows"`
	Others *Row  `json:"others,omitempty"`
	// Folded is how many rows Others stands for; some may have come up twice.
	Folded int64 `json:"folded,omitempty"`
}

// Group is requests that are one thing to a person: the same user doing the same to the same object with the same
// outcome, however often.
type Group struct {
	Outcome     Outcome  `json:"outcome"`
	Rules       []string `json:"rules"`
	User        string   `json:"user,omitempty"`
	Operation   string   `json:"operation,omitempty"`
	Kind        string   `json:"kind"`
	Subresource string   `json:"subresource,omitempty"`
	Namespace   string   `json:"namespace,omitempty"`
	Name        string   `json:"name"`
	Times       int64    `json:"times"`
	Span
	// Finding is one of them: rule, path and message; Why says why it does not refuse, or not for certain.
	Finding string `json:"finding,omitempty"`
	Why     string `json:"why,omitempty"`
}

// groupKey is what the requests of a group share.
type groupKey struct {
	outcome                                                    Outcome
	rules, user, operation, kind, subresource, namespace, name string
}

func keyOf(q *Request, o Outcome) groupKey {
	var names []string
	for _, id := range q.rules(o) {
		names = append(names, string(id))
	}
	return groupKey{o, strings.Join(names, " "), q.User, q.Operation, q.Kind, q.Subresource, q.Namespace, q.Name}
}

// entry is what is kept of a key.
type entry struct {
	Counts
	Span
	finding, why string
}

// bounded counts by key in bounded memory: when it is full, the lesser half of the keys is folded into one.
type bounded[K comparable] struct {
	limit  int
	rows   map[K]*entry
	rest   entry
	folded int64
}

func newBounded[K comparable](limit int) bounded[K] {
	return bounded[K]{limit: limit, rows: map[K]*entry{}}
}

func (b *bounded[K]) add(key K, o Outcome, n int64, at time.Time) *entry {
	e := b.rows[key]
	if e == nil {
		if len(b.rows) >= b.limit {
			b.fold()
		}
		e = &entry{}
		b.rows[key] = e
	}
	e.Counts.add(o, n)
	e.Span.add(at)
	return e
}

func (b *bounded[K]) fold() {
	type pair struct {
		key K
		*entry
	}
	all := make([]pair, 0, len(b.rows))
	for k, e := range b.rows {
		all = append(all, pair{k, e})
	}
	slices.SortFunc(all, func(a, b pair) int { return cmp.Or(a.compare(b.Counts), b.Last.Compare(a.Last)) })
	for _, p := range all[len(all)/2:] {
		b.rest.merge(p.Counts)
		b.rest.Span.add(p.First)
		b.rest.Span.add(p.Last)
		b.folded++
		delete(b.rows, p.key)
	}
}

// table returns the rows, sorted.
func table(b *bounded[string]) Table {
	t := Table{Rows: make([]Row, 0, len(b.rows)), Folded: b.folded}
	for k, e := range b.rows {
		t.Rows = append(t.Rows, Row{k, e.Counts, e.Span})
	}
	slices.SortFunc(t.Rows, func(a, b Row) int { return cmp.Or(a.compare(b.Counts), cmp.Compare(a.Key, b.Key)) })
	if b.folded > 0 {
		t.Others = &Row{"others", b.rest.Counts, b.rest.Span}
	}
	return t
}

// groups returns the groups, gravest outcome first, then by how often.
func groups(b *bounded[groupKey]) []Group {
	list := make([]Group, 0, len(b.rows))
	for k, e := range b.rows {
		list = append(list, Group{Outcome: k.outcome, Rules: strings.Fields(k.rules), User: k.user, Operation: k.operation, Kind: k.kind,
			Subresource: k.subresource, Namespace: k.namespace, Name: k.name,
			Times: e.Refused + e.Perhaps + e.Warned + e.Recorded, Span: e.Span, Finding: e.finding, Why: e.why})
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Outcome.rank(), b.Outcome.rank()), cmp.Compare(b.Times, a.Times), cmp.Compare(a.User, b.User),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Subresource, b.Subresource), slices.Compare(a.Rules, b.Rules))
	})
	return list
}
