// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var nodeSystemMetadata = policy.Rule{
	ID:      "node-system-metadata",
	Title:   "change of a node's system labels, annotations or taints",
	Clauses: []provider.ClauseID{"system-metadata"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "Changing labels, annotations or taints that the system made takes the cluster out of support; adding your own is " +
			"fine. AKS schedules, upgrades and repairs nodes by what it writes there itself. Such a change also " +
			"holds for one node only: the next node of the pool comes without it, and an upgrade or a repair drops it.",
		Fix: "Set labels and taints on the whole pool, with `az aks nodepool update --labels` or `--node-taints`, and under keys of " +
			"your own. Either flag replaces the pool's list, so repeat what stands there already. On nodes that node " +
			"auto-provisioning made, set them in the NodePool's `spec.template`.",
		Note: "Your own keys pass, and so do cordon and drain, taking a node initialisation taint off, and removing " +
			"`kubernetes.azure.com/upgrade-status`, which AKS documents. Keys that were only seen on nodes and are not documented " +
			"bring a warning. On nodes made by Karpenter nothing is refused, and what is added passes: a NodePool may set any of it. " +
			"AKS's own webhook `aks-node-validating-webhook` refuses most of these edits too, and also those of labels and taints " +
			"that were set on the pool, which no object in the cluster shows; but it names no way out, and people delete it.",
	},
	Match: []policy.Match{policy.On(object.Nodes, policy.Update), policy.OnSub(object.Nodes, "status", policy.Update)},
	Needs: policy.Needs{Old: true},
	Check: checkNodeSystemMetadata,
}

func checkNodeSystemMetadata(in policy.Input) []policy.Finding {
	before, after := in.Old.Meta, in.Object.Meta
	n := nodeMetadata{in: in}
	n.compareMaps(nodeLabels, before.Labels, after.Labels)
	n.compareMaps(nodeAnnotations, before.Annotations, after.Annotations)
	// Maps come in any order, findings in one.
	slices.SortFunc(n.findings, byPath)
	// Through nodes/status a taint can't change: the API server puts the old spec back before it asks anybody.
	if in.Subresource == "" {
		n.compareTaints()
	}
	return n.findings
}

// judge makes a finding of a change, unless it is the customer's to make.
func (n *nodeMetadata) judge(c nodeChange) {
	known, ok := c.lookUp(n.in.Provider)
	if !ok || known.Standing == provider.Writable && (known.Change == "" || known.Change == string(c.verb)) {
		return
	}
	f := policy.Finding{Path: c.path(), Message: c.message("AKS"), Fix: c.fix(n.in, known)}
	if known.Standing != provider.Documented {
		f.AtMost = policy.Warn
	}
	pool, karpenter := karpenterPool(n.in)
	switch {
	case karpenter && c.verb == nodeAdd:
		return
	case karpenter:
		f.Doubt, f.Message = doubtKarpenter, c.message("AKS or the NodePool")
		f.Fix = "set it in spec.template of the NodePool " + quoteCut(pool, 40)
	case maybeAddon(n.in):
		f.Doubt = doubtAddon
	}
	n.findings = append(n.findings, f)
}
