// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"fmt"
	"math/rand/v2"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// generator makes random things, so that about as many requests are matched as are not.
type generator struct {
	*rand.Rand
	// round is part of every name that it makes: rounds don't meet.
	round int
	// namespaces that requests go to.
	namespaces []string
}

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// some returns a random choice of the list, in order, at least one of them.
func some[T any](g *generator, most int, list ...T) []T {
	n := 1 + g.IntN(min(most, len(list)))
	chosen := map[int]bool{}
	for len(chosen) < n {
		chosen[g.IntN(len(list))] = true
	}
	var out []T
	for i, v := range list {
		if chosen[i] {
			out = append(out, v)
		}
	}
	return out
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

var labelValues = map[string][]string{
	"app":                            {"shop", "web", "db"},
	"tier":                           {"front", "back"},
	"control-plane":                  {"true", "controller-manager"},
	"kubernetes.azure.com/managedby": {"aks", "me"},
}

var labelKeys = []string{"app", "tier", "control-plane", "kubernetes.azure.com/managedby"}

func (g *generator) labels() map[string]string {
	set := map[string]string{}
	for _, k := range labelKeys {
		if g.chance(50) {
			set[k] = pick(g, labelValues[k]...)
		}
	}
	return set
}

// selector returns one that is nil, empty, or has every operator now and then.
func (g *generator) selector(namespaces bool) *metav1.LabelSelector {
	switch {
	case g.chance(50):
		return nil
	case g.chance(20):
		return &metav1.LabelSelector{}
	}
	s := &metav1.LabelSelector{}
	if g.chance(15) {
		k := pick(g, labelKeys...)
		s.MatchLabels = map[string]string{k: pick(g, labelValues[k]...)}
	}
	for range 1 + g.IntN(2) {
		s.MatchExpressions = append(s.MatchExpressions, g.requirement(namespaces))
	}
	return s
}

func (g *generator) requirement(namespaces bool) metav1.LabelSelectorRequirement {
	k := pick(g, labelKeys...)
	values := labelValues[k]
	if namespaces && g.chance(20) {
		k, values = "kubernetes.io/metadata.name", append([]string{"kube-system", g.newNamespace()}, g.namespaces...)
	}
	switch op := pick(g, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpNotIn,
		metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist); op {
	case metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn:
		return metav1.LabelSelectorRequirement{Key: k, Operator: op, Values: some(g, 3, values...)}
	default:
		return metav1.LabelSelectorRequirement{Key: k, Operator: op}
	}
}

var (
	groups    = []string{"", "", "apps", "autoscaling", "batch", "coordination.k8s.io", "events.k8s.io", "reach.demarc.dev", "authentication.k8s.io", "admissionregistration.k8s.io", "rbac.authorization.k8s.io"}
	versions  = []string{"v1", "v1", "v1", "v2", "v1beta1"}
	resources = []string{"pods", "pods", "configmaps", "secrets", "deployments", "events", "horizontalpodautoscalers",
		"leases", "namespaces", "nodes", "widgets", "gadgets", "serviceaccounts", "clusterroles", "tokenreviews",
		"validatingwebhookconfigurations", "validatingadmissionpolicies"}
	subresources = []string{"pods/eviction", "pods/binding", "pods/exec", "pods/status", "pods/ephemeralcontainers",
		"deployments/scale", "deployments/status", "widgets/status", "widgets/scale", "nodes/status", "nodes/proxy",
		"namespaces/status", "namespaces/finalize", "serviceaccounts/token"}
)

// resources are valid as the API server sees it: a list with "*/*" has no other entry, one with "*" no other without a
// subresource, and so on.
func (g *generator) resources() []string {
	switch n := g.IntN(100); {
	case n < 30:
		return []string{"*/*"}
	case n < 40:
		return []string{"*"}
	case n < 46:
		return []string{"*", pick(g, subresources...)}
	case n < 51:
		return []string{pick(g, "pods/*", "deployments/*", "widgets/*", "namespaces/*")}
	case n < 52:
		return []string{pick(g, "*/scale", "*/scale", "*/status")}
	case n < 58:
		return []string{pick(g, resources...), pick(g, "*/scale", "*/status")}
	}
	list := some(g, 9, resources...)
	if g.chance(50) {
		list = append(list, some(g, 7, subresources...)...)
	}
	return unique(list)
}

func unique(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func (g *generator) rule(kind ruleKind) admissionregistrationv1.RuleWithOperations {
	r := admissionregistrationv1.RuleWithOperations{Rule: admissionregistrationv1.Rule{
		APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: g.resources()}}
	if g.chance(30) {
		r.APIGroups = unique(some(g, 4, groups...))
	}
	if g.chance(35) {
		r.APIVersions = unique(some(g, 2, versions...))
	}
	operations := []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update,
		admissionregistrationv1.Delete, admissionregistrationv1.Connect}
	if kind == mutatesInProcess {
		operations = operations[:2] // what it does elsewhere leaves no trace
	}
	r.Operations = some(g, len(operations), operations...)
	if kind != mutatesInProcess && g.chance(50) {
		r.Operations = []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll}
	}
	if g.chance(30) {
		r.Scope = new(pick(g, admissionregistrationv1.AllScopes, admissionregistrationv1.NamespacedScope, admissionregistrationv1.ClusterScope))
	}
	return r
}

// ruleKind narrows rules to what can be seen from outside.
type ruleKind int

const (
	anyRule ruleKind = iota
	mutatesInProcess
)

func (g *generator) rules(kind ruleKind) []admissionregistrationv1.RuleWithOperations {
	var list []admissionregistrationv1.RuleWithOperations
	for range 1 + g.IntN(3) {
		list = append(list, g.rule(kind))
	}
	return list
}

func (g *generator) namedRules(kind ruleKind, percentNamed int) []admissionregistrationv1.NamedRuleWithOperations {
	var list []admissionregistrationv1.NamedRuleWithOperations
	for _, r := range g.rules(kind) {
		n := admissionregistrationv1.NamedRuleWithOperations{RuleWithOperations: r}
		if g.chance(percentNamed) {
			n.ResourceNames = some(g, 4, g.names()...)
		}
		list = append(list, n)
	}
	return list
}

func (g *generator) matchPolicy() *admissionregistrationv1.MatchPolicyType {
	switch {
	case g.chance(30):
		return nil
	case g.chance(40):
		return new(admissionregistrationv1.Exact)
	}
	return new(admissionregistrationv1.Equivalent)
}

// names that requests are about, and one that none is.
func (g *generator) names() []string {
	return []string{"old", "new", g.node(), g.namespaces[0], g.newNamespace(), "nothing"}
}

func (g *generator) node() string         { return fmt.Sprintf("node-%d", g.round) }
func (g *generator) newNamespace() string { return fmt.Sprintf("reach-%d-new", g.round) }
