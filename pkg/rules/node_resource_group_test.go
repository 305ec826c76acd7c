// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// azureInput is the creation of an object, with what the Nodes tell of the group and of the pool apps.
func azureInput(t *testing.T, raw string, groups ...policy.ResourceGroup) policy.Input {
	t.Helper()
	o, err := object.Decode([]byte(raw), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	r, ok := object.ByKind(o.GVK.GroupKind())
	if !ok {
		t.Fatalf("no resource is known for %s", o.GVK)
	}
	return policy.Input{Operation: policy.Create, Resource: r, Object: o, Cluster: &policy.ClusterFacts{Nodes: &policy.NodeFacts{
		ResourceGroups: groups, Pools: []policy.NodePool{{Name: "apps", ScaleSets: []string{"aks-apps-12345678-vmss", "akswin"}}}}}}
}

func scaleSetIn(group, name string) string {
	return `{"apiVersion":"compute.azure.com/v20220301","kind":"VirtualMachineScaleSet","metadata":{"name":"x","namespace":"shop"},
		"spec":{"azureName":"` + name + `","owner":{"armId":"` + group + `"}}}`
}

func crossplaneIn(kind, group string) string {
	return `{"apiVersion":"network.azure.upbound.io/v1beta1","kind":"` + kind + `","metadata":{"name":"x"},"spec":{"forProvider":{"resourceGroupName":"` + group + `"}}}`
}

func azureNamed(kind, name string) string {
	return `{"apiVersion":"network.azure.com/v20240301","kind":"` + kind + `","metadata":{"name":"` + name + `","namespace":"shop"},"spec":{"owner":{"name":"later"}}}`
}

func azureDisk(name, group string) string {
	return `{"apiVersion":"compute.azure.com/v20240302","kind":"Disk","metadata":{"name":"` + name + `","namespace":"shop"},
		"spec":{"owner":{"armId":"/subscriptions/s1/resourceGroups/` + group + `"}}}`
}

// What is certain depends on what is told of the subscription and on who gives such names.
func TestNodeResourceGroupCertainty(t *testing.T) {
	own := policy.ResourceGroup{Subscription: "S1", Name: "nodes-of-shop"}
	usual := policy.ResourceGroup{Subscription: "s1", Name: "MC_a_b_c"}
	hosted := policy.ResourceGroup{Subscription: "s9", Name: "hobo-1-rg"}
	for name, c := range map[string]struct {
		raw    string
		groups []policy.ResourceGroup
		doubt  string
		none   bool
	}{
		"own name, same subscription":          {raw: scaleSetIn("/subscriptions/s1/resourceGroups/NODES-of-shop", "x"), groups: []policy.ResourceGroup{own}},
		"own name, other subscription":         {raw: scaleSetIn("/subscriptions/s2/resourceGroups/nodes-of-shop", "x"), groups: []policy.ResourceGroup{own}, none: true},
		"own name, no subscription":            {raw: crossplaneIn("RouteTable", "nodes-of-shop"), groups: []policy.ResourceGroup{own}, doubt: doubtSubscription},
		"own name, Nodes tell none":            {raw: scaleSetIn("/subscriptions/s1/resourceGroups/nodes-of-shop", "x"), groups: []policy.ResourceGroup{{Name: "nodes-of-shop"}}, doubt: doubtSubscription},
		"own name, a scale set of theirs":      {raw: scaleSetIn("/subscriptions/s1/resourceGroups/nodes-of-shop", "AKS-apps-12345678-vmss"), groups: []policy.ResourceGroup{{Name: "nodes-of-shop"}}},
		"usual name, no subscription":          {raw: crossplaneIn("RouteTable", "mc_a_b_c"), groups: []policy.ResourceGroup{usual}},
		"usual name, other subscription":       {raw: scaleSetIn("/subscriptions/s2/resourceGroups/MC_a_b_c", "x"), groups: []policy.ResourceGroup{usual}, doubt: doubtGroupName},
		"usual name of another cluster":        {raw: crossplaneIn("LoadBalancer", "MC_a_z_c"), groups: []policy.ResourceGroup{usual}, doubt: doubtGroupName},
		"usual name, Nodes unknown":            {raw: crossplaneIn("LoadBalancer", "MC_a_b_c"), doubt: doubtGroupName},
		"own name, Nodes unknown":              {raw: crossplaneIn("LoadBalancer", "nodes-of-shop"), none: true},
		"customer's group":                     {raw: crossplaneIn("LoadBalancer", "rg"), groups: []policy.ResourceGroup{usual, own}, none: true},
		"customer's group, named a bit so":     {raw: crossplaneIn("LoadBalancer", "MC_rg"), groups: []policy.ResourceGroup{usual}, none: true},
		"second group, of managed machines":    {raw: scaleSetIn("/subscriptions/s9/resourceGroups/hobo-1-rg", "x"), groups: []policy.ResourceGroup{usual, hosted}},
		"address of the customer's own":        {raw: crossplaneIn("PublicIP", "MC_a_b_c"), groups: []policy.ResourceGroup{usual}, none: true},
		"scale set of AKS's, group unknown":    {raw: scaleSetIn("", "aks-apps-12345678-vmss"), groups: []policy.ResourceGroup{usual}, doubt: doubtOwner},
		"scale set, group unknown":             {raw: scaleSetIn("", "runners"), groups: []policy.ResourceGroup{usual}, none: true},
		"scale set for Windows, group unknown": {raw: scaleSetIn("", "akswin"), groups: []policy.ResourceGroup{usual}, doubt: doubtOwner},
		"scale set of AKS's, nothing known":    {raw: scaleSetIn("", "aks-other-12345678-vmss"), doubt: doubtOwner},
		"route table of AKS's, group unknown":  {raw: azureNamed("RouteTable", "aks-agentpool-12345678-routetable"), doubt: doubtOwner},
		"route table, group unknown":           {raw: azureNamed("RouteTable", "aks-agentpool-routetable"), none: true},
		"virtual network of the customer's":    {raw: crossplaneIn("VirtualNetwork", "MC_a_b_c"), groups: []policy.ResourceGroup{usual}, none: true},
		"disk of a volume, as once named":      {raw: azureDisk("kubernetes-dynamic-pvc-1", "MC_a_b_c"), groups: []policy.ResourceGroup{usual}, doubt: doubtVolume},
		"disk of the customer's":               {raw: azureDisk("data", "MC_a_b_c"), groups: []policy.ResourceGroup{usual}, none: true},
		"interface":                            {raw: crossplaneIn("NetworkInterface", "MC_a_b_c"), groups: []policy.ResourceGroup{usual}},
	} {
		t.Run(name, func(t *testing.T) {
			in := azureInput(t, c.raw, c.groups...)
			if c.groups == nil {
				in.Cluster = nil
			}
			got := checkNodeResourceGroup(in)
			switch {
			case c.none != (len(got) == 0), len(got) > 1:
				t.Errorf("findings %v; want none: %v", summary(got), c.none)
			case len(got) == 1 && got[0].Doubt != c.doubt:
				t.Errorf("doubt %q, want %q", got[0].Doubt, c.doubt)
			}
		})
	}
}

// Where the Nodes are not known and nothing was found, the decision says that the rule was blind.
func TestNodeResourceGroupWithoutNodes(t *testing.T) {
	e, err := engine.New([]policy.Rule{nodeResourceGroup}, provider.AKS(), v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	in := azureInput(t, crossplaneIn("LoadBalancer", "nodes-of-shop"))
	in.Cluster.Nodes = nil
	d := e.Evaluate(in, time.Unix(0, 0))
	want := []engine.Skip{{Rule: "node-resource-group", Needs: []string{"nodes"}}}
	if diff := cmp.Diff(want, d.Skipped); diff != "" || len(d.Verdicts) > 0 {
		t.Errorf("%d verdicts, skipped (-want +got):\n%s", len(d.Verdicts), diff)
	}
}

// Every role has a way that names what to use instead, short enough to be read.
func TestNodeResourceGroupFixes(t *testing.T) {
	const lock = "; lock the group: az aks update -g shop-rg -n shop --nrg-lockdown-restriction-level ReadOnly"
	usual := policy.ResourceGroup{Name: "MC_shop-rg_shop_westeurope"}
	for raw, want := range map[string]string{
		scaleSetIn("/subscriptions/s/resourceGroups/MC_shop-rg_shop_westeurope", "aks-apps-12345678-vmss"): "use az aks nodepool scale or update -g shop-rg --cluster-name shop -n apps" + lock,
		scaleSetIn("/subscriptions/s/resourceGroups/MC_shop-rg_shop_westeurope", "other"):                  "use az aks nodepool scale or update -g shop-rg --cluster-name shop -n <pool>" + lock,
		crossplaneIn("SecurityGroup", usual.Name):                                                          "use azure-allowed-ip-ranges on the Service, or an NSG on a subnet of your own" + lock,
		crossplaneIn("LoadBalancer", usual.Name):                                                           "set service.beta.kubernetes.io/azure-* annotations on the Service" + lock,
		crossplaneIn("RouteTable", usual.Name):                                                             "use a virtual network of your own: az aks nodepool add --vnet-subnet-id <subnet>" + lock,
		crossplaneIn("NATGateway", usual.Name):                                                             "use az aks update --nat-gateway-managed-outbound-ip-count",
		crossplaneIn("NetworkInterface", usual.Name):                                                       "use az aks nodepool update -g shop-rg --cluster-name shop -n <pool>" + lock,
	} {
		got := checkNodeResourceGroup(azureInput(t, raw, usual))
		if len(got) != 1 || got[0].Fix != want {
			t.Errorf("%s: fix %q, want %q", raw, got[0].Fix, want)
		}
		if len(got[0].Fix) > 240 {
			t.Errorf("%d bytes: %s", len(got[0].Fix), got[0].Fix)
		}
	}
	if group, cluster := clusterOf("MC_a_b_c_d"); group != "<group>" || cluster != "<cluster>" {
		t.Errorf("got %s and %s from a name that can be split in two ways", group, cluster)
	}
}

// A name that somebody chose to be a burden is cut.
func TestNodeResourceGroupLongName(t *testing.T) {
	name := "MC_" + strings.Repeat("_x\\n", 500)
	got := checkNodeResourceGroup(azureInput(t, crossplaneIn("LoadBalancer", name)))
	if len(got) != 1 || len(got[0].Message) > 160 {
		t.Errorf("findings %v; want one with a short message", summary(got))
	}
}

func TestNodeResourceGroupAllocatesNothing(t *testing.T) {
	usual := policy.ResourceGroup{Subscription: "s", Name: "MC_a_b_c"}
	for _, raw := range []string{
		scaleSetIn("/subscriptions/s/resourceGroups/rg", "runners"), scaleSetIn("", "runners"), crossplaneIn("PublicIP", "MC_a_b_c"),
		crossplaneIn("Subnet", "rg"),
	} {
		in := azureInput(t, raw, usual)
		if got := checkNodeResourceGroup(in); got != nil {
			t.Fatalf("findings %v; want none", summary(got))
		}
		if n := testing.AllocsPerRun(100, func() { checkNodeResourceGroup(in) }); n != 0 {
			t.Errorf("%s: %v allocations; want none", raw, n)
		}
	}
}
