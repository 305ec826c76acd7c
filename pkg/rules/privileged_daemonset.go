// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"strings"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// privilegedDaemonset tells the two sides of one sentence of the policy apart: a privileged DaemonSet is the recommended
// way to tune nodes, and the provider's own namespaces are no place for it.
var privilegedDaemonset = policy.Rule{
	ID:      "privileged-daemonset",
	Title:   "privileged DaemonSet",
	Clauses: []provider.ClauseID{"managed-components", "node-customisation"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "AKS counts everything that runs in kube-system and its other namespaces as its own, and customers can't change it. " +
			"A privileged DaemonSet in there reaches every node from a place where nobody expects software of yours: policies and " +
			"quotas leave those namespaces out, and AKS may remove what it did not put there. In a namespace of your own a " +
			"privileged DaemonSet is the way that AKS recommends to tune nodes and to install software on them. Even so, Microsoft " +
			"will not debug its scripts, nor nodes that they broke.",
		Fix: "Move the DaemonSet to a namespace of your own, and leave out the privileges that it can do without. Where AKS's " +
			"custom node configuration (`az aks nodepool add --kubelet-config --linux-os-config`) does the same, prefer that.",
		Note: "Privileged means: the node's network, process table or IPC, Windows HostProcess, a privileged container, a " +
			"capability that reaches the node, or a hostPath mounted without readOnly. Init containers count. What ends at the pod " +
			"is a warning at most: `NET_ADMIN` without `hostNetwork`, `SYS_PTRACE` without `hostPID`, any right with `hostUsers: " +
			"false`. In a namespace of your own all of it makes one finding, recorded and never refused: the cluster stays " +
			"supported. What AKS runs itself is left to managed-component, but a mark of AKS on a DaemonSet that a customer " +
			"creates proves nothing.",
	},
	Match: policy.OnEach([]object.Resource{object.DaemonSets}, policy.Create, policy.Update),
	Check: checkPrivilegedDaemonset,
}

func checkPrivilegedDaemonset(in policy.Input) []policy.Finding {
	pod, ok := in.Object.Pod()
	if !ok {
		return nil
	}
	privileges := nodePrivileges(pod)
	if len(privileges) == 0 {
		return nil
	}
	certainty := territory(in)
	if certainty == policy.NotManaged {
		return recordOwnDaemonset(pod, privileges)
	}
	if runByProvider(in) {
		return nil
	}
	place, doubt := " in ", certainty.Doubt()
	if doubt != "" {
		place = " if AKS manages "
	} else if maybeAddon(in) {
		doubt = doubtAddon
	}
	findings := make([]policy.Finding, 0, len(privileges))
	for _, p := range privileges {
		findings = append(findings, policy.Finding{Path: p.path, Message: p.must + place + in.NamespaceName + ": " + p.why,
			Doubt: cmp.Or(p.doubt, doubt), Fix: "move the DaemonSet to a namespace of your own"})
	}
	return findings
}

// recordOwnDaemonset sums the privileges up in one finding: they are what the policy recommends, so one line of record
// is enough, and those in doubt are not worth it.
func recordOwnDaemonset(pod object.Pod, privileges []nodePrivilege) []policy.Finding {
	var names []string
	said := map[string]bool{}
	for _, p := range privileges {
		if p.doubt == "" && !said[p.name] {
			names, said[p.name] = append(names, p.name), true
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []policy.Finding{{
		Path:    pod.SpecPath(),
		Message: "must be debugged by you, not by Microsoft: it reaches the node by " + strings.Join(names, ", "),
		Fix:     "keep to the privileges that it needs: the cluster stays supported",
		AtMost:  policy.Audit,
		Clause:  "node-customisation",
	}}
}
