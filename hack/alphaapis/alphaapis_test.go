// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const discovery = `{"groupVersion":"example.k8s.io/v1alpha1","resources":[
	{"name":"things","kind":"Thing","namespaced":true,"verbs":["create","get"]},
	{"name":"things/status","kind":"Thing","namespaced":true,"verbs":["get"]},
	{"name":"reviews","kind":"Review","verbs":["create"]}]}`

func TestReadDiscovery(t *testing.T) {
	release := fstest.MapFS{
		"api/discovery/apis__example.k8s.io__v1alpha1.json": {Data: []byte(discovery)},
		"api/discovery/apis__example.k8s.io.json":           {Data: []byte(`{}`)},
		"api/discovery/api__v1.json":                        {Data: []byte(`{}`)},
	}
	got, err := readDiscovery(release, "api/discovery")
	if err != nil {
		t.Fatal(err)
	}
	want := []resource{{"example.k8s.io", "v1alpha1", "things", "Thing", true}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(resource{})); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	for name, release := range map[string]fstest.MapFS{
		"none":            {},
		"not JSON":        {"api/discovery/apis__a__v1.json": {Data: []byte(`{`)}},
		"without a group": {"api/discovery/apis__a__v1.json": {Data: []byte(`{"groupVersion":"v1"}`)}},
	} {
		if got, err := readDiscovery(release, "api/discovery"); err == nil {
			t.Errorf("%s: no error, but %v", name, got)
		}
	}
}

func TestRender(t *testing.T) {
	thing := func(version string) resource { return resource{"example.k8s.io", version, "things", "Thing", true} }
	table := newTable()
	for _, release := range [][]resource{
		{thing("v1alpha1"), {"apps", "v1", "deployments", "Deployment", true}},
		{thing("v1alpha10"), thing("v1beta1")},
		{thing("v1alpha10"), thing("v1beta1"), thing("v1")},
	} {
		if err := table.add(table.newest+1, "v", release); err != nil {
			t.Fatal(err)
		}
	}
	want := header + "@1.1\tv\n@1.2\tv\n@1.3\tv\n" +
		"example.k8s.io\tthings\tThing\tNamespaced\tv1alpha1 1.1\tv1alpha10 1.2+\tv1beta1 1.2+\tv1 1.3+\n"
	if diff := cmp.Diff(want, table.render()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestAddRefuses(t *testing.T) {
	first := []resource{{"g", "v1alpha1", "things", "Thing", true}}
	for name, later := range map[string][]resource{
		"another kind":   {{"g", "v1alpha1", "things", "Other", true}},
		"another scope":  {{"g", "v1alpha1", "things", "Thing", false}},
		"come back late": first,
	} {
		table := newTable()
		if err := table.add(30, "v", first); err != nil {
			t.Fatal(err)
		}
		if err := table.add(32, "v", later); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
