// SPDX-License-Identifier: Apache-2.0

// Package engine asks the rules and settles what becomes of their findings: modes, doubt, ratchet, documented
// customisations, exemptions. Admission, audit and command line ask it the same question and get the same answer.
package engine

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Engine is a rule set bound to a profile and a configuration. It is safe for concurrent use and never changes.
type Engine struct {
	profile    *provider.Profile
	ceiling    policy.Mode
	marks      policy.MarkScope
	exemptions []exemption
	ledger     map[policy.ID][]*provider.Customisation
	index      map[key]plan
	surveys    []*bound
	modes      map[policy.ID]policy.Mode
}

// key is what a rule is found by. The operation of an object at rest is empty.
type key struct {
	group, plural, subresource string
	operation                  policy.Operation
}

// plan is what happens for one key: the rules that run, and for objects at rest those that can't.
type plan struct {
	rules   []*bound
	skipped []Skip
}

// bound is a rule with its configuration.
type bound struct {
	rule  *policy.Rule
	mode  policy.Mode
	check policy.Check
}

// New binds rules to a profile and a configuration that has been validated. It returns everything that is wrong with
// the rules, and with the parameters that the configuration gives them.
func New(rules []policy.Rule, profile *provider.Profile, cfg *v1alpha1.Configuration) (*Engine, error) {
	if err := policy.Validate(rules, profile); err != nil {
		return nil, err
	}
	exemptions, err := compile(cfg.Exemptions)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		profile: profile, ceiling: cfg.Mode, exemptions: exemptions, ledger: ledgerOf(profile), index: map[key]plan{}, modes: map[policy.ID]policy.Mode{},
		marks: policy.MarkScope{
			OnNamespace: cfg.Marks.Honours(v1alpha1.OnNamespace), OnObject: cfg.Marks.Honours(v1alpha1.OnObject)},
	}
	var errs field.ErrorList
	for i := range rules {
		b, bad := bind(&rules[i], cfg.Rules[rules[i].ID])
		errs = append(errs, bad...)
		e.modes[rules[i].ID] = b.mode
		if len(bad) == 0 && b.mode != policy.Off {
			e.add(b)
		}
	}
	return e, aggregate(errs)
}

func aggregate(errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return errs.ToAggregate()
}

func (e *Engine) add(b *bound) {
	if b.rule.Survey != nil {
		e.surveys = append(e.surveys, b)
		return
	}
	atRest := map[key]bool{}
	for _, m := range b.rule.Match {
		k := key{m.Group, m.Plural, m.Subresource, ""}
		for _, op := range m.Operations {
			if op == policy.AtRest {
				continue
			}
			k.operation = op
			p := e.index[k]
			if slices.Contains(p.rules, b) {
				continue // matched in another version already
			}
			p.rules = append(p.rules, b)
			e.index[k] = p
		}
		if m.Subresource == "" {
			k.operation = policy.AtRest
			atRest[k] = atRest[k] || b.rule.JudgesAtRest(m)
		}
	}
	for k, judges := range atRest {
		p := e.index[k]
		if judges {
			p.rules = append(p.rules, b)
		} else {
			p.skipped = append(p.skipped, Skip{Rule: b.rule.ID, Needs: []string{needRequest}})
		}
		e.index[k] = p
	}
}

// The facts that a rule may lack, as Skip.Needs spells them.
const (
	needRequest   = "request"
	needOld       = "old object"
	needNamespace = "namespace"
	needCluster   = "cluster"
	needNodes     = "nodes"
)

