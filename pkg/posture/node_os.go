// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var nodeOS = policy.Rule{
	ID:    "node-os",
	Title: "operating system of nodes that AKS has retired, or soon will",
	Doc: policy.Doc{
		Why: "AKS retires operating systems: from a day on it makes no new images of them, and nodes that keep one are out of support. " +
			"Later it removes the images, and then the pool can neither scale nor be repaired.",
		Fix: "Change the pool with `az aks nodepool update --os-sku`. Windows changes with a new pool only.",
		Note: "The days come from a table that says of when it is. What retires within half a year is a note, and so is a system that " +
			"the table does not know. There is one finding for each pool and system.",
	},
	Clauses: []provider.ClauseID{"windows-images", "node-images"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Survey:  surveyNodeOS,
}

func surveyNodeOS(s policy.State) []policy.Sighting {
	table := &s.Provider.NodeSystems
	if len(table.Systems) == 0 {
		return nil
	}
	var found []policy.Sighting
	for _, p := range poolsOf(s) {
		for _, on := range systemsOf(table, p) {
			if f := judgeSystem(table, p, on, s); f != nil {
				f.Path = field.NewPath("status", "nodeInfo", "osImage")
				found = append(found, policy.Sighting{Object: on.nodes[0].Subject, Finding: *f})
			}
		}
	}
	return found
}

// systemsOf groups the nodes of a pool; those that don't say what they run are left out.
func systemsOf(table *provider.NodeSystems, p pool) []onSystem {
	var groups []onSystem
	for _, n := range p.nodes {
		if n.Info.OSImage == "" && n.Info.KernelVersion == "" {
			continue
		}
		system, known := table.Find(labelsOf(n.Subject), n.Info.OSImage, n.Info.KernelVersion)
		if !known {
			system.Title = n.Info.OSImage
		}
		i := slices.IndexFunc(groups, func(g onSystem) bool { return g.known == known && g.system.Title == system.Title })
		if i < 0 {
			i = len(groups)
			groups = append(groups, onSystem{system: system, known: known})
		}
		groups[i].nodes = append(groups[i].nodes, n)
	}
	slices.SortFunc(groups, func(a, b onSystem) int { return strings.Compare(a.system.Title, b.system.Title) })
	return groups
}

func judgeSystem(table *provider.NodeSystems, p pool, on onSystem, s policy.State) *policy.Finding {
	share, retires, gone := p.share(len(on.nodes)), on.system.Retires, on.system.ImagesGone
	switch {
	case !on.known:
		return &policy.Finding{
			Message: fmt.Sprintf("can't be judged: %s is not in the table, which is of %s (%s)", shown(on.system.Title), table.AsOf, share),
			Fix:     "update demarc, and look at the systems that AKS lists",
			Doubt:   "the system may be newer than the table", AtMost: policy.Audit}
	case retires.Begun(s.Now) && gone.Begun(s.Now):
		return &policy.Finding{
			Message: fmt.Sprintf("must be a supported system: %s is retired since %s, its images are gone since %s, and the pool can't scale (%s)",
				on.system.Title, retires, gone, share),
			Fix: changeSystem(p, on), Doubt: planned(table.Table, gone)}
	case retires.Begun(s.Now):
		return &policy.Finding{
			Message: fmt.Sprintf("must be a supported system: %s is retired since %s (%s)", on.system.Title, retires, share),
			Fix:     changeSystem(p, on), Doubt: planned(table.Table, retires)}
	case soon(retires, s.Now, table.NoticeDays):
		return &policy.Finding{
			Message: fmt.Sprintf("must be changed before %s, when %s retires (%s)", retires, on.system.Title, share),
			Fix:     changeSystem(p, on), Doubt: planned(table.Table, retires), AtMost: policy.Audit}
	}
	return nil
}
