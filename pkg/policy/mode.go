// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
)

// Mode is what happens to a finding.
type Mode string

// The modes, from nothing to refusal.
const (
	Off   Mode = "Off"   // the rule does not run
	Audit Mode = "Audit" // recorded: audit annotation, metric, log
	Warn  Mode = "Warn"  // recorded, and the user sees a warning
	Deny  Mode = "Deny"  // recorded, and the request is refused
)

var modes = []Mode{Off, Audit, Warn, Deny}

// Modes lists the modes from the mildest to the strongest.
func Modes() []Mode { return slices.Clone(modes) }

// ParseMode returns the mode that is spelt s.
func ParseMode(s string) (Mode, error) {
	if m := Mode(s); slices.Contains(modes, m) {
		return m, nil
	}
	return "", fmt.Errorf("unknown mode %q: must be one of %v", s, modes)
}

func (m Mode) rank() int { return slices.Index(modes, m) }

// AtLeast says whether m is as strong as other, or stronger.
func (m Mode) AtLeast(other Mode) bool { return m.rank() >= other.rank() }

// Least returns the mildest of the modes given; an empty one does not count.
func Least(ms ...Mode) Mode {
	least := Deny
	for _, m := range ms {
		if m != "" && m.rank() < least.rank() {
			least = m
		}
	}
	return least
}
