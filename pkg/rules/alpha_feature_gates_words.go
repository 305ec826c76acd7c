// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/kubecomponent"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// alphaHistory says in which versions a gate is alpha.
func alphaHistory(gate string) string {
	if gate == featuregates.AllAlpha {
		return "it turns on every alpha feature"
	}
	oldest, newest := featuregates.Known()
	var spans []string
	for _, r := range featuregates.AlphaRanges(gate) {
		switch {
		case r.To == newest && r.From > oldest: // What was before the oldest isn't known.
			spans = append(spans, "since "+r.From.String())
		case r.From == r.To:
			spans = append(spans, "in "+r.From.String())
		default:
			spans = append(spans, "in "+r.From.String()+" to "+r.To.String())
		}
	}
	if len(spans) == 0 {
		return "no known version has it, so it may be alpha"
	}
	return "alpha " + strings.Join(spans, " and ")
}

// gateFix says how a component gets rid of an alpha gate: for some, a newer version is enough.
func gateFix(gate string, c kubecomponent.Component, v gateVersions, in policy.Input) string {
	fix := "remove " + gate + "=true"
	last, ok := lastAlpha(gate, v)
	if gate == featuregates.AllAlpha || !ok {
		return fix
	}
	program := c.Name
	if c.Versioned {
		program += " " + c.Minor.String()
	}
	next, stage, leaves := featuregates.LeavesAlpha(gate, last)
	server, known := serverMinor(in)
	switch {
	case !leaves:
		_, newest := featuregates.Known()
		return fix + " from " + program + "; it is still alpha in " + newest.String()
	case stage == "":
		return fix + " from " + program + "; the gate is gone in " + next.String()
	case known && next > server:
		return fix + " from " + program + "; it becomes " + stageWord(stage) + " in " + next.String()
	}
	return fix + ", or upgrade " + program + " to " + next.String() + ", where it is " + stageWord(stage)
}

// lastAlpha returns the newest of the versions that has the gate as alpha.
func lastAlpha(gate string, v gateVersions) (featuregates.Minor, bool) {
	for m := v.to; m >= v.from; m-- {
		if isAlpha(gate, m) {
			return m, true
		}
	}
	return 0, false
}

func stageWord(s featuregates.Stage) string {
	if s == featuregates.GA {
		return "GA"
	}
	return string(s)
}

// doubts joins the reasons for which a finding may be wrong.
func doubts(reasons ...string) string {
	reasons = slices.DeleteFunc(reasons, func(r string) bool { return r == "" })
	return strings.Join(reasons, "; ")
}
