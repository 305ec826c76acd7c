// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// doubtAddon weakens a finding about an account that lives among the provider's own. Add-ons come and go with every
// release of the provider, and refusing one that the profile doesn't list yet would break what demarc guards.
const doubtAddon = "the account is a service account in one of the provider's namespaces: it may be an add-on not known yet"

// territory says whether the request is about a managed namespace. A name that customers use for the same software as
// well proves nothing without the provider's label.
func territory(in policy.Input) policy.Certainty {
	certainty := in.ManagedNamespace()
	if certainty == policy.ManagedByName && sharedName(in) {
		return policy.NotManaged
	}
	return certainty
}

// sharedName says whether customers install the same software under the name of this namespace by themselves.
func sharedName(in policy.Input) bool {
	name := in.NamespaceName
	if name == "" {
		name = in.Name
	}
	namespace, _ := in.Provider.NamespaceNamed(name)
	return namespace.AlsoCustomers
}

// maybeAddon says whether the request comes from a service account of a managed namespace. Those that the profile lists
// never reach a rule, so this is either an add-on that it doesn't list or somebody's workload that doesn't belong there.
// In a namespace whose name customers use too, the account may be their own GitOps, which writes everywhere: such an
// account counts only in namespaces of that sort, where Calico's operator keeps Calico.
func maybeAddon(in policy.Input) bool {
	if in.User == nil {
		return false
	}
	account, ok := strings.CutPrefix(in.User.Username, "system:serviceaccount:")
	if !ok {
		return false
	}
	name, _, _ := strings.Cut(account, ":")
	namespace, ok := in.Provider.NamespaceNamed(name)
	return ok && (!namespace.AlsoCustomers || sharedName(in))
}

// isMark says whether a label key is one of those by which the provider marks objects and namespaces.
func isMark(p *provider.Profile, key string) bool {
	for _, marks := range [][]provider.Label{p.Marks.ManagedNamespace, p.Marks.HidesNamespace, p.Marks.Managed, p.Marks.Legacy,
		p.Marks.Editable} {
		if slices.ContainsFunc(marks, func(m provider.Label) bool { return m.Key == key }) {
			return true
		}
	}
	return false
}
