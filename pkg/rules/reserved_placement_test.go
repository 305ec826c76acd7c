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

// ownInput is a request in a namespace of the customer's, in a cluster with a dedicated system pool, a system pool that runs
// whatever there is, and a user pool that somebody tainted like a system pool.
func ownInput(t *testing.T, r object.Resource, op policy.Operation, raw string) policy.Input {
	t.Helper()
	in := managedInput(t, r, op, "", raw)
	in.NamespaceName, in.Namespace = "shop", nil
	in.Cluster = &policy.ClusterFacts{Nodes: &policy.NodeFacts{Pools: []policy.NodePool{
		{Name: "first", System: true}, {Name: "sys", System: true, Dedicated: true}, {Name: "user", Dedicated: true}}}}
	return in
}

func TestReservedPlacementByPool(t *testing.T) {
	const terms = `"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[`
	const at = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
	const keeps = ": AKS keeps it for its own components"
	for spec, want := range map[string][]string{
		`"nodeSelector":{"agentpool":"sys"}`:                                                          {"spec.nodeSelector[agentpool]: must not be sys" + keeps},
		`"nodeSelector":{"kubernetes.azure.com/agentpool":"sys"}`:                                     {"spec.nodeSelector[kubernetes.azure.com/agentpool]: must not be sys" + keeps},
		`"nodeSelector":{"agentpool":"first"}`:                                                        nil,
		`"nodeSelector":{"agentpool":"user"}`:                                                         nil,
		`"nodeSelector":{"agentpool":"gone"}`:                                                         nil,
		`"nodeSelector":{"pool":"sys"}`:                                                               nil,
		`"nodeSelector":{"kubernetes.io/hostname":"aks-sys-12345678-vmss000001"}`:                     {"spec.nodeSelector[kubernetes.io/hostname]: must not be a node of sys" + keeps},
		`"nodeSelector":{"kubernetes.io/hostname":"aks-first-12345678-vmss000001"}`:                   nil,
		`"nodeName":"aks-sys-12345678-vmss00000a"`:                                                    {"spec.nodeName: must not be a node of sys" + keeps},
		`"nodeName":"aks-sys-12345678-vms1"`:                                                          {"spec.nodeName: must not be a node of sys" + keeps},
		`"nodeName":"aks-first-12345678-vmss000001"`:                                                  nil,
		`"nodeName":"aks-sys-xyzzy"`:                                                                  nil,
		terms + `{"matchExpressions":[{"key":"agentpool","operator":"In","values":["sys"]}]}]`:        {at + "[0].matchExpressions[0]: must not be sys" + keeps},
		terms + `{"matchExpressions":[{"key":"agentpool","operator":"In","values":["sys","user"]}]}]`: nil,
		terms + `{"matchExpressions":[{"key":"agentpool","operator":"NotIn","values":["sys"]}]}]`:     nil,
		terms + `{"matchExpressions":[{"key":"agentpool","operator":"In","values":[]}]}]`:             nil,
		terms + `{}]`: nil,
		terms + `{},{"matchExpressions":[{"key":"agentpool","operator":"In","values":["sys"]}]}]`:                     {at + "[1].matchExpressions[0]: must not be sys" + keeps},
		terms + `{"matchFields":[{"key":"metadata.name","operator":"In","values":["aks-sys-12345678-vmss000001"]}]}]`: {at + "[0].matchFields[0]: must not be a node of sys" + keeps},
	} {
		if strings.HasPrefix(spec, terms) {
			spec += "}}}"
		}
		raw := `{"metadata":{"name":"x"},"spec":{` + spec + `}}`
		for _, op := range []policy.Operation{policy.Create, policy.AtRest} {
			got := summary(checkReservedPlacement(ownInput(t, object.Pods, op, raw)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q %s (-want +got):\n%s", op, spec, diff)
			}
		}
		in := ownInput(t, object.Pods, policy.Create, raw)
		in.Cluster.Nodes = nil
		if got := checkReservedPlacement(in); got != nil {
			t.Errorf("%s: without facts of nodes got %v, want nothing", spec, summary(got))
		}
	}
}

// Once a Pod is there, its node is the scheduler's choice. That of a template never is.
func TestReservedPlacementChosenNode(t *testing.T) {
	const spec = `"spec":{"nodeName":"aks-sys-12345678-vmss000001"}}`
	for name, c := range map[string]struct {
		resource object.Resource
		op       policy.Operation
		raw      string
		want     int
	}{
		"created":  {object.Pods, policy.Create, `{"metadata":{"name":"x","uid":"1"},` + spec, 1},
		"manifest": {object.Pods, policy.AtRest, `{"metadata":{"name":"x"},` + spec, 1},
		"running":  {object.Pods, policy.AtRest, `{"metadata":{"name":"x","uid":"1"},` + spec, 0},
		"updated":  {object.Pods, policy.Update, `{"metadata":{"name":"x","uid":"1"},` + spec, 0},
		"in a template": {object.Deployments, policy.AtRest,
			`{"metadata":{"name":"x","uid":"1"},"spec":{"template":{` + spec + `}}`, 1},
		"kubectl debug node": {object.Pods, policy.Create, `{"metadata":{"name":"node-debugger-aks-sys-12345678-vmss000001-abcde"},` + spec, 0},
	} {
		if got := checkReservedPlacement(ownInput(t, c.resource, c.op, c.raw)); len(got) != c.want {
			t.Errorf("%s: findings %v, want %d", name, summary(got), c.want)
		}
	}
}

func TestReservedPlacementLeftAlone(t *testing.T) {
	const spec = `"spec":{"tolerations":[{"operator":"Exists"}]}}`
	owned := func(version, kind string) string {
		return `{"metadata":{"name":"x","ownerReferences":[{"controller":true,"apiVersion":"` + version + `","kind":"` + kind + `","name":"o","uid":"1"}]},` + spec
	}
	for name, c := range map[string]struct {
		raw                      string
		created, updated, atRest int
	}{
		"bare":             {`{"metadata":{"name":"x"},` + spec, 1, 1, 1},
		"of a DaemonSet":   {owned("apps/v1", "DaemonSet"), 1, 0, 0},
		"of a Job":         {owned("batch/v1", "Job"), 1, 0, 0},
		"of a controller":  {owned("v1", "ReplicationController"), 1, 0, 0},
		"of a custom kind": {owned("apps.kruise.io/v1beta1", "StatefulSet"), 1, 1, 1},
	} {
		for op, want := range map[policy.Operation]int{policy.Create: c.created, policy.Update: c.updated, policy.AtRest: c.atRest} {
			in := ownInput(t, object.Pods, op, c.raw)
			if got := checkReservedPlacement(in); len(got) != want {
				t.Errorf("%s, %q: findings %v, want %d", name, op, summary(got), want)
			}
		}
	}
	for name, c := range map[string]struct {
		metadata                 string
		created, updated, atRest int
	}{
		"AKS's own":         {`"name":"x","labels":{` + managedLabel + `}`, 1, 0, 0},
		"AKS's own by name": {`"name":"coredns"`, 1, 0, 0},
		"customer's":        {`"name":"x"`, 1, 1, 0},
	} {
		for op, want := range map[policy.Operation]int{policy.Create: c.created, policy.Update: c.updated, policy.AtRest: c.atRest} {
			raw := `{"metadata":{` + c.metadata + `},"spec":{"template":{` + spec + `}}`
			if got := checkReservedPlacement(managedInput(t, object.Deployments, op, "", raw)); len(got) != want {
				t.Errorf("%s in kube-system, %q: findings %v, want %d", name, op, summary(got), want)
			}
		}
	}
}

// An account among AKS's own may be an add-on that the profile doesn't list yet.
func TestReservedPlacementOfAnUnknownAddon(t *testing.T) {
	const raw = `{"metadata":{"name":"x"},"spec":{"template":{"spec":{"tolerations":[{"operator":"Exists"}]}}}}`
	in := managedInput(t, object.Deployments, policy.Create, "", raw)
	for user, doubt := range map[string]string{"system:serviceaccount:kube-system:newcomer": doubtAddon, "ada@contoso.example": ""} {
		in.User = &authenticationv1.UserInfo{Username: user}
		if got := checkReservedPlacement(in); len(got) != 1 || got[0].Doubt != doubt {
			t.Errorf("%s: findings %+v, want one with the doubt %q", user, got, doubt)
		}
	}
}

func TestReservedPlacementAllocatesNothing(t *testing.T) {
	in := ownInput(t, object.Deployments, policy.Create, `{"metadata":{"name":"x"},"spec":{"template":{"spec":{
		"nodeName":"aks-first-12345678-vmss000000","nodeSelector":{"agentpool":"first","kubernetes.io/hostname":"aks-first-12345678-vmss000000"},
		"tolerations":[{"key":"a","operator":"Exists"},{"operator":"Exists","effect":"NoExecute"}],
		"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
			{"matchExpressions":[{"key":"agentpool","operator":"In","values":["first"]}]}]}}}}}}}`)
	if got := checkReservedPlacement(in); got != nil {
		t.Fatalf("findings %v; want none", summary(got))
	}
	if n := testing.AllocsPerRun(100, func() { checkReservedPlacement(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
