// SPDX-License-Identifier: Apache-2.0

package featuregates

import "strings"

// LeavesAlpha returns the first minor version after m in which the gate isn't alpha any more, and its stage there,
// which is empty if the gate was removed. It returns false if the gate isn't alpha in m, or is so to the end of the table.
func LeavesAlpha(gate string, m Minor) (Minor, Stage, bool) {
	spec, known := Lookup(gate, m)
	_, newest := Known()
	if !known || spec.Stage != Alpha || gate == AllAlpha {
		return 0, "", false
	}
	for next := m + 1; next <= newest; next++ {
		if spec, _ := Lookup(gate, next); spec.Stage != Alpha {
			return next, spec.Stage, true
		}
	}
	return 0, "", false
}

// AlphaRanges returns the minor versions of the table in which the gate is alpha, oldest first; neighbours that differ
// in the default only are joined.
func AlphaRanges(gate string) []Range {
	var alpha []Range
	for _, r := range joined(gate) {
		if r.Stage == Alpha {
			alpha = append(alpha, r)
		}
	}
	return alpha
}

// History puts the stages of a gate into words, such as "alpha in 1.32 to 1.35, beta since 1.36"; it is empty for a gate
// that the table doesn't have. It is ASCII throughout, so that it fits into a warning header.
func History(gate string) string {
	if gate == AllAlpha {
		return "alpha in every version"
	}
	_, newest := Known()
	var parts []string
	for _, r := range joined(gate) {
		parts = append(parts, r.words(newest))
	}
	return strings.Join(parts, ", ")
}

func (r Range) words(newest Minor) string {
	stage := string(r.Stage)
	if r.Stage == GA {
		stage = "GA"
	}
	switch {
	case r.From == r.To:
		return stage + " in " + r.From.String()
	case r.To == newest:
		return stage + " since " + r.From.String()
	}
	return stage + " in " + r.From.String() + " to " + r.To.String()
}

// joined returns the ranges of a gate by stage alone; their default and lock are those of the first of each run.
func joined(gate string) []Range {
	var result []Range
	for _, r := range loaded().gates[gate] {
		last := len(result) - 1
		if last >= 0 && result[last].Stage == r.Stage && result[last].To+1 == r.From {
			result[last].To = r.To
			continue
		}
		result = append(result, r)
	}
	return result
}