// Evaluate judges one request or object. It has no side effects; now decides which exemptions have run out.
func (e *Engine) Evaluate(in policy.Input, now time.Time) Decision {
	d := Decision{Profile: e.profile}
	if in.User != nil {
		if id, ok := e.profile.Identify(in.User.Username, in.User.Groups); ok {
			d.Identity = &id
			return d
		}
	}
	in.Provider, in.Marks = e.profile, e.marks
	p, ok := e.index[keyOf(in)]
	if !ok {
		return d
	}
	d.Skipped = p.skipped
	for _, b := range p.rules {
		if lacks := missing(b.rule.Needs, in); lacks != nil {
			d.Skipped = append(slices.Clip(d.Skipped), Skip{Rule: b.rule.ID, Needs: lacks})
			continue
		}
		found := len(d.Verdicts)
		e.judge(&d, b, in, now)
		if lacks := missing(b.rule.Wants, in); lacks != nil && len(d.Verdicts) == found {
			d.Skipped = append(slices.Clip(d.Skipped), Skip{Rule: b.rule.ID, Needs: lacks})
		}
	}
	d.blame(in)
	if len(d.Verdicts) > 0 {
		d.Mark = e.mark(in)
		if d.Mark != nil && !d.Mark.Added {
			d = d.SettleMark(true)
		}
	}
	return d
}

func keyOf(in policy.Input) key {
	r := in.Resource
	if _, known := object.ByName(r.GroupResource()); !known {
		r = object.Unknown
	}
	return key{r.Group, r.Plural, in.Subresource, in.Operation}
}

// missing names the facts that a rule needs and the input lacks.
func missing(n policy.Needs, in policy.Input) []string {
	var lacks []string
	if n.Request && in.User == nil {
		lacks = append(lacks, needRequest)
	}
	if n.Old && in.Old == nil && (in.Operation == policy.Update || in.Operation == policy.Delete) {
		lacks = append(lacks, needOld)
	}
	if n.Namespace && in.Namespace == nil && in.Resource.Namespaced {
		lacks = append(lacks, needNamespace)
	}
	if n.Cluster && (in.Cluster == nil || in.Cluster.ServerVersion == "") {
		lacks = append(lacks, needCluster)
	}
	if n.Nodes && (in.Cluster == nil || in.Cluster.Nodes == nil) {
		lacks = append(lacks, needNodes)
	}
	return lacks
}

// judge runs one rule and settles its findings.
func (e *Engine) judge(d *Decision, b *bound, in policy.Input, now time.Time) {
	findings, fault := b.run(in)
	if fault != nil {
		d.Faults = append(d.Faults, *fault)
	}
	if len(findings) == 0 {
		return
	}
	before, fault := b.before(in)
	if fault != nil {
		d.Faults = append(d.Faults, *fault)
	}
	for _, f := range findings {
		v := Verdict{Rule: b.rule, Finding: f, Existing: before.take(f)}
		d.Verdicts = append(d.Verdicts, e.settle(v, b.mode, in, now))
	}
}

// settle finds the mode of a verdict.
func (e *Engine) settle(v Verdict, mode policy.Mode, in policy.Input, now time.Time) Verdict {
	v.RuleMode, v.Bound = mode, policy.Least(policy.Deny, v.AtMost)
	if v.Doubt != "" || v.Existing {
		v.Bound = policy.Least(v.Bound, policy.Warn)
	}
	if c := e.customisation(v, in); c != nil {
		v.Customisation = c.ID
		v.Bound = policy.Least(v.Bound, policy.Warn)
		if c.Effect == provider.Pass {
			v.Mode, v.Bound = policy.Off, policy.Off
			return v
		}
	}
	v.Mode = policy.Least(e.ceiling, mode, v.Bound)
	name, expired := e.exempt(v.Rule.ID, in, now)
	v.Expired = expired
	if name != "" {
		return v.exempt(name)
	}
	return v
}

// run calls the check. A panic is the rule's own: the others still count, and nothing is refused for it.
func (b *bound) run(in policy.Input) (findings []policy.Finding, fault *Fault) {
	defer func() {
		if r := recover(); r != nil {
			fault = &Fault{Rule: b.rule.ID, Err: fmt.Errorf("panic: %v", r), Stack: string(debug.Stack())}
		}
	}()
	return b.check(in), nil
}

// blame records a body that could not be decoded: rules that asked for it saw nothing.
func (d *Decision) blame(in policy.Input) {
	if err := errors.Join(in.Object.Err(), in.Old.Err()); err != nil {
		d.Faults = append(d.Faults, Fault{Err: err})
	}
}
