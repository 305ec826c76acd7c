// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// aNode is a node of the pool "user" with more labels, and with taints.
func aNode(labels, taints string) string {
	return `{"metadata":{"name":"n","labels":{"kubernetes.azure.com/agentpool":"user"` + labels + `}},"spec":{"taints":[` + taints + `]}}`
}

func TestNodeSystemMetadataFix(t *testing.T) {
	const update = "run az aks nodepool update -g <group> --cluster-name <cluster> -n user "
	const critical = `{"key":"CriticalAddonsOnly","value":"true","effect":"NoSchedule"}`
	for name, c := range map[string]struct{ before, after, want string }{
		"a label with a flag": {aNode(`,"kubernetes.azure.com/mode":"user"`, ""), aNode(`,"kubernetes.azure.com/mode":"system"`, ""),
			update + "--mode system"},
		"a value that is no word": {aNode(`,"kubernetes.azure.com/mode":"user"`, ""), aNode(`,"kubernetes.azure.com/mode":"a;b"`, ""),
			update + "--mode <value>"},
		"a label with a flag, removed": {aNode(`,"kubernetes.azure.com/mode":"user"`, ""), aNode("", ""), "leave it as AKS set it"},
		"a label without a flag":       {aNode("", ""), aNode(`,"kubernetes.azure.com/team":"shop"`, ""), update + "--labels <your-key>=<value>"},
		"a label that has one value": {aNode(`,"kubernetes.azure.com/role":"agent"`, ""), aNode(`,"kubernetes.azure.com/role":"shop"`, ""),
			"leave it as AKS set it"},
		"a taint with a flag":          {aNode("", ""), aNode("", critical), update + "--node-taints CriticalAddonsOnly=true:NoSchedule"},
		"a taint with a flag, removed": {aNode("", critical), aNode("", ""), update + "--node-taints <taints to keep>"},
		"a taint without a flag": {aNode("", ""), aNode("", `{"key":"kubernetes.azure.com/x","effect":"NoExecute"}`),
			update + "--node-taints <your-key>=<value>:<effect>"},
		"a taint without a value": {aNode("", ""), aNode("", `{"key":"CriticalAddonsOnly","effect":"NoSchedule"}`),
			update + "--node-taints CriticalAddonsOnly:NoSchedule"},
		"no pool": {`{"metadata":{}}`, `{"metadata":{"labels":{"kubernetes.azure.com/x":""}}}`,
			strings.Replace(update, "user", "<pool>", 1) + "--labels <your-key>=<value>"},
		"an annotation": {`{"metadata":{"annotations":{"kubernetes.azure.com/security-patch-timestamp":"1"}}}`, `{"metadata":{}}`,
			"leave it to AKS, or use an annotation of your own"},
		"the NodePool of Karpenter": {`{"metadata":{"labels":{"karpenter.sh/nodepool":"default","kubernetes.azure.com/mode":"user"}}}`,
			`{"metadata":{"labels":{"karpenter.sh/nodepool":"default"}}}`, `set it in spec.template of the NodePool "default"`},
		"a pool by its older label": {`{"metadata":{"labels":{"agentpool":"np1"}}}`,
			`{"metadata":{"labels":{"agentpool":"np1","kubernetes.azure.com/x":""}}}`,
			strings.Replace(update, "user", "np1", 1) + "--labels <your-key>=<value>"},
		"a label that no pool is called by": {`{"metadata":{"labels":{"agentpool":"$(x)"}}}`,
			`{"metadata":{"labels":{"agentpool":"$(x)","kubernetes.azure.com/x":""}}}`,
			strings.Replace(update, "user", "<pool>", 1) + "--labels <your-key>=<value>"},
	} {
		t.Run(name, func(t *testing.T) {
			findings := checkNodeSystemMetadata(managedInput(t, object.Nodes, policy.Update, c.before, c.after))
			if len(findings) != 1 {
				t.Fatalf("findings %v; want one", summary(findings))
			}
			if diff := cmp.Diff(c.want, findings[0].Fix); diff != "" {
				t.Errorf("fix (-want +got):\n%s", diff)
			}
		})
	}
}

// Maps are walked in another order each time; what is said must not be.
func TestNodeSystemMetadataOrder(t *testing.T) {
	in := managedInput(t, object.Nodes, policy.Update,
		aNode(`,"agentpool":"user","kubernetes.azure.com/role":"agent","kubernetes.io/os":"linux"`, ""), aNode("", ""))
	first := summary(checkNodeSystemMetadata(in))
	if !slices.IsSorted(first) || len(first) != 3 {
		t.Fatalf("findings %v; want three, in order", first)
	}
	for range 50 {
		if diff := cmp.Diff(first, summary(checkNodeSystemMetadata(in))); diff != "" {
			t.Fatalf("findings (-first +later):\n%s", diff)
		}
	}
}

func TestNodeSystemMetadataManyTaints(t *testing.T) {
	for _, n := range []int{3, manyTaints, manyTaints + 1, 20_000} {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"key":"kubernetes.azure.com/%d","effect":"NoSchedule"}`, i))
		}
		before := aNode("", strings.Join(list, ","))
		slices.Reverse(list)
		if got := checkNodeSystemMetadata(managedInput(t, object.Nodes, policy.Update, before, aNode("", strings.Join(list, ",")))); got != nil {
			t.Errorf("%d taints in another order: %d findings; want none", n, len(got))
		}
		got := checkNodeSystemMetadata(managedInput(t, object.Nodes, policy.Update, before, aNode("", strings.Join(list[1:], ","))))
		want := []string{fmt.Sprintf(`spec.taints: must keep "kubernetes.azure.com/%d:NoSchedule": AKS sets it Warn`, n-1)}
		if diff := cmp.Diff(want, summary(got)); diff != "" {
			t.Errorf("one of %d taints removed (-want +got):\n%s", n, diff)
		}
	}
}

func TestNodeSystemMetadataAllocatesNothing(t *testing.T) {
	const spot = `{"key":"kubernetes.azure.com/scalesetpriority","value":"spot","effect":"NoSchedule"}`
	in := managedInput(t, object.Nodes, policy.Update, aNode(`,"team":"shop"`, spot),
		aNode(`,"team":"payments"`, `{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"},`+spot))
	if got := checkNodeSystemMetadata(in); got != nil {
		t.Fatalf("findings %v; want none", summary(got))
	}
	if n := testing.AllocsPerRun(100, func() { checkNodeSystemMetadata(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
