// SPDX-License-Identifier: Apache-2.0

package rules

import "github.com/demarc-dev/demarc/pkg/policy"

// runByProvider says whether an object of a managed namespace was the provider's own before this request, by its mark or
// by its name. A mark that the request sets makes nothing the provider's, and a new object can't be its own: what the
// provider makes it makes under its own identity, which no rule judges.
func runByProvider(in policy.Input) bool {
	switch in.Operation {
	case policy.Create:
		return false
	case policy.AtRest:
		return providersOwn(in)
	}
	_, marked := in.Provider.Marked(in.Before().Meta.Labels)
	_, known := in.Provider.KnownComponent(in.NamespaceName, in.Resource.Group, in.Resource.Kind, in.Name)
	return marked || known
}

// providersPod says whether the pod of a request runs for the provider, in a namespace of its own.
func providersPod(in policy.Input) bool {
	return territory(in) != policy.NotManaged && runByProvider(in)
}
