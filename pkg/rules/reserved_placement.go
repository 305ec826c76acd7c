// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var reservedPlacement = policy.Rule{
	ID:      "reserved-placement",
	Title:   "workload placed on nodes kept for AKS's components",
	Clauses: []provider.ClauseID{"system-node-pools"},
	Since:   "v0.1.0",
	Default: policy.Audit,
	Doc: policy.Doc{
		Why: "AKS keeps system node pools for its own components and advises against running applications there, so that none takes " +
			"DNS or metrics down; nothing about support changes. The taint `CriticalAddonsOnly` keeps other pods out, unless they " +
			"tolerate it by its key or by a toleration of everything.",
		Fix: "Run the workload on a user node pool (`az aks nodepool add --mode User`). Name the taints that it has to tolerate, and " +
			"select nodes by labels of that pool.",
		Note: "DaemonSets pass, since agents belong on every node, and so do tolerations of Kubernetes' own taints, tolerations of " +
			"`NoExecute` alone, preferences, and the pods of `kubectl debug node`. The first pool of every cluster is a system pool and runs " +
			"whatever there is, so a pool's or node's name counts only if the pool carries the taint. That the live Nodes tell; " +
			"without them such names pass.",
	},
	Match: policy.OnEach(schedulable(), policy.Create, policy.Update),
	Wants: policy.Needs{Nodes: true},
	Check: checkReservedPlacement,
}

// schedulable lists the workloads whose pods the scheduler places: all but DaemonSets.
func schedulable() []object.Resource {
	var list []object.Resource
	for _, r := range object.Workloads() {
		if r != object.DaemonSets {
			list = append(list, r)
		}
	}
	return list
}

func checkReservedPlacement(in policy.Input) []policy.Finding {
	pod, ok := in.Object.Pod()
	if !ok {
		return nil
	}
	p := placement{in: in, pod: pod}
	findings := p.affinity(p.selector(p.node(p.tolerations(nil))))
	if len(findings) == 0 || leftAlone(in) || debugsNode(in, pod) {
		return nil
	}
	return inDoubtOfAddon(in, findings)
}

// debugsNode knows the pods of `kubectl debug node`, which AKS documents: they have to reach any node.
func debugsNode(in policy.Input, pod object.Pod) bool {
	return in.Resource == object.Pods && pod.Spec.NodeName != "" && strings.HasPrefix(in.Name, "node-debugger-")
}

const reservedTaint = "CriticalAddonsOnly"

// tolerations finds those that open dedicated system pools. Their taint has the value true and the effect NoSchedule, so
// that a toleration of other effects alone does not.
func (p *placement) tolerations(findings []policy.Finding) []policy.Finding {
	for i := range p.pod.Spec.Tolerations {
		t := &p.pod.Spec.Tolerations[i]
		exists := t.Operator == corev1.TolerationOpExists
		switch {
		case t.Effect != "" && t.Effect != corev1.TaintEffectNoSchedule:
		case t.Key == "" && exists:
			findings = append(findings, policy.Finding{Path: p.pod.SpecPath().Child("tolerations").Index(i),
				Message: "must name a key: without one it opens system node pools, which AKS keeps for its own components",
				Fix:     "name the taints that this " + p.in.Resource.Kind + " has to tolerate"})
		case t.Key == reservedTaint && (exists || t.Value == "true" && (t.Operator == "" || t.Operator == corev1.TolerationOpEqual)):
			findings = append(findings, policy.Finding{Path: p.pod.SpecPath().Child("tolerations").Index(i),
				Message: "must not tolerate CriticalAddonsOnly: the taint keeps system node pools for AKS's own components",
				Fix:     "leave it out, and run this " + p.in.Resource.Kind + " on a user node pool"})
		}
	}
	return findings
}
