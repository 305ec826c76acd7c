// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// Recorded is what a log or an audit annotation keeps of a verdict.
type Recorded struct {
	Rule  policy.ID
	Bound policy.Mode
	// Exemption is what exempted it then.
	Exemption string
}

// Again settles a verdict that was recorded earlier by the configuration of this engine. The input has what the record
// tells of the request. An exemption of the same name counts as it did then, since its selectors may rest on what the
// record does not tell; other exemptions count where they select the input. It is false if there is no such rule.
func (e *Engine) Again(r Recorded, in policy.Input, now time.Time) (v Verdict, known bool) {
	mode, known := e.modes[r.Rule]
	if !known {
		return Verdict{}, false
	}
	in.Provider, in.Marks = e.profile, e.marks
	v = Verdict{RuleMode: mode, Bound: r.Bound, Mode: policy.Least(e.ceiling, mode, r.Bound)}
	if r.Exemption != "" && e.stillExempts(r, now) {
		return v.exempt(r.Exemption), true
	}
	name, expired := e.exempt(r.Rule, in, now)
	v.Expired = expired
	if name != "" {
		v = v.exempt(name)
	}
	return v, true
}

// stillExempts says whether this configuration has what exempted a verdict.
func (e *Engine) stillExempts(r Recorded, now time.Time) bool {
	if place, ok := strings.CutPrefix(r.Exemption, byMark); ok {
		return v1alpha1.MarkPlace(place) == v1alpha1.OnNamespace && e.marks.OnNamespace ||
			v1alpha1.MarkPlace(place) == v1alpha1.OnObject && e.marks.OnObject
	}
	return slices.ContainsFunc(e.exemptions, func(x exemption) bool {
		return x.Name == r.Exemption && x.speaksOf(r.Rule) && (x.Expires == nil || now.Before(x.Expires.Time))
	})
}
