// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var managedNamespaceNetworkPolicy = policy.Rule{
	ID:      "managed-namespace-network-policy",
	Title:   "network policy on pods of AKS's components",
	Clauses: []provider.ClauseID{"managed-components", "egress"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Doc: policy.Doc{
		Why: "Customers can't alter AKS's components, and AKS supports a cluster only as long as these reach the endpoints that it " +
			"documents; a network policy on their pods cuts off whatever it does not list. A policy that only allows something " +
			"does so too: as soon as one selects a pod, everything that no policy allows is refused. What breaks then is DNS, " +
			"metrics, admission webhooks, the tunnel to the API server or an add-on, often only after the next upgrade, when AKS's " +
			"pods talk to something new.",
		Fix: "Restrict your own pods, in their own namespaces. Leave AKS's namespaces out of a cluster-wide policy: by their " +
			"label `kubernetes.azure.com/managedby: aks` where the policy selects namespaces by label, by name with Cilium.",
		Note: "A policy passes that keeps nothing away: one that allows everything in each direction that it speaks of, one with " +
			"Cilium's `enableDefaultDeny` off, one without a rule that denies where the kind refuses nothing by itself. Removing a " +
			"policy passes, unless AKS made it, which managed-component guards. A cluster-wide policy passes that asks for a label " +
			"of yours, since AKS's namespaces and pods don't carry it. One that leaves out kube-system by name, and could still " +
			"select other namespaces of AKS, is recorded only: nothing tells which of them the cluster has. Selectors of Calico are " +
			"read as Calico reads them.",
	},
	Match: slices.Concat(
		policy.InManaged(policy.OnEach(object.NamespacedNetworkPolicies(), policy.Create, policy.Update)...),
		policy.OnEach(object.ClusterwideNetworkPolicies(), policy.Create, policy.Update)),
	Check: checkManagedNamespaceNetworkPolicy,
}

func checkManagedNamespaceNetworkPolicy(in policy.Input) []policy.Finding {
	if in.Resource.Namespaced && territory(in) == policy.NotManaged {
		return nil
	}
	dialect, ok := networkDialects[in.Resource.GroupKind()]
	if !ok || runByProvider(in) {
		return nil
	}
	root, err := in.Object.Tree()
	if err != nil {
		return nil // the engine's to report
	}
	parts := dialect.parts(root)
	if in.Resource.Namespaced {
		return isolatesNamespace(in, dialect, parts)
	}
	var findings []policy.Finding
	for _, part := range parts {
		if f, ok := isolatesTerritory(in, dialect, part); ok {
			findings = append(findings, f)
		}
	}
	return findings
}
