// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var providerMarks = policy.Rule{
	ID:      "provider-marks",
	Title:   "marks of AKS on what is not AKS's",
	Clauses: []provider.ClauseID{"system-metadata"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "AKS tells its own objects from yours by labels, and the policy counts these as the system's: changing them takes the " +
			"cluster out of support. On a namespace of yours the labels `kubernetes.azure.com/managedby: aks` and `control-plane: \"true\"` take it out of every webhook that " +
			"AKS's Admissions Enforcer rewrote: security policies, quotas and injection stop there without a word. On a workload " +
			"they make policies skip it and support take it for AKS's own.",
		Fix: "Remove the label, or use a key of your own. To have a namespace left out of a webhook, say so in that webhook's " +
			"configuration. For a system node, add a node pool with `az aks nodepool add --mode System`.",
		Note: "Annotations, node selectors, affinities and tolerations with AKS's keys are yours to set, and so are labels that " +
			"AKS documents for you, such as `remediator.kubernetes.azure.com/onFreeze`. On namespaces AKS's two labels are " +
			"refused; elsewhere its labels bring a warning. AKS labels its own namespaces itself, so adding the labels to a " +
			"namespace that has the name of one brings a warning. A marked namespace that nobody is changing may be a new one of " +
			"AKS's: it is reported in doubt.",
	},
	Match: providerMarksMatch(),
	Check: checkProviderMarks,
}

// providerMarksMatch adds the subresources of a namespace, through which its labels can be changed as well. Of nodes it
// takes only the creation: what an update does to a node's marks is a change of system metadata, and
// node-system-metadata, which sees both states, speaks of it.
func providerMarksMatch() []policy.Match {
	matches := policy.OnEach(append(object.Workloads(), object.Services, object.Namespaces), policy.Create, policy.Update)
	return append(matches,
		policy.OnSub(object.Namespaces, "status", policy.Update),
		policy.OnSub(object.Namespaces, "finalize", policy.Update),
		policy.On(object.Nodes, policy.Create))
}

func checkProviderMarks(in policy.Input) []policy.Finding {
	var findings []policy.Finding
	switch in.Resource {
	case object.Namespaces:
		findings = marksOnNamespace(in)
	case object.Nodes:
		findings = marksOnNode(in)
	default:
		findings = marksOnObject(in)
	}
	if len(findings) > 0 && maybeAddon(in) {
		for i := range findings {
			findings[i].Doubt = doubtAddon
		}
	}
	return findings
}

// doubtNewNamespace: AKS makes namespaces for its add-ons, and a profile is older than the newest of them.
const doubtNewNamespace = "nothing tells the namespace from one that AKS made and demarc does not know yet"

func marksOnNamespace(in policy.Input) []policy.Finding {
	_, listed := in.Provider.NamespaceNamed(in.Name)
	doubt := ""
	switch {
	case in.Operation == policy.AtRest && listed:
		return nil
	case in.Operation == policy.AtRest:
		doubt = doubtNewNamespace
	case listed:
		doubt = policy.DoubtNamespaceName
	}
	if in.Old != nil {
		// Where the provider's label stands already, namespace-system-metadata guards it.
		if _, managed := in.Provider.ManagesNamespace(in.Old.Meta.Labels); managed {
			return nil
		}
	}
	var findings []policy.Finding
	for _, mark := range in.Provider.Marks.HidesNamespace {
		if mark.Matches(in.Object.Meta.Labels) && !(in.Old != nil && mark.Matches(in.Old.Meta.Labels)) {
			findings = append(findings, policy.Finding{Path: labelsPath.Key(mark.Key), Doubt: doubt,
				Message: "must not be " + quoteCut(mark.Value, 24) + ": it hides the namespace from every webhook that AKS rewrote",
				Fix:     "leave the label out: AKS labels its own namespaces itself"})
		}
	}
	return findings
}
