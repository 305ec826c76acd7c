// SPDX-License-Identifier: Apache-2.0

// Package surroundings gathers what a cluster tells of itself into the facts that rules read.
package surroundings

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Nodes gathers facts from Nodes, one after the other. What it keeps grows with pools and resource groups, not with
// nodes. Nothing of a Node is trusted: a name that no cloud could have given is left out.
type Nodes struct {
	facts  *provider.NodeFacts
	forms  []form
	groups map[policy.ResourceGroup]policy.ResourceGroup // both in small letters -> as given
	pools  map[string]*pool
}

type pool struct {
	system, dedicated bool
	scaleSets         map[string]string // in small letters -> as given
}

// NewNodes returns facts of no Node yet.
func NewNodes(facts *provider.NodeFacts) *Nodes {
	return &Nodes{facts: facts, forms: formsOf(facts.Machines),
		groups: map[policy.ResourceGroup]policy.ResourceGroup{}, pools: map[string]*pool{}}
}

// Add takes in one Node: its labels, its taints, and spec.providerID.
func (n *Nodes) Add(labels map[string]string, taints []corev1.Taint, providerID string) {
	m, known := machineOf(n.forms, providerID)
	if !known {
		m.resourceGroup = GroupLabelled(n.facts, labels)
	}
	if m.resourceGroup != "" {
		given := policy.ResourceGroup{Subscription: m.subscription, Name: m.resourceGroup}
		keep(n.groups, policy.ResourceGroup{Subscription: strings.ToLower(given.Subscription), Name: strings.ToLower(given.Name)}, given, compareGroups)
	}
	name := PoolLabelled(n.facts, labels)
	if name == "" {
		return
	}
	p := n.pools[name]
	if p == nil {
		p = &pool{dedicated: true, scaleSets: map[string]string{}}
		n.pools[name] = p
	}
	p.system = p.system || slices.ContainsFunc(n.facts.System, func(l provider.Label) bool { return l.Matches(labels) })
	// One node without the taint is room for anybody's pods.
	p.dedicated = p.dedicated && dedicated(n.facts.Dedicated, taints)
	if m.scaleSet != "" {
		keep(p.scaleSets, strings.ToLower(m.scaleSet), m.scaleSet, strings.Compare)
	}
}

// AddObject takes in one Node. A body that can't be decoded is left out, and o.Err says why.
func (n *Nodes) AddObject(o *object.Object) {
	if node, ok := object.As[*corev1.Node](o); ok {
		n.Add(o.Meta.Labels, node.Spec.Taints, node.Spec.ProviderID)
	}
}

// keep remembers one spelling of a name, the same whatever the order in which they come.
func keep[K comparable, V any](names map[K]V, key K, given V, compare func(a, b V) int) {
	if now, ok := names[key]; !ok || compare(given, now) < 0 {
		names[key] = given
	}
}

// Facts returns what is known so far; nil if no Node told anything, so that rules which need it are skipped. It shares
// nothing with n.
func (n *Nodes) Facts() *policy.NodeFacts {
	if len(n.groups) == 0 && len(n.pools) == 0 {
		return nil
	}
	facts := &policy.NodeFacts{ResourceGroups: n.resourceGroups()}
	for _, name := range slices.Sorted(maps.Keys(n.pools)) {
		p := n.pools[name]
		facts.Pools = append(facts.Pools, policy.NodePool{Name: name, System: p.system, Dedicated: p.dedicated,
			ScaleSets: slices.Sorted(maps.Values(p.scaleSets))})
	}
	return facts
}

// resourceGroups leaves out a group without its subscription where another Node told both.
func (n *Nodes) resourceGroups() []policy.ResourceGroup {
	whole := map[string]bool{}
	for key := range n.groups {
		whole[key.Name] = whole[key.Name] || key.Subscription != ""
	}
	var list []policy.ResourceGroup
	for key, given := range n.groups {
		if key.Subscription != "" || !whole[key.Name] {
			list = append(list, given)
		}
	}
	slices.SortFunc(list, compareGroups)
	return list
}

func compareGroups(a, b policy.ResourceGroup) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Subscription, b.Subscription))
}

func dedicated(marks []provider.NodeTaint, taints []corev1.Taint) bool {
	return slices.ContainsFunc(marks, func(m provider.NodeTaint) bool {
		return slices.ContainsFunc(taints, func(t corev1.Taint) bool {
			return t.Key == m.Key && (m.Value == "" || t.Value == m.Value) && slices.Contains(m.Effects, string(t.Effect))
		})
	})
}

// maxLabel is how long a label's value can be. A name that fills it may have been cut to fit.
const maxLabel = 63

// GroupLabelled returns the resource group that a Node's labels name. One that may have been cut off is not taken.
func GroupLabelled(facts *provider.NodeFacts, labels map[string]string) string {
	// Where the cut would leave a last character that labels can't have, it is replaced, at one byte less.
	if name := valueOf(facts.ResourceGroup, labels); len(name) < maxLabel-1 && plausible(name) {
		return name
	}
	return ""
}

// PoolLabelled returns the pool that a Node's labels name.
func PoolLabelled(facts *provider.NodeFacts, labels map[string]string) string {
	if name := valueOf(facts.Pool, labels); plausible(name) {
		return name
	}
	return ""
}

func valueOf(list []provider.Label, labels map[string]string) string {
	for i := range list {
		if v := labels[list[i].Key]; v != "" {
			return v
		}
	}
	return ""
}
