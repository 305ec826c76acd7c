// SPDX-License-Identifier: Apache-2.0

// Package featuregates knows the feature gates of Kubernetes: at which stage each of them stands in which minor
// version, and how a --feature-gates flag is read.
//
// The stage belongs to a gate in a minor version, never to a gate alone: what is alpha in 1.35 may be beta in 1.36.
package featuregates

import (
	"iter"
	"maps"
	"slices"
)

// AllAlpha is the gate that switches every alpha gate on. It is alpha in every version, those that the table
// doesn't know included.
const AllAlpha = "AllAlpha"

// Stage is the maturity of a gate in one minor version.
type Stage string

// The stages that a gate can have.
const (
	Alpha      Stage = "alpha"
	Beta       Stage = "beta"
	GA         Stage = "ga"
	Deprecated Stage = "deprecated"
)

// Spec is what Kubernetes registers for a gate in one minor version.
type Spec struct {
	Stage   Stage
	Default bool
	// Locked says that the gate can't be set to anything but its default.
	Locked bool
}

// Range is a run of consecutive minor versions, both ends included, in which the spec of a gate is the same.
type Range struct {
	From, To Minor
	Spec
}

// Known returns the oldest and the newest minor version of the table. Outside of them Lookup finds nothing but
// AllAlpha, so a caller must ask before it takes an unknown gate for a harmless one.
func Known() (oldest, newest Minor) {
	t := loaded()
	return t.oldest, t.newest
}

// Source returns the Kubernetes release from which the records of a minor version were taken, such as "v1.36.3".
func Source(m Minor) (string, bool) {
	release, ok := loaded().sources[m]
	return release, ok
}

// Lookup returns the spec of a gate in a minor version; names are case-sensitive, as they are in Kubernetes.
// The table has neither the GA nor the deprecated gates of 1.20 and 1.21: those releases don't tell them.
func Lookup(gate string, m Minor) (Spec, bool) {
	if gate == AllAlpha {
		return Spec{Stage: Alpha}, true
	}
	for _, r := range loaded().gates[gate] {
		if r.From <= m && m <= r.To {
			return r.Spec, true
		}
	}
	return Spec{}, false
}

// Ranges returns all that the table knows about a gate, oldest first. The caller owns the result.
func Ranges(gate string) []Range {
	return slices.Clone(loaded().gates[gate])
}

// All iterates over every gate and its ranges, sorted by name. The ranges must not be changed.
func All() iter.Seq2[string, []Range] {
	gates := loaded().gates
	return func(yield func(string, []Range) bool) {
		for _, gate := range slices.Sorted(maps.Keys(gates)) {
			if !yield(gate, gates[gate]) {
				return
			}
		}
	}
}
