// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"testing"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// No clause without a rule that guards it, at admission or in an audit, or a reason why none can, and not both: a reason
// that outlives its truth is a hole that looks like a wall. A clause that says what would show a breach has no rule yet.
func TestEveryClauseIsAnsweredFor(t *testing.T) {
	guarded := map[provider.ClauseID]bool{}
	for _, r := range catalogue.All() {
		for _, id := range r.Clauses {
			guarded[id] = true
		}
	}
	for _, c := range provider.AKS().Clauses {
		answers := 0
		for _, given := range []bool{guarded[c.ID], c.Unseen != "", c.Posture != ""} {
			if given {
				answers++
			}
		}
		if answers != 1 {
			t.Errorf("clause %s: %d of rule, unseen and posture answer for it, want 1", c.ID, answers)
		}
	}
}
