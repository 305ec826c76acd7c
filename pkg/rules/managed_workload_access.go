// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var managedWorkloadAccess = policy.Rule{
	ID:      "managed-workload-access",
	Title:   "reaching into pods of AKS's namespaces",
	Clauses: []provider.ClauseID{"managed-components"},
	Since:   "v0.1.0",
	Default: policy.Audit,
	Doc: policy.Doc{
		Why: "Customers can't alter the components that AKS runs, and what somebody changes inside their pods is gone once AKS " +
			"replaces the pod. Until then a component behaves as no other of its version does, and nothing tells why. A debugging " +
			"container lives on in the pod, a forwarded port reaches interfaces that trust whoever gets there, and a pod bound by " +
			"hand lands where the scheduler would not put it. AKS Automatic refuses such access.",
		Fix: "Read components by `kubectl logs` and `kubectl describe`, by the diagnostics in the Azure portal, by AKS Periscope, " +
			"or by managed Prometheus. Restart one with `kubectl rollout restart`. Open a support request for what remains: " +
			"Microsoft may look inside.",
		Note: "Recorded only, by default. What AKS documents passes: forwarding the ports of Hubble, of managed Prometheus, of the " +
			"secrets store and of the application routing add-on, `cilium-dbg` in Cilium's agent, `istioctl` with the Istio " +
			"add-on. Eviction is recorded at most, whatever mode is set, since that is how nodes are drained. The pod isn't known " +
			"from such a request but by its name, so pods of yours in these namespaces count too.",
	},
	Match: managedWorkloadAccessMatch(),
	Needs: policy.Needs{Request: true, Old: true},
	Check: checkManagedWorkloadAccess,
}

func managedWorkloadAccessMatch() []policy.Match {
	var matches []policy.Match
	for _, subresource := range []string{"exec", "attach", "portforward", "proxy"} {
		matches = append(matches, policy.OnSub(object.Pods, subresource, policy.Connect))
	}
	matches = append(matches,
		policy.OnSub(object.Services, "proxy", policy.Connect),
		policy.OnSub(object.Pods, "ephemeralcontainers", policy.Update),
		policy.OnSub(object.Pods, "eviction", policy.Create),
		policy.OnSub(object.Pods, "binding", policy.Create),
		policy.On(object.Bindings, policy.Create))
	return policy.InManaged(slices.Clip(matches)...)
}

func checkManagedWorkloadAccess(in policy.Input) []policy.Finding {
	certainty := territory(in)
	if certainty == policy.NotManaged {
		return nil
	}
	a, ok := accessOf(in)
	if !ok {
		return nil
	}
	place := " of " + in.NamespaceName
	doubt := certainty.Doubt()
	switch {
	case doubt != "":
		place += " if AKS manages that"
	case maybeAddon(in):
		doubt = doubtAddon
	}
	return []policy.Finding{{Path: a.path, Message: a.must + place + a.why, Fix: a.fix, Doubt: doubt, AtMost: a.atMost}}
}
