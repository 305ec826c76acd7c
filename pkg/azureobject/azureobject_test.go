// SPDX-License-Identifier: Apache-2.0

package azureobject_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/azureobject"
	"github.com/demarc-dev/demarc/pkg/object"
)

// cluster holds the objects that others may refer to.
var cluster = []string{
	`{apiVersion: resources.azure.com/v1api20200601, kind: ResourceGroup, metadata: {name: nodes, namespace: shop},
	  spec: {azureName: MC_a_b_c}, status: {id: /subscriptions/s/resourceGroups/mc_a_b_c}}`,
	`{apiVersion: resources.azure.com/v1api20200601, kind: ResourceGroup, metadata: {name: own, namespace: shop}}`,
	`{apiVersion: compute.azure.com/v1api20220301, kind: VirtualMachineScaleSet, metadata: {name: apps, namespace: shop},
	  spec: {azureName: aks-apps-1-vmss, owner: {name: nodes}}}`,
	`{apiVersion: compute.azure.com/v1api20220301, kind: VirtualMachineScaleSet, metadata: {name: orphan, namespace: shop},
	  spec: {owner: {name: gone}}, status: {id: /subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/orphan}}`,
	`{apiVersion: azure.upbound.io/v1beta1, kind: ResourceGroup, metadata: {name: nodes, annotations: {crossplane.io/external-name: MC_a_b_c}}}`,
	`{apiVersion: azure.m.upbound.io/v1beta1, kind: ResourceGroup, metadata: {name: nodes, namespace: infra}}`,
	`{apiVersion: network.azure.upbound.io/v1beta2, kind: Subnet, metadata: {name: aks-subnet},
	  spec: {forProvider: {resourceGroupNameRef: {name: nodes}, virtualNetworkName: aks-vnet-1}}}`,
}

