// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

func autoscalerPod(command string) string {
	return `{"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"tools:1","command":["` +
		strings.ReplaceAll(command, " ", `","`) + `"]}]}}`
}

// The fix is the command that does the same through the AKS API, with what the flags and the Nodes tell.
func TestSelfManagedAutoscalerFix(t *testing.T) {
	for nodes, want := range map[string]string{
		" --nodes=2:7:aks-apps-12345678-vmss": "-n apps --enable-cluster-autoscaler --min-count 2 --max-count 7",
		" --nodes 2:7:other":                  "-n <pool> --enable-cluster-autoscaler --min-count 2 --max-count 7",
		" --nodes=::":                         "-n <pool> --enable-cluster-autoscaler --min-count <n> --max-count <n>",
		" --nodes=$(A):7:other":               "-n <pool> --enable-cluster-autoscaler --min-count <n> --max-count <n>",
		" --nodes=1;rm:7:other":               "-n <pool> --enable-cluster-autoscaler --min-count <n> --max-count 7",
		"":                                    "-n <pool> --enable-cluster-autoscaler --min-count <n> --max-count <n>",
	} {
		in := managedInput(t, object.Pods, policy.Create, "", autoscalerPod("cluster-autoscaler --cloud-provider=azure"+nodes))
		in.Cluster = &policy.ClusterFacts{Nodes: &policy.NodeFacts{
			Pools: []policy.NodePool{{Name: "apps", ScaleSets: []string{"aks-apps-12345678-vmss"}}}}}
		got := selfManagedAutoscaler.Check(in)
		if want = "delete this Pod after az aks nodepool update " + want; len(got) != 1 || got[0].Fix != want {
			t.Errorf("%q: findings %v; want one with the fix %q", nodes, got, want)
		}
	}
}

func TestSelfManagedAutoscalerAllocatesNothing(t *testing.T) {
	in := managedInput(t, object.Deployments, policy.Create, "", `{"metadata":{"name":"x"},"spec":{"template":{"spec":{
		"initContainers":[{"name":"a","image":"busybox","command":["sh","-c","echo autoscaler"]}],
		"containers":[{"name":"b","image":"registry.contoso.example/cluster-api:1","args":["--cloud-provider=azure"],
			"env":[{"name":"A","value":"kube"}]}]}}}}`)
	if got := selfManagedAutoscaler.Check(in); got != nil {
		t.Fatalf("findings %v; want none", summary(got))
	}
	if n := testing.AllocsPerRun(100, func() { selfManagedAutoscaler.Check(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
