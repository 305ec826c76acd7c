// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// byNamespace puts the pods of each namespace together, in the order of the list, which is sorted.
func byNamespace(pods []policy.PodState, want func(*policy.PodState) bool) [][]*policy.PodState {
	var groups [][]*policy.PodState
	for i := range pods {
		p := &pods[i]
		if !want(p) {
			continue
		}
		last := len(groups) - 1
		if last < 0 || groups[last][0].Namespace != p.Namespace {
			groups = append(groups, nil)
			last++
		}
		groups[last] = append(groups[last], p)
	}
	return groups
}

func podNames(pods []*policy.PodState) []string {
	var list []string
	for _, p := range pods {
		list = append(list, p.Name)
	}
	return list
}

func lost(p *policy.PodState) bool { return p.Phase == "Unknown" || p.Reason == "NodeLost" }

func lostPods(s policy.State) []policy.Sighting {
	var found []policy.Sighting
	for _, pods := range byNamespace(s.StuckPods, lost) {
		found = append(found, policy.Sighting{Object: pods[0].Subject, Finding: policy.Finding{
			Path: field.NewPath("status", "phase"),
			Message: fmt.Sprintf("must be known before an upgrade; in namespace %s are Unknown, or on a lost node: %s",
				shown(pods[0].Namespace), few(podNames(pods))),
			Fix: "bring back or remove the node " + argument(pods[0].NodeName, "<node>") + ", then delete the pods"}})
	}
	return found
}

// are is a count with its verb after it: "1 pod is", "2 pods are".
func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return counted(n, noun) + " are"
}

// stuckPods are those whose deletion should have come to its end: the API server puts the grace period into the
// deletion's time.
func stuckPods(s policy.State) []policy.Sighting {
	stuck := func(p *policy.PodState) bool {
		return !lost(p) && p.DeletionTimestamp != nil && s.Now.Sub(*p.DeletionTimestamp) >= patience
	}
	var found []policy.Sighting
	for _, pods := range byNamespace(s.StuckPods, stuck) {
		p := pods[0]
		f := policy.Finding{
			Path: field.NewPath("metadata", "deletionTimestamp"),
			Message: fmt.Sprintf("must be gone since %s; in namespace %s are stuck in deletion: %s",
				p.DeletionTimestamp.UTC().Format(time.RFC3339), shown(p.Namespace), few(podNames(pods))),
			Fix: "look why with kubectl describe pod, at its node first"}
		if len(p.Finalizers) > 0 {
			f.Message += ", by " + few(p.Finalizers)
			f.Fix = "look at what should take the finalizer off"
		}
		found = append(found, policy.Sighting{Object: p.Subject, Finding: f})
	}
	return found
}

func failedNodes(s policy.State) []policy.Sighting {
	var found []policy.Sighting
	for _, p := range poolsOf(s) {
		lost := unready(p, s.Now)
		if len(lost) == 0 {
			continue
		}
		found = append(found, policy.Sighting{Object: lost[0].Subject, Finding: policy.Finding{
			Path: field.NewPath("status", "conditions").Key("Ready"),
			Message: fmt.Sprintf("must be True, or the node gone, before an upgrade (not ready: %s: %s)",
				p.share(len(lost)), few(names(lost))),
			Fix: repair(p, lost[0].Name)}})
	}
	return found
}

func tightBudgets(s policy.State) []policy.Sighting {
	var found []policy.Sighting
	for i := range s.Budgets {
		b := &s.Budgets[i]
		f := policy.Finding{Path: field.NewPath("status", "disruptionsAllowed")}
		switch _, own := s.Provider.Marked(labelsOf(b.Subject)); {
		case b.Desired < b.Expected:
			f.Message = fmt.Sprintf("must be more than 0 before an upgrade: %d of %s healthy, and %d must be",
				b.Healthy, are(int(b.Expected), "pod"), b.Desired)
			f.Fix, f.AtMost = "look why pods are not healthy", policy.Audit
		case own:
			f.Message = fmt.Sprintf("is 0: AKS's own budget asks for %d of %s", b.Desired, counted(int(b.Expected), "pod"))
			f.Fix, f.AtMost = "leave it to AKS, and ask support if an upgrade fails on it", policy.Audit
		default:
			f.Message = fmt.Sprintf("must be more than 0, or no node with its pods can be drained: the budget asks for %d of %s",
				b.Desired, counted(int(b.Expected), "pod"))
			f.Fix = fmt.Sprintf("allow one disruption, or run more pods: kubectl edit pdb %s -n %s",
				argument(b.Name, "<name>"), argument(b.Namespace, "<namespace>"))
		}
		found = append(found, policy.Sighting{Object: b.Subject, Finding: f})
	}
	return found
}