func TestLocate(t *testing.T) {
	aso := func(kind, spec string) string {
		return `{apiVersion: ` + kind[:strings.IndexByte(kind, ' ')] + `/v1api20220301, kind: ` + kind[1+strings.IndexByte(kind, ' '):] +
			`, metadata: {name: x, namespace: shop}, spec: ` + spec + `}`
	}
	for name, c := range map[string]struct{ object, path, want, owner string }{
		"owner by ARM ID": {
			aso("compute.azure.com VirtualMachineScaleSetsExtension", `{owner: {armId: /SUBSCRIPTIONS/s/resourcegroups/RG/providers/Microsoft.Compute/virtualMachineScaleSets/vmss}}`),
			"spec.owner.armId", "s/RG/vmss/x", ""},
		"ARM ID of a group": {
			aso("network.azure.com LoadBalancer", `{azureName: kubernetes, owner: {armId: /subscriptions/s/resourceGroups/rg, name: own}}`),
			"spec.owner.armId", "s/rg/kubernetes/", ""},
		"two owners up": {
			aso("compute.azure.com VirtualMachineScaleSetsExtension", `{owner: {name: apps}}`),
			"spec.owner.name", "s/MC_a_b_c/aks-apps-1-vmss/x", ""},
		"group without a status": {
			aso("compute.azure.com Disk", `{owner: {name: own}}`), "spec.owner.name", "/own/x/", ""},
		"owner not there": {
			aso("compute.azure.com VirtualMachine", `{owner: {name: later}}`), "spec.owner.name", "//x/", "ResourceGroup.resources.azure.com shop/later"},
		"owner's group not there, but it was made": {
			aso("compute.azure.com VirtualMachineScaleSetsExtension", `{owner: {name: orphan}}`),
			"spec.owner.name", "s/rg/orphan/x", "ResourceGroup.resources.azure.com shop/gone"},
		"own status": {
			`{apiVersion: compute.azure.com/v1, kind: VirtualMachine, metadata: {name: x, namespace: shop}, spec: {owner: {name: gone}},
			  status: {id: /subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/y}}`,
			"spec.owner.name", "s/rg/x/", "ResourceGroup.resources.azure.com shop/gone"},
		"annotation of the operator": {
			`{apiVersion: compute.azure.com/v1, kind: VirtualMachine, metadata: {name: x, namespace: shop, annotations:
			  {serviceoperator.azure.com/resource-id: /subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/y}}}`,
			"spec.owner.name", "s/rg/x/", ""},
		"no owner": {aso("compute.azure.com VirtualMachine", `{}`), "spec.owner.name", "//x/", ""},
		"broken ARM ID": {
			aso("compute.azure.com VirtualMachine", `{owner: {armId: /subscriptions/s/resourceGroups/}}`), "spec.owner.armId", "//x/", ""},
		"fields of other types": {
			aso("compute.azure.com VirtualMachine", `{azureName: [a], owner: [b]}`), "spec.owner.name", "//x/", ""},
		"group by its name in Azure": {
			aso("resources.azure.com ResourceGroup", `{azureName: MC_a_b_c}`), "spec.azureName", "/MC_a_b_c//", ""},
		"group by its name": {
			aso("resources.azure.com ResourceGroup", `{}`), "metadata.name", "/x//", ""},
		"Crossplane, group by its external name": {
			`{apiVersion: azure.upbound.io/v1beta1, kind: ResourceGroup, metadata: {name: x, annotations: {crossplane.io/external-name: MC_a_b_c}}}`,
			"metadata.annotations[crossplane.io/external-name]", "/MC_a_b_c//", ""},
		"Crossplane, group named": {
			`{apiVersion: network.azure.upbound.io/v1beta1, kind: SecurityRule, metadata: {name: x},
			  spec: {forProvider: {resourceGroupName: rg, networkSecurityGroupName: nsg}}}`,
			"spec.forProvider.resourceGroupName", "/rg/nsg/x", ""},
		"Crossplane, made": {
			`{apiVersion: network.azure.upbound.io/v1beta1, kind: PublicIP, metadata: {name: x}, spec: {forProvider: {resourceGroupName: rg}},
			  status: {atProvider: {id: /subscriptions/s/resourceGroups/RG/providers/Microsoft.Network/publicIPAddresses/x}}}`,
			"spec.forProvider.resourceGroupName", "s/rg/x/", ""},
		"Crossplane, ID": {
			`{apiVersion: compute.azure.upbound.io/v1beta1, kind: VirtualMachineExtension, metadata: {name: x},
			  spec: {forProvider: {virtualMachineId: /subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm}}}`,
			"spec.forProvider.virtualMachineId", "s/rg/vm/x", ""},
		"Crossplane, tie to a subnet by reference": {
			`{apiVersion: network.azure.upbound.io/v1beta1, kind: SubnetRouteTableAssociation, metadata: {name: x},
			  spec: {forProvider: {subnetIdRef: {name: aks-subnet}, routeTableIdRef: {name: own}}}}`,
			"spec.forProvider.subnetIdRef", "/MC_a_b_c/aks-vnet-1/aks-subnet", ""},
		"Crossplane, tie to a subnet by ID": {
			`{apiVersion: network.azure.upbound.io/v1beta1, kind: SubnetNetworkSecurityGroupAssociation, metadata: {name: x}, spec: {forProvider:
			  {subnetId: /subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/n}}}`,
			"spec.forProvider.subnetId", "s/rg/v/n", ""},
		"Crossplane, selector": {
			`{apiVersion: network.azure.upbound.io/v1beta1, kind: RouteTable, metadata: {name: x},
			  spec: {forProvider: {resourceGroupNameSelector: {matchLabels: {a: b}}}}}`,
			"spec.forProvider.resourceGroupName", "//x/", ""},
		"Crossplane, namespaced": {
			`{apiVersion: network.azure.m.upbound.io/v1beta1, kind: RouteTable, metadata: {name: x, namespace: shop},
			  spec: {forProvider: {resourceGroupNameRef: {name: nodes, namespace: infra}}}}`,
			"spec.forProvider.resourceGroupNameRef", "/nodes/x/", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := decode(t, c.object)
			target, ok := azureobject.Locate(o, azureobject.Chain(o, find(t)))
			if !ok {
				t.Fatal("the kind is not known")
			}
			got := strings.Join([]string{target.Subscription, target.ResourceGroup, target.Resource, target.Child}, "/")
			if got != c.want || target.Path().String() != c.path {
				t.Errorf("got %s at %s, want %s at %s", got, target.Path(), c.want, c.path)
			}
			owner := ""
			if r := target.Owner; r.Name != "" {
				owner = r.Kind.String() + " " + r.Namespace + "/" + r.Name
			}
			if owner != c.owner {
				t.Errorf("unknown owner: got %q, want %q", owner, c.owner)
			}
		})
	}
}

// An object that was not asked for is no owner, whoever hands it in.
func TestLocateMistrustsOwners(t *testing.T) {
	o := decode(t, `{apiVersion: compute.azure.com/v1, kind: Disk, metadata: {name: x, namespace: shop}, spec: {owner: {name: own}}}`)
	for _, other := range []string{
		cluster[0],
		`{apiVersion: resources.azure.com/v1, kind: ResourceGroup, metadata: {name: own, namespace: elsewhere}}`,
		`{apiVersion: azure.m.upbound.io/v1, kind: ResourceGroup, metadata: {name: own, namespace: shop}}`,
	} {
		if target, _ := azureobject.Locate(o, []*object.Object{decode(t, other)}); target.Known() {
			t.Errorf("got group %q from an object that is not the owner", target.ResourceGroup)
		}
	}
}

