// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// skewed finds nodes that are too far behind a control plane, or ahead of it: one finding for each pool and direction.
func skewed(table *provider.KubernetesVersions, server featuregates.Minor, s policy.State) []policy.Sighting {
	behind, known := table.Behind(int(server))
	if !known {
		return nil
	}
	var found []policy.Sighting
	for _, p := range poolsOf(s) {
		late := outside(p, func(kubelet featuregates.Minor) bool { return int(server-kubelet) > behind })
		early := outside(p, func(kubelet featuregates.Minor) bool { return kubelet > server })
		if late.count > 0 {
			found = append(found, late.sighting(p, fmt.Sprintf("must be at most %s older than the server's %s",
				counted(behind, "minor version"), server), p.upgrade(late.first.Name, "--kubernetes-version "+server.String())))
		}
		if early.count > 0 {
			found = append(found, early.sighting(p, fmt.Sprintf("must not be newer than the server's %s", server),
				upgradeCluster(table, early.minor-1, s)+" --control-plane-only"))
		}
	}
	return found
}

// stragglers are the nodes of a pool whose kubelet is out of bounds, and the one that is worst.
type stragglers struct {
	count int
	first *policy.NodeState
	minor featuregates.Minor
}

func outside(p pool, bad func(featuregates.Minor) bool) stragglers {
	var found stragglers
	for _, n := range p.nodes {
		kubelet, ok := featuregates.ParseMinor(n.Info.KubeletVersion)
		if !ok || !bad(kubelet) {
			continue
		}
		found.count++
		if found.first == nil || kubelet < found.minor {
			found.first, found.minor = n, kubelet
		}
	}
	return found
}

func (f stragglers) sighting(p pool, must, fix string) policy.Sighting {
	return policy.Sighting{Object: f.first.Subject, Finding: policy.Finding{
		Path:    field.NewPath("status", "nodeInfo", "kubeletVersion"),
		Message: fmt.Sprintf("%s: it is %s (out of bounds: %s)", must, f.minor, p.share(f.count)),
		Fix:     fix}}
}
