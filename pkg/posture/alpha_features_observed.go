// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"
	"slices"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var alphaFeaturesObserved = policy.Rule{
	ID:    "alpha-features-observed",
	Title: "alpha feature that is on in the running cluster",
	Doc: policy.Doc{
		Why: "AKS supports stable and beta features of Kubernetes, and alpha features only where it documents them. Each component " +
			"tells in its metrics which gates are on, and at which stage: no guess is needed.",
		Fix: "Switch the gate off where it was switched on: mostly a privileged DaemonSet that edits the kubelet's configuration. " +
			"Upgrading the node image undoes such an edit.",
		Note: "Gates that Kubernetes itself has on, though alpha, pass. AKS sets the API server's flags, so what is on there is a " +
			"note. There is one finding for the API server, and one for each pool.",
	},
	Clauses: []provider.ClauseID{"alpha-features"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Survey:  surveyAlphaFeaturesObserved,
}

func surveyAlphaFeaturesObserved(s policy.State) []policy.Sighting {
	_, newest := featuregates.Known()
	say := func(gates []string, where string) policy.Finding {
		return policy.Finding{
			Message: fmt.Sprintf("must run no alpha feature: %s%s%s", few(gates), where, history(gates)),
			Fix:     "switch the gate off where it was switched on; for a kubelet, upgrade the node image"}
	}
	sure := bySource(s, say, func(f policy.FeatureState, at featuregates.Minor) bool {
		spec, known := featuregates.Lookup(f.Name, at)
		return f.Stage == stageAlpha && known && !spec.Default
	})
	unsure := bySource(s, say, func(f policy.FeatureState, at featuregates.Minor) bool {
		_, known := featuregates.Lookup(f.Name, at)
		return f.Stage == stageAlpha && !known
	})
	for i := range unsure {
		unsure[i].AtMost = policy.Audit
		unsure[i].Doubt = fmt.Sprintf("the table of feature gates knows up to %s, and not whether Kubernetes itself has this on", newest)
	}
	found := slices.Concat(sure, unsure)
	for i := range found {
		if found[i].Object.Name == "" {
			found[i].AtMost, found[i].Doubt = policy.Audit, doubts(found[i].Doubt, doubtFlags)
		}
	}
	return append(found, servedAlpha(s)...)
}

const doubtFlags = "AKS sets the flags of the API server"

// history tells of a single gate what became of it.
func history(gates []string) string {
	if len(gates) != 1 {
		return ""
	}
	if h := featuregates.History(gates[0]); h != "" {
		return " (" + h + ")"
	}
	return ""
}

func servedAlpha(s policy.State) []policy.Sighting {
	var found []policy.Sighting
	for _, a := range s.AlphaUse {
		if _, known := alphaVersion(a); !known {
			continue
		}
		f := policy.Finding{
			Message: fmt.Sprintf("must serve no alpha API: %s is served, and %s", apiName(a), objects(a)),
			Fix:     "move to a beta or stable version of the API, and delete the objects",
			Doubt:   doubtFlags}
		if a.Objects == 0 {
			f.AtMost = policy.Audit
		}
		found = append(found, policy.Sighting{Finding: f})
	}
	return found
}
