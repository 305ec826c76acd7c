// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

const readyStatus = `,"status":{"conditions":[{"type":"MemoryPressure","status":"False"},{"type":"Ready","status":"True"}]}`

func poolNode(name, more string) string {
	return `{"metadata":{"name":"` + name + `","labels":{"kubernetes.azure.com/agentpool":"user"}}` + more + `}`
}

func TestNodeDeletionFix(t *testing.T) {
	const command = "run az aks nodepool delete-machines -g <group> --cluster-name <cluster> -n "
	for name, c := range map[string]struct{ node, want string }{
		"name and pool":        {poolNode("aks-user-12345678-vmss00000a", readyStatus), command + "user --machine-names aks-user-12345678-vmss00000a"},
		"name that is no word": {poolNode("$(reboot)", readyStatus), command + "user --machine-names <node>"},
		"name that is too long": {poolNode(strings.Repeat("a", longestNodeName+1), readyStatus),
			command + "user --machine-names <node>"},
		"no name of a pool": {`{"metadata":{"name":"n","labels":{"kubernetes.azure.com/cluster":"MC_a"}}` + readyStatus + `}`,
			command + "<pool> --machine-names n"},
	} {
		got := checkNodeDeletion(managedInput(t, object.Nodes, policy.Delete, c.node, ""))
		if len(got) != 1 || got[0].Fix != c.want || got[0].Doubt != "" || got[0].Path != nil {
			t.Errorf("%s: %+v; want one, certain, about the request, with the fix %q", name, got, c.want)
		}
	}
}

func TestNodeDeletionDoubt(t *testing.T) {
	const gone = "the node is not ready: its machine may be gone already"
	for name, c := range map[string]struct{ status, user, want string }{
		"ready":             {readyStatus, "ada@contoso.example", ""},
		"not ready":         {`,"status":{"conditions":[{"type":"Ready","status":"False"}]}`, "ada@contoso.example", gone},
		"unknown":           {`,"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}`, "ada@contoso.example", gone},
		"never heard of":    {``, "ada@contoso.example", gone},
		"malformed":         {`,"status":{"conditions":7}`, "ada@contoso.example", gone},
		"by a new add-on":   {readyStatus, "system:serviceaccount:kube-system:node-janitor", doubtAddon},
		"by an own account": {readyStatus, "system:serviceaccount:flux-system:kustomize-controller", ""},
	} {
		in := managedInput(t, object.Nodes, policy.Delete, poolNode("n", c.status), "")
		in.User = &authenticationv1.UserInfo{Username: c.user}
		got := checkNodeDeletion(in)
		if len(got) != 1 {
			t.Errorf("%s: %v; want one", name, summary(got))
			continue
		}
		if diff := cmp.Diff(c.want, got[0].Doubt); diff != "" {
			t.Errorf("%s: doubt (-want +got):\n%s", name, diff)
		}
	}
}

func TestNodeDeletionAllocatesNothing(t *testing.T) {
	in := managedInput(t, object.Nodes, policy.Delete, `{"metadata":{"name":"n","labels":{"karpenter.sh/nodepool":"default"}}}`, "")
	if n := testing.AllocsPerRun(100, func() { checkNodeDeletion(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
