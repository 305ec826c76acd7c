// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var upgradeReadiness = policy.Rule{
	ID:    "upgrade-readiness",
	Title: "what would hold up or break the next upgrade",
	Doc: policy.Doc{
		Why: "AKS advises against upgrading while pods are lost or in the state Unknown, and failed nodes must be removed first. An " +
			"upgrade drains every node: a PodDisruptionBudget that allows nothing, or a pod that can't be deleted, holds it up until it fails.",
		Fix: "Remove failed nodes and lost pods, let each budget allow at least one disruption, and move off alpha features and APIs " +
			"that the next version drops.",
		Note: "It judges the upgrade to the next minor version. A budget that allows nothing only because a pod is unhealthy just now " +
			"is a note, and so is one of AKS's own.",
	},
	Clauses: []provider.ClauseID{"unhealthy-upgrade"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Survey: func(s policy.State) []policy.Sighting {
		server, ok := featuregates.ParseMinor(s.Cluster.ServerVersion)
		if !ok {
			return health(s)
		}
		return UpgradeReadiness(s, server+1)
	},
}

// UpgradeReadiness finds what would hold up or break an upgrade of the cluster to that minor version.
func UpgradeReadiness(s policy.State, to featuregates.Minor) []policy.Sighting {
	return slices.Concat(health(s), way(s, to), kubeletsLeftBehind(s, to), systemsLeftBehind(s, to),
		gatesLeftBehind(s, to), apisLeftBehind(s, to))
}

// health is what is in the way of any upgrade, whatever its aim.
func health(s policy.State) []policy.Sighting {
	return slices.Concat(lostPods(s), stuckPods(s), failedNodes(s), tightBudgets(s))
}
