// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// turnsOn makes the finding for one gate. The message leaves the component's version out: an update of the image that
// keeps the gate makes nothing worse, and the engine tells what was there before by path and message.
func turnsOn(gate, where string, path *field.Path) policy.Finding {
	return policy.Finding{
		Path:    path,
		Message: "must not turn on " + gate + " in " + where + ": " + alphaHistory(gate),
		Fix:     "remove " + gate,
	}
}

// mostGateFindings bounds the findings of one object: one that has more is made to be a burden.
const mostGateFindings = 100

// gateFindings collects findings, each once: the branches of a script often repeat a command.
type gateFindings struct {
	list []policy.Finding
}

func (g *gateFindings) full() bool { return len(g.list) >= mostGateFindings }

func (g *gateFindings) add(f policy.Finding) {
	if g.full() {
		return
	}
	for i := range g.list {
		if g.list[i].Message == f.Message && g.list[i].Path.String() == f.Path.String() {
			return
		}
	}
	g.list = append(g.list, f)
}
