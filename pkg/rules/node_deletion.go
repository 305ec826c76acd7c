// SPDX-License-Identifier: Apache-2.0

package rules

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var nodeDeletion = policy.Rule{
	ID:      "node-deletion",
	Title:   "deletion of a Node whose machine AKS runs",
	Clauses: []provider.ClauseID{"node-components"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Doc: policy.Doc{
		Why: "AKS makes, repairs and removes nodes and the components on them, and Microsoft does not diagnose what comes of " +
			"removing a Node by hand. Only its entry in the cluster goes: the machine runs on and is billed, its kubelet does not " +
			"come back by itself, and the pool counts a node that the cluster no longer has.",
		Fix: "Remove the machine with `az aks nodepool delete-machines`, or scale the pool with `az aks nodepool scale`: either " +
			"drains the node and removes both. Take a node out of use with `kubectl drain` and leave the rest to the autoscaler.",
		Note: "Nodes that Karpenter or node auto-provisioning made pass: there, deleting the Node is the documented way, and takes the " +
			"machine along. So do nodes that no AKS pool has: virtual nodes, and machines that joined from outside. For a node " +
			"that isn't ready the finding is in doubt, since its machine may be gone already.",
	},
	Match: []policy.Match{policy.On(object.Nodes, policy.Delete)},
	Needs: policy.Needs{Old: true},
	Check: checkNodeDeletion,
}

func checkNodeDeletion(in policy.Input) []policy.Finding {
	labels := in.Old.Meta.Labels
	if _, karpenter := labels[karpenterLabel]; karpenter || !inPool(labels) {
		return nil
	}
	f := policy.Finding{
		Message: "must not be deleted by hand: its machine runs on outside the cluster",
		Fix: "run az aks nodepool delete-machines -g <group> --cluster-name <cluster> -n " + poolOf(in) + " --machine-names " +
			plainWordOf(in.Name, longestNodeName, "<node>"),
	}
	switch {
	case maybeAddon(in):
		f.Doubt = doubtAddon
	case !nodeReady(in.Old):
		f.Doubt = "the node is not ready: its machine may be gone already"
	}
	return []policy.Finding{f}
}

const (
	// longestNodeName has room for what AKS calls its nodes: aks-<pool>-<number>-vmss<number>.
	longestNodeName = 48

	clusterLabel = "kubernetes.azure.com/cluster"
	azureLabel   = "kubernetes.azure.com/managed"
	// virtualKubelet marks nodes that stand for a service and not for a machine, as the one for container instances.
	virtualKubelet = "virtual-kubelet"
)

// inPool says whether the node's machine is of a pool that AKS runs. A node that joined from outside may carry a label of
// AKS's by hand, as Azure's cloud provider asks it to say that its machine isn't Azure's.
func inPool(labels map[string]string) bool {
	_, pool := labels[poolLabel]
	_, cluster := labels[clusterLabel]
	return (pool || cluster) && labels["type"] != virtualKubelet && labels[azureLabel] != "false"
}

func nodeReady(o *object.Object) bool {
	node, ok := object.As[*corev1.Node](o)
	if !ok {
		return false
	}
	for i := range node.Status.Conditions {
		if c := &node.Status.Conditions[i]; c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
