// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/pkg/alphaapis"
	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// speaksAlpha says whether a case is written in an alpha version of Kubernetes' own, which the shared server, like
// AKS's, does not serve.
func speaksAlpha(c fixtures.Case) bool {
	r, err := c.Resource()
	if err != nil || r.Presence != object.Alpha {
		return false
	}
	o, err := object.Decode(c.Object, schema.GroupVersionKind{})
	return err == nil && alphaapis.MaturityOf(o.GVK.Version) == alphaapis.Alpha
}

// alphaCases are those of them that a server of this version can be asked.
func alphaCases(t *testing.T) []fixtures.Case {
	t.Helper()
	all, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(c fixtures.Case) bool {
		return c.Request.ServerVersion != fixtures.DefaultVersion || !speaksAlpha(c)
	})
}

// withAlpha starts a second cluster that serves every alpha API, and lets the test take it for the shared one. Tests
// here run one after the other.
func withAlpha(t *testing.T) {
	t.Helper()
	c, err := cluster.Start(t.Context(), cluster.Options{APIServerArgs: map[string]string{
		"runtime-config": "api/all=true", "feature-gates": "AllAlpha=true,AllBeta=true"}})
	if err != nil {
		t.Fatal(err)
	}
	before := shared
	shared = c
	t.Cleanup(func() {
		shared = before
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := prepare(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "tenants-of-alpha"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: fixtures.DefaultUser}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestAlphaAPIs asks a server that serves all alpha APIs: the table names exactly these, and each request that speaks
// one reaches the webhook.
func TestAlphaAPIs(t *testing.T) {
	withAlpha(t)
	t.Run("table", func(t *testing.T) {
		if diff := cmp.Diff(inTable(), served(t)); diff != "" {
			t.Errorf("alpha versions (-table +server):\n%s", diff)
		}
	})
	i := install(t, strict())
	e := engineOf(t, strict())
	asked := map[schema.GroupVersionResource]bool{}
	for _, c := range alphaCases(t) {
		t.Run(c.ID(), func(t *testing.T) {
			i.drain()
			a := withSetUp(t, c)
			r, _ := c.Resource()
			gvr, err := speaking(r, parse(c.Object).GetAPIVersion())
			if err != nil {
				t.Fatal(err)
			}
			asked[gvr] = true
			if seldomAsked(r) {
				if a.err != nil || len(i.drain()) > 0 {
					t.Errorf("the API server asks no webhook about this; got %v", a.err)
				}
				return
			}
			compare(t, c, decide(t, e, c), a)
		})
	}
	t.Run("beta version of the same resource", func(t *testing.T) { betaPasses(t, i) })
	for gvr := range inTable() {
		if !asked[gvr] && !seldomAsked(object.Resource{Group: gvr.Group}) {
			t.Errorf("no fixture asks for %s, which this server serves", gvr)
		}
	}
}

// betaPasses speaks a beta version of a resource whose alpha version is registered: the API server converts and asks, and
// the rule must go by what the client spoke.
func betaPasses(t *testing.T, i *installed) {
	cases := alphaCases(t)
	at := slices.IndexFunc(cases, func(c fixtures.Case) bool { return c.Name == "device-taint-rule" })
	if at < 0 {
		t.Fatal("the fixture is gone")
	}
	c := cases[at]
	c.Object = bytes.Replace(c.Object, []byte("v1alpha3"), []byte("v1beta2"), 1)
	i.drain()
	if a := ask(t, c); a.err != nil {
		t.Errorf("a request in a beta version: %v; want none", a.err)
	}
	all := i.drain()
	if len(all) != 1 || all[0].request.Kind.Version != "v1alpha3" || all[0].request.RequestKind.Version != "v1beta2" {
		t.Errorf("got calls %s; want one, converted to v1alpha3", spell(all))
	}
}

// TestAlphaRegistrationCostsNothing asks the shared server, which serves no alpha version: the stable versions of the
// same resources, for which nobody is registered, must not be taken for equivalents.
func TestAlphaRegistrationCostsNothing(t *testing.T) {
	i := install(t, audit())
	count := 0
	for _, c := range cases(t) {
		if r, err := c.Resource(); err != nil || r.Presence != object.Alpha {
			continue
		}
		i.drain()
		if a := withSetUp(t, c); a.err != nil {
			t.Errorf("%s: %v", c.ID(), a.err)
		}
		if all := i.drain(); len(all) > 0 {
			t.Errorf("%s: got calls %s; want none", c.ID(), spell(all))
		}
		count++
	}
	if count == 0 {
		t.Error("no fixture speaks a stable version of a resource that has an alpha one")
	}
}

// seldomAsked are what admission itself is configured with.
func seldomAsked(r object.Resource) bool { return r.Group == "admissionregistration.k8s.io" }

func inTable() map[schema.GroupVersionResource]bool {
	minor, _ := featuregates.ParseMinor(fixtures.DefaultVersion)
	table := map[schema.GroupVersionResource]bool{}
	for _, r := range alphaapis.All() {
		for _, v := range r.Versions {
			if v.Maturity() == alphaapis.Alpha && v.In(minor) {
				table[schema.GroupVersionResource{Group: r.Group, Version: v.Name, Resource: r.Plural}] = true
			}
		}
	}
	return table
}

func served(t *testing.T) map[schema.GroupVersionResource]bool {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(shared.Config)
	if err != nil {
		t.Fatal(err)
	}
	_, lists, err := client.ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	custom := map[string]bool{}
	for _, r := range object.Resources() {
		if r.Presence == object.Installed {
			custom[r.Group] = true
		}
	}
	found := map[schema.GroupVersionResource]bool{}
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		if custom[gv.Group] || alphaapis.MaturityOf(gv.Version) != alphaapis.Alpha {
			continue
		}
		for _, r := range list.APIResources {
			if gvr := gv.WithResource(r.Name); slices.Contains(r.Verbs, "get") && !slices.Contains([]rune(r.Name), '/') {
				found[gvr] = true
			}
		}
	}
	return found
}
