// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var supportAccess = policy.Rule{
	ID:      "support-access",
	Title:   "change or removal of the roles that Microsoft's support and Kubernetes itself rely on",
	Clauses: []provider.ClauseID{"support-access", "managed-components"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "Microsoft's support reaches a cluster only through the ClusterRole `aks-service` and its binding " +
			"`aks-service-rolebinding`; a cluster that keeps it out can't be supported. AKS binds the role on an open ticket, with " +
			"your consent, and without the right to change permissions. By its built-in `system:` roles Kubernetes gives its own " +
			"components their rights, the control plane that AKS runs and the nodes among them.",
		Fix: "Leave these roles and bindings as they are. Grant more by a ClusterRole and a binding of your own, under a name " +
			"that doesn't begin with `system:`. To keep support out of the cluster, don't consent when it asks.",
		Note: "Roles of your own pass, whatever their name: of the `system:` ones only those count that carry " +
			"Kubernetes' label `kubernetes.io/bootstrapping: rbac-defaults`, and a change of these brings a warning at most, since " +
			"Kubernetes documents the annotation `rbac.authorization.kubernetes.io/autoupdate` for whoever needs it. Labels and " +
			"annotations of your own pass, and so does what the API server and its controllers write, aggregation for one. Making " +
			"`aks-service` or its binding yourself, as a restore from a backup does, brings a warning.",
	},
	Match: slices.Concat(
		policy.OnEach([]object.Resource{object.ClusterRoles, object.ClusterRoleBindings}, policy.Create, policy.Update, policy.Delete),
		policy.OnEach([]object.Resource{object.Roles, object.RoleBindings}, policy.Update, policy.Delete)),
	Needs: policy.Needs{Request: true, Old: true},
	Check: checkSupportAccess,
}

func checkSupportAccess(in policy.Input) []policy.Finding {
	role, ok := keptRole(in)
	if !ok {
		return nil
	}
	switch in.Operation {
	case policy.Create:
		f := role.finding(in, nil, "must be left to AKS")
		f.Fix = "leave it out: AKS makes it when support needs it"
		f.AtMost = policy.Warn // it takes nothing away, and backups bring it along
		return []policy.Finding{f}
	case policy.Delete:
		f := role.finding(in, nil, "must not be deleted")
		f.Fix = role.deletionFix
		return []policy.Finding{f}
	}
	return role.changes(in)
}
