// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"errors"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	discoveryfake "k8s.io/client-go/discovery/fake"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/demarc-dev/demarc/pkg/azureobject"
)

var resourceGroups = schema.GroupKind{Group: "resources.azure.com", Kind: "ResourceGroup"}

// serving is an API server that serves the custom resources of some versions, and one that has nothing to do with them.
func serving(versions ...string) *clienttesting.Fake {
	lists := []*metav1.APIResourceList{{GroupVersion: "apps/v1", APIResources: []metav1.APIResource{{Name: "deployments", Verbs: []string{"watch"}}}}}
	for _, v := range versions {
		lists = append(lists, &metav1.APIResourceList{GroupVersion: "resources.azure.com/" + v,
			APIResources: []metav1.APIResource{{Name: "resourcegroups", Namespaced: true, Kind: "ResourceGroup", Verbs: []string{"get", "list", "watch"}}}})
	}
	return &clienttesting.Fake{Resources: lists}
}

func groupIn(version string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "resources.azure.com/" + version, "kind": "ResourceGroup",
		"metadata": map[string]any{"name": "rg", "namespace": "shop"}, "spec": map[string]any{"azureName": "MC_x"}}}
}

func newOwners(versions ...string) (*ownerWatch, *discoveryfake.FakeDiscovery) {
	kinds := map[schema.GroupVersionResource]string{}
	var objects []runtime.Object
	for _, v := range versions {
		kinds[schema.GroupVersionResource{Group: "resources.azure.com", Version: v, Resource: "resourcegroups"}] = "ResourceGroupList"
		objects = append(objects, groupIn(v))
	}
	d := &discoveryfake.FakeDiscovery{Fake: serving(versions...)}
	return newOwnerWatch(d, dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds, objects...), logr.Discard()), d
}

func await(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("not within 10 s")
}

func TestOwnersComeAndGo(t *testing.T) {
	w, d := newOwners("v1api20200601", "v1")
	ref := azureobject.Reference{Kind: resourceGroups, Namespace: "shop", Name: "rg"}
	refresh := func(versions ...string) {
		t.Helper()
		d.Fake.Resources = serving(versions...).Resources
		if err := w.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		await(t, w.settled)
	}
	refresh()
	if w.find(ref) != nil || len(w.links) != 0 {
		t.Error("what is not served is watched")
	}
	refresh("v1api20200601")
	o := w.find(ref)
	if o == nil || o.GVK.Version != "v1api20200601" || o.Meta.Name != "rg" {
		t.Fatalf("got %+v", o)
	}
	if tree, err := o.Tree(); err != nil || tree["spec"].(map[string]any)["azureName"] != "MC_x" {
		t.Errorf("got %v, %v", tree, err)
	}
	refresh("v1", "v1api20200601")
	if got := w.links[resourceGroups].resource.Version; got != "v1api20200601" {
		t.Errorf("watched in %s: a version that is still served must stay", got)
	}
	refresh("v1")
	if got := w.links[resourceGroups].resource.Version; got != "v1" {
		t.Errorf("watched in %s, which is no longer served", got)
	}
	await(t, func() bool { return w.find(ref) != nil })
	refresh()
	if w.find(ref) != nil || len(w.links) != 0 {
		t.Error("a kind that is gone is still watched")
	}
}

// An API server that does not say what it serves takes nothing away.
func TestOwnersKeptWhenNobodyAnswers(t *testing.T) {
	w, d := newOwners("v1")
	if err := w.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, w.settled)
	d.Fake.PrependReactor("*", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("connection refused")
	})
	if err := w.refresh(t.Context()); err == nil {
		t.Fatal("want an error")
	}
	if w.find(azureobject.Reference{Kind: resourceGroups, Namespace: "shop", Name: "rg"}) == nil {
		t.Error("the watch has ended")
	}
}

func TestSlimLinkKeepsItsKey(t *testing.T) {
	u := groupIn("v1")
	u.SetResourceVersion("7")
	u.Object["status"] = map[string]any{"conditions": []any{}}
	for range 2 { // the informer may ask again for what it has asked already
		o, err := slimLink(u)
		if err != nil {
			t.Fatal(err)
		}
		u = o.(*unstructured.Unstructured)
	}
	if u.GetName() != "rg" || u.GetNamespace() != "shop" || u.GetResourceVersion() != "7" || u.GetKind() != "ResourceGroup" || u.Object["status"] != nil {
		t.Errorf("got %v", u.Object)
	}
}
