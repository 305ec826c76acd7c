// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// unready returns the nodes of a pool that are not ready for longer than patience, the longest first. A node that is
// about to go is none of them.
func unready(p pool, now time.Time) []*policy.NodeState {
	var lost []*policy.NodeState
	for _, n := range p.nodes {
		if n.Ready.Status != "True" && n.DeletionTimestamp == nil && now.Sub(readySince(n)) >= patience {
			lost = append(lost, n)
		}
	}
	slices.SortFunc(lost, func(a, b *policy.NodeState) int {
		return cmp.Or(readySince(a).Compare(readySince(b)), strings.Compare(a.Name, b.Name))
	})
	return lost
}

// readySince is when the condition last changed; a node that never told any is unready since it was made.
func readySince(n *policy.NodeState) time.Time {
	if n.Ready.Since.IsZero() {
		return n.Created
	}
	return n.Ready.Since
}

func status(n *policy.NodeState) string {
	if n.Ready.Status == "" {
		return "missing"
	}
	return shown(n.Ready.Status)
}

func names(nodes []*policy.NodeState) []string {
	var list []string
	for _, n := range nodes {
		list = append(list, n.Name)
	}
	return list
}

// repair is the command that has a node replaced.
func repair(p pool, node string) string {
	node = argument(node, "<node>")
	if p.karpenter {
		return "run kubectl delete node " + node + ": node auto-provisioning makes a new one"
	}
	return "run az aks nodepool delete-machines -g <group> --cluster-name <cluster> -n " + argument(p.name, "<pool>") +
		" --machine-names " + node
}
