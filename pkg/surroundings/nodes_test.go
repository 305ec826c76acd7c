// SPDX-License-Identifier: Apache-2.0

package surroundings

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

const (
	subscription = "00000000-0000-0000-0000-00000000aaaa"
	group        = "MC_shop-rg_shop-aks_westeurope"
)

// node is what is read of one.
type node struct {
	labels     map[string]string
	taints     []corev1.Taint
	providerID string
}

func inScaleSet(group, set, n string) string {
	return "azure:///subscriptions/" + subscription + "/resourceGroups/" + group +
		"/providers/Microsoft.Compute/virtualMachineScaleSets/" + set + "/virtualMachines/" + n
}

func labelled(pool, mode string) map[string]string {
	return map[string]string{"kubernetes.azure.com/cluster": group, "kubernetes.azure.com/agentpool": pool, "agentpool": pool,
		"kubernetes.azure.com/mode": mode}
}

var addonsOnly = []corev1.Taint{{Key: "CriticalAddonsOnly", Value: "true", Effect: corev1.TaintEffectNoSchedule}}

func TestFacts(t *testing.T) {
	known := []policy.ResourceGroup{{Subscription: subscription, Name: group}}
	for name, c := range map[string]struct {
		nodes []node
		want  *policy.NodeFacts
	}{
		"no node": {},
		"nodes of elsewhere tell nothing": {nodes: []node{
			{map[string]string{"kubernetes.io/hostname": "kind"}, addonsOnly, "kind://docker/kind/kind-control-plane"}}},
		"two pools": {
			nodes: []node{
				{labelled("system1", "system"), addonsOnly, inScaleSet(group, "aks-system1-vmss", "0")},
				{labelled("apps1", "user"), nil, inScaleSet(group, "aks-apps1-vmss", "0")},
				{labelled("apps1", "user"), nil, inScaleSet(group, "aks-apps1-vmss", "7")},
			},
			want: &policy.NodeFacts{ResourceGroups: known, Pools: []policy.NodePool{
				{Name: "apps1", ScaleSets: []string{"aks-apps1-vmss"}},
				{Name: "system1", System: true, Dedicated: true, ScaleSets: []string{"aks-system1-vmss"}}}},
		},
		"the cloud varies the case of a group and of a scale set": {
			nodes: []node{
				{labelled("a", "user"), nil, inScaleSet(strings.ToLower(group), "AKS-A-VMSS", "1")},
				{labelled("a", "user"), nil, inScaleSet(group, "aks-a-vmss", "0")},
			},
			want: &policy.NodeFacts{ResourceGroups: known, Pools: []policy.NodePool{{Name: "a", ScaleSets: []string{"AKS-A-VMSS"}}}},
		},
		"a second scale set of a pool": {
			nodes: []node{
				{labelled("a", "user"), nil, inScaleSet(group, "two", "0")}, {labelled("a", "user"), nil, inScaleSet(group, "one", "0")},
			},
			want: &policy.NodeFacts{ResourceGroups: known, Pools: []policy.NodePool{{Name: "a", ScaleSets: []string{"one", "two"}}}},
		},
		"virtual machines have no scale set": {
			nodes: []node{{labelled("vms", "System"), nil, "azure:///subscriptions/" + subscription + "/resourceGroups/" + group +
				"/providers/Microsoft.Compute/virtualMachines/aks-vms-12345678-vms1"}},
			want: &policy.NodeFacts{ResourceGroups: known, Pools: []policy.NodePool{{Name: "vms", System: true}}},
		},
		"no providerID yet": {
			nodes: []node{{labelled("a", "user"), nil, ""}},
			want:  &policy.NodeFacts{ResourceGroups: []policy.ResourceGroup{{Name: group}}, Pools: []policy.NodePool{{Name: "a"}}},
		},
		"a label adds no second group without a subscription": {
			nodes: []node{{labelled("a", "user"), nil, ""}, {labelled("b", "user"), nil, inScaleSet(strings.ToLower(group), "b", "0")}},
			want: &policy.NodeFacts{ResourceGroups: []policy.ResourceGroup{{Subscription: subscription, Name: strings.ToLower(group)}},
				Pools: []policy.NodePool{{Name: "a"}, {Name: "b", ScaleSets: []string{"b"}}}},
		},
		"a label that may have been cut is not taken": {
			nodes: []node{{map[string]string{"kubernetes.azure.com/cluster": strings.Repeat("g", 62), "agentpool": "a"}, nil, ""}},
			want:  &policy.NodeFacts{Pools: []policy.NodePool{{Name: "a"}}},
		},
		"managed system nodes lie in another group": {
			nodes: []node{
				{labelled("a", "user"), nil, inScaleSet(group, "a", "0")},
				{map[string]string{"kubernetes.azure.com/mode": "system"}, nil,
					"azure:///subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/hobo-1-rg/providers/Microsoft.Compute/virtualMachines/x"},
			},
			want: &policy.NodeFacts{ResourceGroups: []policy.ResourceGroup{known[0],
				{Subscription: "11111111-0000-0000-0000-000000000000", Name: "hobo-1-rg"}},
				Pools: []policy.NodePool{{Name: "a", ScaleSets: []string{"a"}}}},
		},
		"a pool is dedicated only if all of its nodes are": {
			nodes: []node{{labelled("a", "system"), addonsOnly, ""}, {labelled("a", "system"), nil, ""}},
			want: &policy.NodeFacts{ResourceGroups: []policy.ResourceGroup{{Name: group}},
				Pools: []policy.NodePool{{Name: "a", System: true}}},
		},
		"the taint of managed system pools has another effect and no value": {
			nodes: []node{{labelled("a", "system"), []corev1.Taint{{Key: "CriticalAddonsOnly", Effect: corev1.TaintEffectNoExecute}}, ""}},
			want: &policy.NodeFacts{ResourceGroups: []policy.ResourceGroup{{Name: group}},
				Pools: []policy.NodePool{{Name: "a", System: true, Dedicated: true}}},
		},
		"a taint that only asks": {
			nodes: []node{{labelled("a", "system"), []corev1.Taint{{Key: "CriticalAddonsOnly", Effect: corev1.TaintEffectPreferNoSchedule}}, ""}},
			want: &policy.NodeFacts{ResourceGroups: []policy.ResourceGroup{{Name: group}},
				Pools: []policy.NodePool{{Name: "a", System: true}}},
		},
		"the old label of pools": {
			nodes: []node{{map[string]string{"agentpool": "old"}, nil, ""}},
			want:  &policy.NodeFacts{Pools: []policy.NodePool{{Name: "old"}}},
		},
		"names that no cloud gives": {
			nodes: []node{{map[string]string{"agentpool": "a\x1b[2J"}, nil, inScaleSet("a b", "set", "0")}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				if diff := cmp.Diff(c.want, factsOf(c.nodes)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				slices.Reverse(c.nodes) // in which order they come is nobody's to say
			}
		})
	}
}

