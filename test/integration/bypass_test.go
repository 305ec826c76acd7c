// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/test/cluster"
)

// route is a way around a careless webhook. The rule named must find something in what do asks of the API server.
type route struct {
	name, rule string
	do         func(t *testing.T)
}

// TestBypassRoutes tries every way around that is known, as a customer, and looks whether it was judged. The guide
// docs/bypasses.md has a line for each, and for those that no admission can see.
func TestBypassRoutes(t *testing.T) {
	i := install(t, audit())
	all := slices.Concat(subresourceRoutes(), connectRoutes(), objectRoutes(), trickRoutes())
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			i.finders()
			r.do(t)
			if found := i.finders(); !slices.Contains(found, r.rule) {
				t.Errorf("%s found nothing; found by: %q; sent: %s", r.rule, found, spell(i.drain()))
			}
			i.drain()
		})
	}
	var names []string
	for _, r := range all {
		names = append(names, r.name)
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, documentedRoutes(t)); diff != "" {
		t.Errorf("the guide to bypasses has other routes (-tested +documented):\n%s", diff)
	}
}

var routeCell = regexp.MustCompile("(?m)\\| `([a-z0-9-]+)` \\|$")

// documentedRoutes are the names in the last column of the guide's table.
func documentedRoutes(t *testing.T) []string {
	t.Helper()
	guide, err := os.ReadFile("../../docs/bypasses.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, cell := range routeCell.FindAllStringSubmatch(string(guide), -1) {
		names = append(names, cell[1])
	}
	slices.Sort(names)
	return names
}

var mark = map[string]string{"kubernetes.azure.com/managedby": "aks"}

// given makes an object of AKS's own in kube-system for as long as the test runs, and returns it as it stands there.
func given(t *testing.T, r object.Resource, namespace string, change ...func(*unstructured.Unstructured)) *unstructured.Unstructured {
	t.Helper()
	o := probe(r, namespace)
	o.SetLabels(mark)
	for _, c := range change {
		c(o)
	}
	client := objects(t, r, namespace, cluster.Provider, "system:masters")
	undo, err := create(t.Context(), client, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := undo(); err != nil {
			t.Error(err)
		}
	})
	live, err := client.Get(t.Context(), o.GetName(), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return live
}

// tenant speaks as a customer's engineer.
func tenant(t *testing.T, r object.Resource, namespace string) dynamic.ResourceInterface {
	t.Helper()
	return objects(t, r, namespace, cluster.Tenant, "system:authenticated")
}

var dryRun = []string{metav1.DryRunAll}

// patched sends a merge patch as the tenant.
func patched(t *testing.T, r object.Resource, namespace, name, body string, sub ...string) {
	t.Helper()
	kind := types.MergePatchType
	if len(sub) > 0 {
		kind = patchType(sub[0])
	}
	_, err := tenant(t, r, namespace).Patch(t.Context(), name, kind, []byte(body), metav1.PatchOptions{DryRun: dryRun}, sub...)
	must(t, err)
}
