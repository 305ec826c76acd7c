// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// fix says how to get there through the AKS API, or to let it be where AKS has nothing of the kind.
func (c *nodeChange) fix(in policy.Input, known provider.MetadataKey) string {
	if c.list == nodeAnnotations {
		return "leave it to AKS, or use an annotation of your own"
	}
	argument := c.argument(known.PoolFlag)
	if argument == "" {
		return "leave it as AKS set it"
	}
	return "run az aks nodepool update -g <group> --cluster-name <cluster> -n " + poolOf(in) + " " + argument
}

const (
	labelsFlag = "--labels"
	taintsFlag = "--node-taints"
)

// argument is a flag of `az aks nodepool update` with what to give it: the flag that sets the key, if it has one, or
// that which adds a key of the customer's own. It is empty where neither helps. AKS refuses its own prefix in --labels.
func (c *nodeChange) argument(flag string) string {
	switch {
	case flag == taintsFlag && c.verb == nodeRemove:
		return taintsFlag + " <taints to keep>"
	case c.verb == nodeRemove:
		return ""
	case flag == taintsFlag:
		return taintsFlag + " " + c.taint(plainWord(c.value, "<value>"))
	case flag != "" && flag != labelsFlag:
		return flag + " " + plainWord(c.value, "<value>")
	case c.verb == nodeSet:
		return ""
	case c.list == nodeTaints:
		return taintsFlag + " <your-key>=<value>:<effect>"
	}
	return labelsFlag + " <your-key>=<value>"
}

const (
	poolLabel       = "kubernetes.azure.com/agentpool"
	poolLabelLegacy = "agentpool"
	karpenterLabel  = "karpenter.sh/nodepool"
)

// poolOf returns the name of the node's pool, as it stood before the request.
func poolOf(in policy.Input) string {
	labels := in.Old.Meta.Labels
	return cmp.Or(plainWord(cmp.Or(labels[poolLabel], labels[poolLabelLegacy]), "<pool>"), "<pool>")
}

// plainWord returns a word for a command that somebody may copy, or what stands for it where it is not a plain one.
func plainWord(s, otherwise string) string { return plainWordOf(s, 24, otherwise) }

// plainWordOf does so for words of another length.
func plainWordOf(s string, longest int, otherwise string) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	if len(s) > longest || strings.Trim(s, alphabet) != "" {
		return otherwise
	}
	return s
}

// doubtKarpenter: a NodePool may set labels and taints below the provider's prefix, and its controller writes them on
// the node under whatever account it runs.
const doubtKarpenter = "Karpenter made the node: its NodePool may set this"

// karpenterPool returns the NodePool that the node belongs to. Its controller registers a node by adding the label.
func karpenterPool(in policy.Input) (string, bool) {
	if pool, ok := in.Old.Meta.Labels[karpenterLabel]; ok {
		return pool, true
	}
	pool, ok := in.Object.Meta.Labels[karpenterLabel]
	return pool, ok
}