func TestOwner(t *testing.T) {
	for raw, want := range map[string]string{
		`{apiVersion: compute.azure.com/v1, kind: Disk, metadata: {namespace: a}, spec: {owner: {name: b}}}`:                                          "ResourceGroup.resources.azure.com a/b",
		`{apiVersion: compute.azure.com/v1, kind: VirtualMachinesExtension, metadata: {namespace: a}, spec: {owner: {name: b}}}`:                      "VirtualMachine.compute.azure.com a/b",
		`{apiVersion: compute.azure.com/v1, kind: Disk, metadata: {namespace: a}, spec: {owner: {name: b, armId: /c}}}`:                               "",
		`{apiVersion: compute.azure.com/v1, kind: Disk, metadata: {namespace: a}, spec: {owner: {name: 1}}}`:                                          "",
		`{apiVersion: network.azure.upbound.io/v1, kind: Subnet, spec: {forProvider: {resourceGroupNameRef: {name: b, namespace: x}}}}`:               "ResourceGroup.azure.upbound.io /b",
		`{apiVersion: network.azure.m.upbound.io/v1, kind: Subnet, metadata: {namespace: a}, spec: {forProvider: {resourceGroupNameRef: {name: b}}}}`: "ResourceGroup.azure.m.upbound.io a/b",
		`{apiVersion: network.azure.upbound.io/v1, kind: Subnet, spec: {forProvider: {resourceGroupNameRef: {name: b}, resourceGroupName: c}}}`:       "",
		`{apiVersion: resources.azure.com/v1, kind: ResourceGroup, spec: {owner: {name: b}}}`:                                                         "",
		`{apiVersion: v1, kind: Pod, spec: {owner: {name: b}}}`:                                                                                       "",
	} {
		got := ""
		if r, ok := azureobject.Owner(decode(t, raw)); ok {
			got = r.Kind.String() + " " + r.Namespace + "/" + r.Name
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
	if _, ok := azureobject.Owner(nil); ok {
		t.Error("no object has an owner")
	}
}

func TestChainEnds(t *testing.T) {
	loop := decode(t, `{apiVersion: compute.azure.com/v1, kind: VirtualMachinesExtension, metadata: {name: x, namespace: a}, spec: {owner: {name: x}}}`)
	got := azureobject.Chain(loop, func(azureobject.Reference) *object.Object { return loop })
	if len(got) != 1 {
		t.Errorf("got a chain of %d in a circle, want 1", len(got))
	}
	endless := func(r azureobject.Reference) *object.Object {
		return decode(t, `{apiVersion: compute.azure.com/v1, kind: Disk, metadata: {namespace: a}, spec: {owner: {name: `+r.Name+`x}}}`)
	}
	if got = azureobject.Chain(loop, endless); len(got) != 8 {
		t.Errorf("got a chain of %d without an end, want 8", len(got))
	}
}

func TestParseID(t *testing.T) {
	for id, want := range map[string]azureobject.ID{
		"/subscriptions/s/resourceGroups/rg":  {Subscription: "s", ResourceGroup: "rg"},
		"/subscriptions/s/resourceGroups/rg/": {Subscription: "s", ResourceGroup: "rg"},
		"/Subscriptions/s/RESOURCEGROUPS/rg/Providers/Microsoft.Network/loadBalancers/lb/probes/p": {
			Subscription: "s", ResourceGroup: "rg", Resource: "lb", Child: "p"},
		"/subscriptions/s/resourceGroups/rg/providers/A/b/c/providers/D/e/f": {
			Subscription: "s", ResourceGroup: "rg", Resource: "c"},
		"/subscriptions/s": {}, "": {}, "/": {}, "subscriptions/s/resourceGroups/rg": {}, "/subscriptions//resourceGroups/rg": {},
		"/subscriptions/s/resourceGroups": {},
	} {
		got, ok := azureobject.ParseID(id)
		if !ok {
			got = azureobject.ID{}
		}
		if got != want {
			t.Errorf("%q: got %+v, want %+v", id, got, want)
		}
	}
}

func TestHeld(t *testing.T) {
	for name, c := range map[string]struct{ object, applied, deleted string }{
		"nothing":            {`{apiVersion: compute.azure.com/v1, kind: Disk}`, "", ""},
		"skip":               {policy("skip"), policyPath, policyPath},
		"detach on delete":   {policy("detach-on-delete"), "", policyPath},
		"manage":             {policy("manage"), "", ""},
		"skip, spelt wrong":  {policy("Skip"), "", ""},
		"observe only":       {managed(`[Observe]`), "spec.managementPolicies", "spec.managementPolicies"},
		"all":                {managed(`['*']`), "", ""},
		"no deletion":        {managed(`[Observe, Create, Update]`), "", "spec.managementPolicies"},
		"deletion only":      {managed(`[Observe, Delete]`), "spec.managementPolicies", ""},
		"policies of a type": {managed(`{Observe: true}`), "", ""},
		"policies of maps":   {managed(`[{a: b}]`), "spec.managementPolicies", "spec.managementPolicies"},
		"orphan": {`{apiVersion: azure.upbound.io/v1beta1, kind: ResourceGroup, spec: {deletionPolicy: Orphan}}`,
			"", "spec.deletionPolicy"},
		"paused": {`{apiVersion: azure.upbound.io/v1beta1, kind: ResourceGroup, metadata: {annotations: {crossplane.io/paused: "true"}}}`,
			"metadata.annotations[crossplane.io/paused]", "metadata.annotations[crossplane.io/paused]"},
	} {
		o := decode(t, c.object)
		for deletion, want := range map[bool]string{false: c.applied, true: c.deleted} {
			got := ""
			if p := azureobject.Held(o, deletion); p != nil {
				got = p.String()
			}
			if got != want {
				t.Errorf("%s, deletion %v: got %q, want %q", name, deletion, got, want)
			}
		}
	}
}

const policyPath = "metadata.annotations[serviceoperator.azure.com/reconcile-policy]"

func policy(value string) string {
	return `{apiVersion: compute.azure.com/v1, kind: Disk, metadata: {annotations: {serviceoperator.azure.com/reconcile-policy: ` + value + `}}}`
}

func managed(policies string) string {
	return `{apiVersion: azure.upbound.io/v1beta1, kind: ResourceGroup, spec: {managementPolicies: ` + policies + `}}`
}

func TestAlike(t *testing.T) {
	before := `{apiVersion: compute.azure.com/v1, kind: Disk, spec: {location: west}}`
	for after, want := range map[string]bool{
		`{apiVersion: compute.azure.com/v2, kind: Disk, metadata: {finalizers: [a]}, spec: {location: west}, status: {id: a}}`: true,
		`{apiVersion: compute.azure.com/v1, kind: Disk, spec: {location: east}}`:                                               false,
		policy("skip"): false,
	} {
		if got := azureobject.Alike(decode(t, before), decode(t, after)); got != want {
			t.Errorf("%s: got %v, want %v", after, got, want)
		}
	}
}

// Every kind of the catalogue has a role, and every kind that something may lie in can be found.
func TestKindsAgree(t *testing.T) {
	for _, r := range object.Azure() {
		if _, ok := azureobject.RoleOf(r.GroupKind()); !ok {
			t.Errorf("%s has no role", r.GroupKind())
		}
	}
	var links []string
	for _, r := range azureobject.Links() {
		links = append(links, r.GroupKind().String())
	}
	want := []string{
		"ResourceGroup.resources.azure.com", "VirtualMachineScaleSet.compute.azure.com", "VirtualMachine.compute.azure.com",
		"NetworkSecurityGroup.network.azure.com", "LoadBalancer.network.azure.com", "RouteTable.network.azure.com",
		"VirtualNetwork.network.azure.com"}
	for _, m := range []string{"", "m."} {
		want = append(want, "ResourceGroup.azure."+m+"upbound.io", "OrchestratedVirtualMachineScaleSet.compute.azure."+m+"upbound.io",
			"LinuxVirtualMachine.compute.azure."+m+"upbound.io", "LoadBalancer.network.azure."+m+"upbound.io",
			"NetworkInterface.network.azure."+m+"upbound.io", "Subnet.network.azure."+m+"upbound.io")
	}
	if diff := cmp.Diff(want, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

func decode(t *testing.T, raw string) *object.Object {
	t.Helper()
	j, err := yaml.YAMLToJSON([]byte(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	o, err := object.Decode(j, schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// find looks among the cluster's objects.
func find(t *testing.T) func(azureobject.Reference) *object.Object {
	return func(r azureobject.Reference) *object.Object {
		i := slices.IndexFunc(cluster, func(raw string) bool {
			o := decode(t, raw)
			return o.GVK.GroupKind() == r.Kind && o.Meta.Namespace == r.Namespace && o.Meta.Name == r.Name
		})
		if i < 0 {
			return nil
		}
		return decode(t, cluster[i])
	}
}
