// SPDX-License-Identifier: Apache-2.0

// Package preview tells what another configuration would do: who would be refused or warned, of what is known of the
// past. It reads demarc's own log, the API server's audit log and reports of audits, as streams, in bounded memory.
package preview

import (
	"slices"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// Options say what is asked, and how much memory an answer may take.
type Options struct {
	// Engine has the configuration to try.
	Engine *engine.Engine
	// Rules are those that the engine knows.
	Rules   []policy.Rule
	Profile *provider.Profile
	// Only restricts the answer to these rules; empty for all.
	Only []policy.ID
	// KeepExemptions lets stand whatever exempted a verdict when it was recorded: the configuration to try says nothing of
	// exemptions.
	KeepExemptions bool
	// Complete adds to an input what is known of the cluster around it; nil if nothing is.
	Complete func(*policy.Input) error
	// Now decides which exemptions have run out.
	Now time.Time
	// Since leaves out what is older; zero for nothing.
	Since time.Time
	// DryRuns counts dry runs like all other requests.
	DryRuns bool

	// MaxLine bounds one record, MaxRows each table, MaxStates the bytes of objects that are remembered as they were before
	// a change. Zero for a default.
	MaxLine, MaxRows, MaxStates int

	// Each is called with every request that something was found in, before it is counted. Nil for nobody.
	Each func(SourceKind, Request)
}

// The defaults of the bounds.
const (
	DefaultMaxLine   = 4 << 20
	DefaultMaxRows   = 20_000
	DefaultMaxStates = 64 << 20
)

// Preview gathers an answer. It is not safe for concurrent use.
type Preview struct {
	Options
	only      map[policy.ID]bool
	admission map[policy.ID]*policy.Rule
	interests interests
	states    states

	decisions, audit, live *source
	pending                pending
	problems               problems
}

// New returns a preview that has read nothing yet.
func New(o Options) *Preview {
	if o.MaxLine == 0 {
		o.MaxLine = DefaultMaxLine
	}
	if o.MaxRows == 0 {
		o.MaxRows = DefaultMaxRows
	}
	if o.MaxStates == 0 {
		o.MaxStates = DefaultMaxStates
	}
	p := &Preview{Options: o, admission: map[policy.ID]*policy.Rule{}, interests: interestsOf(o.Rules),
		states: newStates(o.MaxStates), pending: newPending()}
	if len(o.Only) > 0 {
		p.only = map[policy.ID]bool{}
		for _, id := range o.Only {
			p.only[id] = true
		}
	}
	for i := range o.Rules {
		if r := &o.Rules[i]; r.Survey == nil && admits(r) {
			p.admission[r.ID] = r
		}
	}
	return p
}

// admits says whether a rule judges any request: some judge only what is there.
func admits(r *policy.Rule) bool {
	for _, m := range r.Match {
		for _, op := range m.Operations {
			if op != policy.AtRest {
				return true
			}
		}
	}
	return false
}

// asked says whether the answer is about a rule.
func (p *Preview) asked(id policy.ID) bool {
	return p.only == nil || p.only[id]
}

// input is what a record tells of a request.
func (p *Preview) input(r object.Resource, q *Request) policy.Input {
	in := policy.Input{Operation: policy.Operation(q.Operation), Resource: r, Subresource: q.Subresource, Name: q.Name, NamespaceName: q.Namespace}
	if q.userInfo != nil {
		in.User = q.userInfo
	}
	if p.Complete == nil || q.Namespace == "" {
		return in
	}
	// Of what is around, a record's exemptions ask for the namespace only: nobody is asked for parents and owners.
	around := policy.Input{Resource: r, NamespaceName: q.Namespace}
	if p.Complete(&around) == nil {
		in.Namespace = around.Namespace
	}
	return in
}

// again settles a recorded verdict by the configuration to try.
func (p *Preview) again(r engine.Recorded, in policy.Input) (Verdict, bool) {
	if p.admission[r.Rule] == nil || !p.asked(r.Rule) {
		return Verdict{}, false
	}
	settled, ok := p.Engine.Again(r, in, p.Now)
	if !ok {
		return Verdict{}, false
	}
	v := Verdict{Rule: r.Rule, Mode: settled.Mode, Exemption: settled.Exemption}
	if p.KeepExemptions && r.Exemption != "" {
		v.Exemption, v.Mode = r.Exemption, policy.Least(v.Mode, policy.Audit)
	}
	v.held = settled.RuleMode == policy.Deny && v.Mode != policy.Deny
	return v, true
}

// Result returns the answer to everything that was read.
func (p *Preview) Result() *Result {
	p.flush()
	r := &Result{Problems: p.problems.list, MoreProblems: p.problems.more}
	for _, s := range []*source{p.decisions, p.audit, p.live} {
		if s != nil {
			r.Sources = append(r.Sources, s.result())
		}
	}
	return r
}

// source returns the one to count in, and makes it at first.
func (p *Preview) source(at **source, kind SourceKind) *source {
	if *at == nil {
		*at = newSource(kind, p.MaxRows)
	}
	return *at
}

// count adds a request to a source.
func (p *Preview) count(s *source, q *Request) {
	if !p.Since.IsZero() && !q.Time.IsZero() && q.Time.Before(p.Since) {
		s.Older++
		return
	}
	q.Verdicts = slices.DeleteFunc(q.Verdicts, func(v Verdict) bool { return v.Outcome() == Passed })
	q.clean()
	if p.Each != nil && len(q.Verdicts) > 0 {
		p.Each(s.Kind, *q)
	}
	s.add(q, p.DryRuns)
}

// Problem is something in the input that could not be read.
type Problem struct {
	File string `json:"file"`
	// Line is where it stands, from 1; 0 if it is the file as a whole.
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

// maxProblems bounds how many are told one by one.
const maxProblems = 20

type problems struct {
	list []Problem
	more int64
}

func (p *Preview) problem(file string, line int, err error) {
	if len(p.problems.list) == maxProblems {
		p.problems.more++
		return
	}
	p.problems.list = append(p.problems.list, Problem{report.Clean(file), line, cut(strings.Join(report.ErrorLines(err), "; "), 200)})
}
