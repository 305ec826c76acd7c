// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// In managed namespaces the mark of AKS counts, and the name alone doesn't: Cilium of one's own goes by the same.
func TestThirdPartyComponentInManagedNamespaces(t *testing.T) {
	for name, c := range map[string]struct {
		metadata, image          string
		created, updated, atRest int
	}{
		"customer's with the name of AKS's": {`"name":"cilium"`, "quay.io/cilium/cilium:v1.18.2", 1, 1, 1},
		"AKS's own":                         {`"name":"cilium","labels":{` + managedLabel + `}`, "mcr.microsoft.com/containernetworking/cilium/cilium:v1.18", 0, 0, 0},
		"marked":                            {`"name":"x","labels":{` + managedLabel + `}`, "quay.io/cilium/cilium:v1.18.2", 1, 0, 0},
	} {
		raw := `{"metadata":{` + c.metadata + `},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"` + c.image + `"}]}}}}`
		for op, want := range map[policy.Operation]int{policy.Create: c.created, policy.Update: c.updated, policy.AtRest: c.atRest} {
			if got := checkThirdPartyComponent(managedInput(t, object.DaemonSets, op, "", raw)); len(got) != want {
				t.Errorf("%s, %q: findings %v, want %d", name, op, summary(got), want)
			}
		}
	}
}

func TestThirdPartyComponentFix(t *testing.T) {
	for image, want := range map[string]string{
		"quay.io/cilium/cilium":                       "weigh Azure CNI powered by Cilium, or keep it: the cluster stays supported",
		"ghcr.io/k8snetworkplumbingwg/multus-cni:4.2": "keep it if you can debug it yourself: the cluster stays supported",
	} {
		in := ownInput(t, object.Pods, policy.Create, `{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"`+image+`"}]}}`)
		if got := checkThirdPartyComponent(in); len(got) != 1 || got[0].Fix != want {
			t.Errorf("%s: findings %+v, want the fix %q", image, got, want)
		}
	}
}

// A Pod that a workload made is judged there; a workload that the component's own operator made has nobody else.
func TestThirdPartyComponentOfAnOwner(t *testing.T) {
	const owner = `{"metadata":{"name":"x","ownerReferences":[{"controller":true,"name":"o","uid":"1",`
	const spec = `}]},"spec":{"containers":[{"name":"c","image":"calico/node:v3.30"}]}}`
	for raw, want := range map[string]int{
		owner + `"apiVersion":"apps/v1","kind":"DaemonSet"` + spec:                  0,
		owner + `"apiVersion":"operator.tigera.io/v1","kind":"Installation"` + spec: 1,
	} {
		if got := checkThirdPartyComponent(ownInput(t, object.Pods, policy.AtRest, raw)); len(got) != want {
			t.Errorf("%s: findings %v, want %d", raw, summary(got), want)
		}
	}
}

func TestThirdPartyComponentClassOfAnyShape(t *testing.T) {
	for _, r := range []object.Resource{object.IngressClasses, object.GatewayClasses} {
		for _, raw := range []string{`{"spec":7}`, `{"spec":{"controller":{},"controllerName":[]}}`, `{"spec":null}`, `{}`, `{"spec":{}`} {
			o, err := object.Decode([]byte(raw), r.GVK())
			if err != nil {
				continue
			}
			in := policy.Input{Operation: policy.Create, Resource: r, Object: o, Provider: provider.AKS()}
			if got := checkThirdPartyComponent(in); got != nil {
				t.Errorf("%s %s: findings %v, want none", r.Kind, raw, summary(got))
			}
		}
	}
}

// The rule names the clauses that its data speak of, and no other.
func TestThirdPartyComponentClauses(t *testing.T) {
	var used []provider.ClauseID
	for _, s := range provider.AKS().ThirdParty.Software {
		used = append(used, s.Clause)
	}
	slices.Sort(used)
	if diff := cmp.Diff(slices.Sorted(slices.Values(thirdPartyComponent.Clauses)), slices.Compact(used)); diff != "" {
		t.Errorf("clauses (-rule +data):\n%s", diff)
	}
}

func TestThirdPartyComponentAllocatesNothing(t *testing.T) {
	in := ownInput(t, object.Deployments, policy.Create, `{"metadata":{"name":"x"},"spec":{"template":{"spec":{"containers":[
		{"name":"a","image":"contoso.azurecr.io/shop/controller:v1"},{"name":"b","image":"mcr.microsoft.com/oss/calico/node"},{"name":"c","image":"nginx"}]}}}}`)
	if got := checkThirdPartyComponent(in); got != nil {
		t.Fatalf("findings %v; want none", summary(got))
	}
	if n := testing.AllocsPerRun(100, func() { checkThirdPartyComponent(in) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
