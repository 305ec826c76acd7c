// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// onSystem is the nodes of a pool that run one operating system.
type onSystem struct {
	system provider.NodeSystem
	known  bool
	nodes  []*policy.NodeState
}

// changeSystem is how to get the nodes of a pool onto the system's successor.
func changeSystem(p pool, on onSystem) string {
	name := argument(p.name, "<pool>")
	switch sku := on.system.Successor; {
	case sku == "":
		return "choose one of the systems that AKS lists, with az aks nodepool update --os-sku"
	case p.karpenter:
		return "set imageFamily in the AKSNodeClass of NodePool " + name + " to a system that AKS supports"
	case on.system.Windows:
		return "run az aks nodepool add -g <group> --cluster-name <cluster> -n <new> --os-type Windows --os-sku " + sku +
			", move what runs on " + name + ", and delete it"
	default:
		return "run az aks nodepool update -g <group> --cluster-name <cluster> -n " + name + " --os-sku " + sku
	}
}
