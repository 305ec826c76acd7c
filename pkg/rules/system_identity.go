// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var systemIdentity = policy.Rule{
	ID:      "system-identity",
	Title:   "credentials or permissions to act as AKS or as Kubernetes itself",
	Clauses: []provider.ClauseID{"managed-components", "node-login"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Doc: policy.Doc{
		Why: "Customers can't change what AKS manages, and AKS puts back what somebody changes under another's name. Its own " +
			"accounts and those of Kubernetes' controllers and nodes may do anything there, and neither AKS's controls nor demarc " +
			"can tell who uses them. The permission `nodes/proxy` is of that kind: it leads past the API server to the kubelet, " +
			"which runs commands in every container of the node, and Microsoft won't diagnose what is changed that way.",
		Fix: "Use an identity of your own: Microsoft Entra ID for people, a service account or a workload identity for software. " +
			"Name in `resourceNames` whom somebody may impersonate. Grant `nodes/metrics`, `nodes/stats` or `nodes/pods` in " +
			"the place of `nodes/proxy`.",
		Note: "Certificates count where the API server takes them for users: those of other signers, such as cert-manager's or a " +
			"mesh's, pass, and so do kubelets'. Permission to impersonate anybody, which many dashboards ask for, and to read through " +
			"`nodes/proxy`, which most monitoring does, is recorded and brings no warning; impersonating any service account, as " +
			"the built-in role `edit` allows, passes, and so do roles that grant everything. Binding further roles to AKS's own " +
			"accounts passes: AKS's pages do that for storage. Tokens in Secrets are not seen.",
	},
	Match: slices.Concat(
		[]policy.Match{
			policy.On(object.CertificateSigningRequests, policy.Create),
			policy.OnSub(object.CertificateSigningRequests, "approval", policy.Update),
			policy.On(object.Roles, policy.Create, policy.Update),
			policy.On(object.ClusterRoles, policy.Create, policy.Update),
		},
		policy.InManaged(policy.OnSub(object.ServiceAccounts, "token", policy.Create))),
	Check: checkSystemIdentity,
}

func checkSystemIdentity(in policy.Input) []policy.Finding {
	var findings []policy.Finding
	switch in.Resource {
	case object.CertificateSigningRequests:
		findings = certificateFindings(in)
	case object.ServiceAccounts:
		findings = tokenFindings(in)
	default:
		findings = grantFindings(in)
	}
	if len(findings) > 0 && maybeAddon(in) {
		for i := range findings {
			findings[i].Doubt = doubtAddon
		}
	}
	return findings
}

// whoActs says in a message who acts under a name.
func whoActs(id provider.Identity) string {
	switch id.Role {
	case provider.NodeRole:
		return "a node acts under that name"
	case provider.ControllerRole:
		return "a part of Kubernetes acts under that name"
	case provider.AddonRole:
		return "an add-on of AKS acts under that name"
	}
	return "AKS itself acts under that name"
}

// tokenFindings judges a request for a token of a service account.
func tokenFindings(in policy.Input) []policy.Finding {
	id, ok := in.Provider.ServiceAccount(in.NamespaceName, in.Name)
	if !ok {
		return nil
	}
	return []policy.Finding{{
		Message: "must not be asked for a token: " + whoActs(id),
		Fix:     "make a service account of your own, with the rights that you need",
	}}
}
