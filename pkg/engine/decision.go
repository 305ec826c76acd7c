// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Verdict is a finding and what becomes of it.
type Verdict struct {
	Rule *policy.Rule
	policy.Finding
	// Mode is what happens: Deny refuses, Warn warns, Audit records. Off is a finding that a documented customisation
	// covers: it is shown to whoever asks why something passed, and to nobody else.
	Mode policy.Mode
	// RuleMode is the rule's own mode in the configuration, before anything holds it down.
	RuleMode policy.Mode
	// Bound is the strongest mode that the finding could take in any configuration: what its own bound, doubt, ratchet and
	// ledger leave. An exemption is not part of it: that is the configuration's.
	Bound policy.Mode
	// Existing: the old object had this finding already, so the update made nothing worse.
	Existing bool
	// Exemption names what exempted it: an exemption of the configuration, or the mark.
	Exemption string
	// Expired names an exemption that would have covered it, had it not run out.
	Expired string
	// Customisation is the ID of the ledger entry that covers it.
	Customisation string
}

// Would is the mode that it would have without the ceiling, which is the configuration's own mode.
func (v Verdict) Would() policy.Mode {
	would := policy.Least(v.RuleMode, v.Bound)
	if v.Exemption != "" {
		return policy.Least(would, policy.Audit)
	}
	return would
}

// Skip is a rule that did not run for want of facts.
type Skip struct {
	Rule  policy.ID
	Needs []string // "request", "old object", "namespace", "cluster", "nodes"
}

// Fault is a rule, or a part of the object, that failed. Whatever it would have found is not known.
type Fault struct {
	Rule policy.ID // empty where it is the object
	Err  error
	// Stack is where a rule panicked; empty else.
	Stack string
}

// Decision is what the engine says of one request or object.
type Decision struct {
	Verdicts []Verdict
	Skipped  []Skip
	Faults   []Fault
	// Identity is the provider's identity that asked; its requests are not judged.
	Identity *provider.Identity
	// Mark is the exempting mark, if there is one and the configuration honours it there.
	Mark *Mark
	// Profile is what it was judged by, for whoever puts it into words.
	Profile *provider.Profile
}

// Mark is an exempting mark that was found on the object or on its namespace.
type Mark struct {
	Place v1alpha1.MarkPlace
	Path  *field.Path
	// Added: this request sets it.
	Added bool
}

// Allowed says whether the request may pass.
func (d Decision) Allowed() bool {
	return !d.has(policy.Deny)
}

func (d Decision) has(mode policy.Mode) bool {
	for i := range d.Verdicts {
		if d.Verdicts[i].Mode == mode {
			return true
		}
	}
	return false
}

// MarkPending says whether somebody must be asked before the mark may count: this very request sets it, and there is
// something for it to exempt. The answer goes to SettleMark; until then the mark does not count.
func (d Decision) MarkPending() bool {
	if d.Mark == nil || !d.Mark.Added {
		return false
	}
	for i := range d.Verdicts {
		if d.Verdicts[i].Mode != policy.Off && d.Verdicts[i].Exemption == "" {
			return true
		}
	}
	return false
}

// SettleMark lets the mark count, or ignores it. It returns the decision as it then stands.
func (d Decision) SettleMark(allowed bool) Decision {
	if d.Mark == nil || !allowed {
		return d
	}
	settled := make([]Verdict, len(d.Verdicts))
	for i, v := range d.Verdicts {
		settled[i] = v.exempt(byMark + string(d.Mark.Place))
	}
	d.Verdicts = settled
	return d
}

// byMark begins the name of what exempts where it is a mark; the place follows.
const byMark = "mark on the "

// exempt turns a verdict into a recorded one. What a customisation covers needs no exemption.
func (v Verdict) exempt(by string) Verdict {
	if v.Mode == policy.Off || v.Exemption != "" {
		return v
	}
	v.Exemption, v.Mode = by, policy.Least(v.Mode, policy.Audit)
	return v
}

// Doubtful returns the decision with a doubt on every verdict: none refuses any more.
func (d Decision) Doubtful(doubt string) Decision {
	settled := make([]Verdict, len(d.Verdicts))
	for i, v := range d.Verdicts {
		if v.Doubt == "" {
			v.Doubt = doubt
		}
		v.Mode, v.Bound = policy.Least(v.Mode, policy.Warn), policy.Least(v.Bound, policy.Warn)
		settled[i] = v
	}
	d.Verdicts = settled
	return d
}
