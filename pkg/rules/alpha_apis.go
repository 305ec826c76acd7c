// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/alphaapis"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var alphaAPIs = policy.Rule{
	ID:      "alpha-apis",
	Title:   "use of an alpha API of Kubernetes",
	Clauses: []provider.ClauseID{"alpha-features"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Doc: policy.Doc{
		Why: "AKS supports stable and beta features of Kubernetes, and alpha features only where its documentation says so: what " +
			"stands on an alpha API is outside support. Any release may change such an API or drop it, and what was stored " +
			"through it can be lost with the upgrade. AKS doesn't serve alpha APIs, so most of these requests fail there anyway.",
		Fix: "Use a stable version of the API, or a beta version where the cluster serves one. Where there is neither yet, " +
			"wait for it. Set node selectors and tolerations in pod templates instead of by annotations of a namespace.",
		Note: "Only APIs of Kubernetes itself count, by exact group, kind and version, and by the version that the client speaks: " +
			"what Argo CD, KEDA, Flux, Gateway API or anybody else calls `v1alpha1` is their own affair and passes. A request in " +
			"a beta or stable version passes. Annotations of namespaces that still have `alpha` in their name, and an effect, " +
			"are recorded only, since AKS names the admission plug-ins that read them among those that it runs.",
	},
	Match: alphaAPIMatch(),
	Check: checkAlphaAPIs,
}

// alphaAPIMatch names each alpha version by itself. A server that doesn't serve it finds no equivalent either, so that
// where alpha APIs are off, requests in the beta and stable versions of the same resources cost no call.
func alphaAPIMatch() []policy.Match {
	matches := []policy.Match{policy.On(object.Namespaces, policy.Create, policy.Update)}
	for _, r := range alphaapis.All() {
		for _, v := range r.Versions {
			if v.Maturity() == alphaapis.Alpha {
				matches = append(matches, policy.On(object.Resource{Group: r.Group, Version: v.Name, Kind: r.Kind, Plural: r.Plural,
					Namespaced: r.Namespaced, Presence: object.Alpha}, policy.Create, policy.Update))
			}
		}
	}
	return matches
}

func checkAlphaAPIs(in policy.Input) []policy.Finding {
	if in.Resource == object.Namespaces {
		return alphaAnnotations(in)
	}
	// The object itself may come in another version than the client sent it in.
	spoken := in.RequestKind
	r, ok := alphaapis.ByKind(spoken.Group, spoken.Kind)
	if !ok || alphaapis.MaturityOf(spoken.Version) != alphaapis.Alpha {
		return nil
	}
	minor, _ := serverMinor(in)
	return []policy.Finding{{
		Path:    field.NewPath("apiVersion"),
		Message: "must not be the alpha version " + spoken.GroupVersion().String(),
		Fix:     beyondAlpha(r),
		Doubt:   alphaDoubt(r, spoken.Version, minor),
	}}
}
