// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/surroundings/live"
	"github.com/demarc-dev/demarc/pkg/webhook"
	"github.com/demarc-dev/demarc/test/fixtures"
)

const (
	group  = "MC_shop-rg_shop-aks_westeurope"
	absent = `{"apiVersion":"v1","kind":"Node","metadata":{"name":"aks-late1-12345678-vmss000000","labels":{"agentpool":"late1"}},"spec":{"providerID":` +
		`"azure:///subscriptions/00000000-0000-0000-0000-00000000aaaa/resourceGroups/MC_shop-rg_shop-aks_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/aks-late1-12345678-vmss/virtualMachines/0"}}`
	owningGroup = `{"apiVersion":"resources.azure.com/v1","kind":"ResourceGroup","metadata":{"name":"surroundings","namespace":"shop"},"spec":{"azureName":"` + group + `"}}`
	owningSet   = `{"apiVersion":"compute.azure.com/v1","kind":"VirtualMachineScaleSet","metadata":{"name":"surroundings","namespace":"shop"},"spec":{"owner":{"name":"surroundings"}}}`
	extension   = `{"apiVersion":"compute.azure.com/v1","kind":"VirtualMachineScaleSetsExtension","metadata":{"name":"x","namespace":"shop"},"spec":{"owner":{"name":"surroundings"}}}`
)

// known is what the Nodes of the context tell.
func known(t *testing.T) *policy.NodeFacts {
	t.Helper()
	all, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	in, err := all[0].Input()
	if err != nil {
		t.Fatal(err)
	}
	return in.Cluster.Nodes
}

// decoded reads an object for Owners.
func decoded(t *testing.T, doc string) *object.Object {
	t.Helper()
	o := parse([]byte(doc))
	d, err := object.Decode([]byte(doc), o.GroupVersionKind())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func watch(t *testing.T, cfg *rest.Config) *webhook.Watcher {
	t.Helper()
	w, err := webhook.NewWatcher(cfg, provider.AKS(), logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	run(t, w.Start)
	return w
}

// place makes an object as the provider, and returns what undoes it.
func place(t *testing.T, cfg *rest.Config, doc string) func() {
	t.Helper()
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o := parse([]byte(doc))
	r, _ := object.ByKind(o.GroupVersionKind().GroupKind())
	where, err := speaking(r, o.GetAPIVersion())
	if err != nil {
		t.Fatal(err)
	}
	undo, err := create(t.Context(), client.Resource(where).Namespace(o.GetNamespace()), o)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := undo(); err != nil {
			t.Error(err)
		}
	}
}

// The watcher knows of the context what the fixtures say of it, and follows what changes.
func TestWatcherFollowsTheCluster(t *testing.T) {
	w := watch(t, shared.Config)
	eventually(t, w.Settled)
	if diff := cmp.Diff(known(t), w.Cluster().Nodes); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if w.Cluster().ServerVersion != fixtures.DefaultVersion {
		t.Errorf("got version %q", w.Cluster().ServerVersion)
	}
	pools := func(n int) func() bool { return func() bool { return len(w.Cluster().Nodes.Pools) == n } }
	gone := place(t, shared.Config, absent)
	eventually(t, pools(3))
	gone()
	eventually(t, pools(2))

	owners := func(n int) func() bool {
		return func() bool { return len(w.Owners(decoded(t, extension))) == n }
	}
	set := place(t, shared.Config, owningSet)
	eventually(t, owners(1))
	its := place(t, shared.Config, owningGroup)
	eventually(t, owners(2))
	if o := w.Owners(decoded(t, extension))[1]; o.GVK.Kind != "ResourceGroup" || o.Meta.Name != "surroundings" {
		t.Errorf("got %+v", o)
	}
	set()
	eventually(t, owners(0))
	its()
}

// A live cluster tells the command line what its watches tell the webhook.
func TestLiveCluster(t *testing.T) {
	c, err := live.New(shared.Config)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.Version(t.Context()); err != nil || v != fixtures.DefaultVersion {
		t.Errorf("version: got %q, %v", v, err)
	}
	nodes, err := c.Nodes(t.Context(), &provider.AKS().Facts)
	if diff := cmp.Diff(known(t), nodes); err != nil || diff != "" {
		t.Errorf("nodes: %v (-want +got):\n%s", err, diff)
	}
	namespaces, err := c.Namespaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]map[string]string{}
	for _, ns := range namespaces {
		labels[ns.Name] = ns.Labels
	}
	if labels["kube-system"]["control-plane"] != "true" || labels["shop"] == nil {
		t.Errorf("namespaces: got %v", labels)
	}
	defer place(t, shared.Config, owningSet)()
	sets, _ := object.ByKind(decoded(t, owningSet).GVK.GroupKind())
	for name, there := range map[string]bool{"surroundings": true, "nothing": false} {
		o, err := c.Object(t.Context(), sets, "shop", name)
		if err != nil || there != (o != nil) {
			t.Errorf("%s: got %+v, %v", name, o, err)
		}
		m, err := c.Metadata(t.Context(), sets, "shop", name)
		if err != nil || there != (m != nil) {
			t.Errorf("metadata of %s: got %+v, %v", name, m, err)
		}
	}
}
