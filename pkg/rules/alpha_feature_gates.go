// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// alphaFeatureGates asks first which program runs: many others have a --feature-gates flag, and gates of the same name.
var alphaFeatureGates = policy.Rule{
	ID:      "alpha-feature-gates",
	Title:   "alpha feature gate turned on",
	Clauses: []provider.ClauseID{"alpha-features"},
	Since:   "v0.1.0",
	Default: policy.Deny,
	Doc: policy.Doc{
		Why: "AKS supports the stable and beta features of upstream Kubernetes; alpha features are outside its support unless it " +
			"documents them. They may lose data, change or go away without notice. A gate's stage belongs to one minor version; what " +
			"is alpha in 1.33 may be beta in 1.34.",
		Fix: "Remove the gate, or run a version of the component in which it is beta. If the provider documents the feature as " +
			"supported, list the gate under `allowedGates` in the rule's parameters.",
		Note: "Refused only if command and image both say which Kubernetes component runs, and its version has the gate as alpha. " +
			"An API server in a pod, and what runs beside it, belongs to another cluster and is recorded only; so are configuration " +
			"files in ConfigMaps, which do nothing by themselves. CSI sidecars, operators and other programs with feature gates of " +
			"their own pass. At most 64 KiB of shell script and 64 KiB of configuration files are parsed per object.",
	},
	Match: append(policy.OnEach(append(object.Workloads(), object.ConfigMaps), policy.Create, policy.Update),
		policy.OnSub(object.Pods, "ephemeralcontainers", policy.Update)),
	Params: &policy.Params{
		Defaults: func() any { return &alphaFeatureGatesParams{AllowedGates: []string{}} },
		Bind:     bindAlphaFeatureGates,
	},
}

// alphaFeatureGatesParams are the parameters of alpha-feature-gates.
type alphaFeatureGatesParams struct {
	// AllowedGates are alpha gates that the provider documents as supported.
	AllowedGates []string `json:"allowedGates"`
}

func bindAlphaFeatureGates(params any, path *field.Path) (policy.Check, field.ErrorList) {
	var errs field.ErrorList
	check := gateCheck{allowed: map[string]bool{}}
	for i, gate := range params.(*alphaFeatureGatesParams).AllowedGates {
		at := path.Child("allowedGates").Index(i)
		switch {
		case check.allowed[gate]:
			errs = append(errs, field.Duplicate(at, gate))
		case gate == featuregates.AllAlpha:
			errs = append(errs, field.Invalid(at, gate, "must be a single gate: what comes with the next version is not documented"))
		case len(featuregates.AlphaRanges(gate)) == 0:
			errs = append(errs, field.Invalid(at, gate, "must be a feature gate that was alpha in some version of Kubernetes"))
		}
		check.allowed[gate] = true
	}
	return check.check, errs
}

// gateCheck is the rule bound to its parameters.
type gateCheck struct {
	allowed map[string]bool
}

func (g gateCheck) check(in policy.Input) []policy.Finding {
	if in.Resource == object.ConfigMaps {
		return g.configMap(in)
	}
	pod, ok := in.Object.Pod()
	if !ok {
		return nil
	}
	return g.pod(in, pod)
}
