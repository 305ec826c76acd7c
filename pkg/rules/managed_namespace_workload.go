// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var managedNamespaceWorkload = policy.Rule{
	ID:      "managed-namespace-workload",
	Title:   "customer's workload in a namespace that AKS manages",
	Clauses: []provider.ClauseID{"managed-namespaces"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Doc: policy.Doc{
		Why: "The namespace `kube-system` and those of add-ons hold AKS's own components, and AKS recommends against running " +
			"anything else there. Nothing about support changes by it alone, but the workload shares names, service accounts and " +
			"secrets with components that AKS replaces at will, and the webhooks that guard your own namespaces don't reach it: AKS " +
			"takes its namespaces out of them.",
		Fix: "Put the workload in a namespace of its own. The priority classes `system-cluster-critical` and " +
			"`system-node-critical` work in every namespace, so importance is no reason for `kube-system`.",
		Note: "Workloads that AKS's documentation puts there pass. What carries AKS's marks passes in an audit, where nothing " +
			"tells who made it; a request to create such an object is judged like any other, since AKS's own never reach the rule. A " +
			"namespace that is known by its name only brings no finding where customers run the same software under that name, " +
			"such as Flux in `flux-system`.",
	},
	Match: append(policy.OnEach(object.Workloads(), policy.Create), policy.On(object.PodTemplates, policy.Create)),
	Check: checkManagedNamespaceWorkload,
}

// checkManagedNamespaceWorkload lets no mark silence a request: whoever creates a marked workload here is a customer, since
// the provider's own requests reach no rule, and where it runs is as wrong as it would be unmarked. That the mark is forged
// is for provider-marks to say.
func checkManagedNamespaceWorkload(in policy.Input) []policy.Finding {
	namespace := territory(in)
	if namespace == policy.NotManaged || in.Operation == policy.AtRest && providersOwn(in) {
		return nil
	}
	f := policy.Finding{
		Path:    field.NewPath("metadata", "namespace"),
		Message: fmt.Sprintf("must be a namespace of your own: %s is for AKS's components", in.NamespaceName),
		Fix:     fmt.Sprintf("move this %s to a namespace made for it", in.Resource.Kind),
		Doubt:   namespace.Doubt(),
	}
	if f.Doubt != "" {
		f.Message = fmt.Sprintf("must be a namespace of your own if AKS manages %s", in.NamespaceName)
	}
	if f.Doubt == "" && maybeAddon(in) {
		f.Doubt = doubtAddon
	}
	return []policy.Finding{f}
}

// providersOwn says whether an object at rest looks like the provider's, or was made by a controller: what the
// controller was made from is judged itself. Only at rest: a request may claim any owner.
func providersOwn(in policy.Input) bool {
	meta := in.Object.Meta
	if _, ok := in.Provider.Marked(meta.Labels); ok || in.Provider.Editable(meta.Labels) {
		return true
	}
	if _, ok := in.Provider.KnownComponent(in.NamespaceName, in.Resource.Group, in.Resource.Kind, in.Name); ok {
		return true
	}
	return metav1.GetControllerOfNoCopy(meta) != nil
}
