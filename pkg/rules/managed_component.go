// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var managedComponent = policy.Rule{
	ID:      "managed-component",
	Title:   "change or removal of a component that AKS manages",
	Clauses: []provider.ClauseID{"managed-components"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "Customers can't change the components that AKS runs and marks as its own, such as DNS, networking, storage " +
			"drivers and add-ons: AKS puts a change back at its next reconciliation or upgrade. Until then the cluster runs " +
			"something that Microsoft has not tested and does not support.",
		Fix: "Use the setting that AKS documents for the component: an add-on or cluster setting of `az aks`, or the " +
			"ConfigMap made for it, such as `coredns-custom`. To restart a component use `kubectl rollout restart`, and to " +
			"remove one disable its add-on.",
		Note: "Everything that AKS documents passes, among it restarts, deleting a single pod, resources under the annotation " +
			"`kubernetes.azure.com/override-requests-limits`, and every object with the mode `EnsureExists`. Keys of " +
			"`coredns-custom` that CoreDNS would not read bring a warning. An object known only by its name, or only by the " +
			"marks of Kubernetes' own add-on manager, brings a warning and never a refusal. So does a label or annotation that " +
			"isn't AKS's, on an object that is. Resizing a marked pod in place counts as a change, whoever's autoscaler does it.",
	},
	Match: managedComponentMatch(),
	Needs: policy.Needs{Old: true},
	Check: checkManagedComponent,
}

// managedComponentMatch leaves out Secrets, whose data no webhook should be sent, and has storage classes guarded against
// deletion only: which one is the default is the customer's choice, and the API server lets little else be changed.
func managedComponentMatch() []policy.Match {
	kinds := slices.Concat(object.Workloads(), []object.Resource{
		object.ConfigMaps, object.Services, object.ServiceAccounts, object.HorizontalPodAutoscalers,
		object.PodDisruptionBudgets, object.Roles, object.RoleBindings, object.ClusterRoles, object.ClusterRoleBindings,
		object.CustomResourceDefinitions, object.APIServices,
	})
	matches := policy.OnEach(kinds, policy.Update, policy.Delete)
	matches = append(matches, policy.On(object.StorageClasses, policy.Delete), policy.On(object.ConfigMaps, policy.Create),
		policy.On(object.Unknown, policy.Update, policy.Delete)) // the mark says enough, whatever the kind
	for _, r := range object.Scalable() {
		matches = append(matches, policy.OnSub(r, "scale", policy.Update))
	}
	matches = append(matches, policy.InManaged(policy.OnSub(object.Pods, "resize", policy.Update))...)
	matches = append(matches, policy.InManaged(policy.OnEach(object.NamespacedNetworkPolicies(), policy.Update, policy.Delete)...)...)
	return append(matches, policy.OnEach(object.ClusterwideNetworkPolicies(), policy.Update, policy.Delete)...)
}

func checkManagedComponent(in policy.Input) []policy.Finding {
	if in.Resource.Namespaced && in.ManagedNamespace() == policy.NotManaged {
		return nil
	}
	if in.Resource == object.ConfigMaps && in.Operation != policy.Delete {
		if entry := boundedData(in); entry != nil {
			return unreadKeys(in, entry)
		}
	}
	if in.Operation == policy.Create || in.Operation == policy.AtRest {
		return nil
	}
	c, ok := claimComponent(in)
	switch {
	case !ok:
		return nil
	case in.Operation == policy.Delete:
		return []policy.Finding{c.deletion(in)}
	case in.Subresource == "scale":
		return c.scaling(in)
	}
	return c.changes(in)
}