func factsOf(nodes []node) *policy.NodeFacts {
	n := NewNodes(&provider.AKS().Facts)
	for _, o := range nodes {
		n.Add(o.labels, o.taints, o.providerID)
	}
	return n.Facts()
}

func TestAddObject(t *testing.T) {
	raw, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": labelled("a", "system")},
		"spec": map[string]any{"providerID": inScaleSet(group, "set", "0"), "taints": addonsOnly}})
	if err != nil {
		t.Fatal(err)
	}
	decode := func(raw []byte) *object.Object {
		o, err := object.Decode(raw, schema.GroupVersionKind{Version: "v1", Kind: "Node"})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	n := NewNodes(&provider.AKS().Facts)
	n.AddObject(decode(raw))
	bad := decode([]byte(`{"spec":{"taints":7}}`))
	n.AddObject(bad)
	want := &policy.NodeFacts{ResourceGroups: []policy.ResourceGroup{{Subscription: subscription, Name: group}},
		Pools: []policy.NodePool{{Name: "a", System: true, Dedicated: true, ScaleSets: []string{"set"}}}}
	if diff := cmp.Diff(want, n.Facts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if bad.Err() == nil {
		t.Error("a malformed Node must say so")
	}
}

// What is kept does not grow with the nodes.
func TestManyNodes(t *testing.T) {
	n := NewNodes(&provider.AKS().Facts)
	for i := range 5000 {
		n.Add(labelled("a", "user"), nil, inScaleSet(group, "set", strconv.Itoa(i)))
	}
	if len(n.groups) != 1 || len(n.pools) != 1 || len(n.pools["a"].scaleSets) != 1 {
		t.Errorf("got %d groups, %d pools, %d scale sets", len(n.groups), len(n.pools), len(n.pools["a"].scaleSets))
	}
}
