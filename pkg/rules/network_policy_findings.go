// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// The doubts about whom a policy selects.
const (
	doubtOwnPods      = "the selector may choose only pods of your own"
	doubtEveryone     = "the policy names no namespace of AKS: whether its rules keep anything from AKS's pods isn't certain"
	doubtNamespace    = "the namespace is known by its name only: nothing tells whether AKS manages it here"
	doubtHostFirewall = "Cilium applies policies to nodes only where its host firewall is on"
)

// isolatesNamespace judges a policy that stands in a managed namespace, and so selects pods there.
func isolatesNamespace(in policy.Input, d networkDialect, parts []networkPart) []policy.Finding {
	var lost cutOff
	chosen := leftOut
	for _, part := range parts {
		if cut := d.cuts(part.spec); cut != (cutOff{}) {
			lost = lost.or(cut)
			chosen = max(chosen, d.chooses(part.spec, suspect{in.Provider, in.NamespaceName, false}))
		}
	}
	if lost == (cutOff{}) {
		return nil
	}
	f := policy.Finding{
		Path:    field.NewPath("metadata", "namespace"),
		Message: fmt.Sprintf("must not be %s: AKS's pods lose %s", in.NamespaceName, lost),
		Fix:     "drop the policy, and restrict your own pods in their own namespaces",
		Doubt:   territory(in).Doubt(),
		Clause:  lost.clause(),
	}
	switch {
	case f.Doubt != "":
		f.Message = fmt.Sprintf("must not be %s if AKS manages it: its pods lose %s", in.NamespaceName, lost)
	case chosen == leftOut && !lost.redirects:
		f.Message = fmt.Sprintf("must not be %s if AKS's pods are selected: they lose %s", in.NamespaceName, lost)
		f.Doubt = doubtOwnPods
	case maybeAddon(in):
		f.Doubt = doubtAddon
	}
	return []policy.Finding{f}
}

// isolatesTerritory judges a cluster-wide policy, or one part of it, by whether it selects namespaces of AKS.
func isolatesTerritory(in policy.Input, d networkDialect, part networkPart) (policy.Finding, bool) {
	lost := d.cuts(part.spec)
	if lost == (cutOff{}) {
		return policy.Finding{}, false
	}
	if part.spec.has("nodeSelector") && in.Resource == object.CiliumClusterwideNetworkPolicies {
		return policy.Finding{Path: part.path.Child("nodeSelector"), Doubt: doubtHostFirewall,
			Message: "must not be set: AKS's components on the nodes lose " + lost.String(),
			Fix:     "select pods of your own by an endpointSelector", Clause: lost.clause()}, true
	}
	f := policy.Finding{Path: part.path.Child(d.field(part.spec)), Fix: d.fix, Clause: lost.clause()}
	name, chosen := d.target(in.Provider, part.spec)
	core := in.Provider.Namespaces[0].Name
	switch {
	case chosen == leftOut:
		return f, false
	case name == core && chosen == named:
		f.Message = fmt.Sprintf("must leave %s out: AKS's pods lose %s", core, lost)
	case name == core:
		f.Message, f.Doubt = fmt.Sprintf("must leave %s out: AKS's pods lose %s", core, lost), doubtEveryone
	case chosen == named:
		f.Message, f.Doubt = fmt.Sprintf("must leave %s out if AKS manages it: its pods lose %s", name, lost), doubtNamespace
	default:
		f.Message, f.Doubt = fmt.Sprintf("must leave out AKS's namespaces beside %s: pods lose %s", core, lost), doubtNamespace
		f.AtMost = policy.Audit
	}
	if maybeAddon(in) {
		f.Doubt = cmp.Or(f.Doubt, doubtAddon)
	}
	return f, true
}
