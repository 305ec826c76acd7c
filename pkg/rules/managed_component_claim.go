// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// doubtCommonMark weakens a finding that rests on a mark of Kubernetes' own add-on manager. Upstream's manifests of
// NodeLocal DNSCache and others carry it, and customers apply them as they are.
const doubtCommonMark = "the object's mark is Kubernetes' own and not the provider's: manifests of other software carry it too"

// componentClaim is how sure it is that an object is one of the provider's components.
type componentClaim struct {
	doubt string
	// hedged: the doubt is about the object, not about who asks.
	hedged bool
}

// claimComponent judges the object as it was. A mark that this request strips still counts, and one that it sets doesn't: what
// was the customer's a moment ago is no component, and the forged mark is the affair of provider-marks.
func claimComponent(in policy.Input) (componentClaim, bool) {
	before := in.Before()
	if in.Subresource == "scale" {
		before = in.Parent // a Scale has no labels of its own
	}
	var labels map[string]string
	if before != nil {
		labels = before.Meta.Labels
	}
	_, marked := in.Provider.Marked(labels)
	_, known := in.Provider.KnownComponent(in.NamespaceName, in.Resource.Group, in.Resource.Kind, in.Name)
	if in.Provider.Editable(labels) || !marked && !known {
		return componentClaim{}, false
	}
	if _, support := in.Provider.SupportObjectNamed(in.Resource.Kind, in.Name); support {
		return componentClaim{}, false // support-access judges it, by a clause of its own
	}
	namespace := policy.Managed
	if in.Resource.Namespaced {
		namespace = in.ManagedNamespace()
	}
	switch {
	case namespace == policy.ManagedByName && !marked && sharedName(in):
		return componentClaim{}, false
	case namespace == policy.ManagedByName:
		return componentClaim{policy.DoubtNamespaceName, true}, true
	case !marked:
		return componentClaim{policy.DoubtObjectName, true}, true
	case !known && !ownMark(in.Provider, labels):
		return componentClaim{doubtCommonMark, true}, true
	case maybeAddon(in):
		return componentClaim{doubt: doubtAddon}, true
	}
	return componentClaim{}, true
}

func ownMark(p *provider.Profile, labels map[string]string) bool {
	return slices.ContainsFunc(p.Marks.Managed, func(m provider.Label) bool { return p.OwnsKey(m.Key) && m.Matches(labels) })
}
