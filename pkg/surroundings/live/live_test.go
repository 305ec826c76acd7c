// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/surroundings/live"
)

// server answers by address, query included where that counts, and remembers what it was asked.
type server struct {
	mu      sync.Mutex
	answers map[string]string
	asked   []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	address := r.URL.Path
	if next := r.URL.Query().Get("continue"); next != "" {
		address += "?" + next
	}
	answer, ok := s.answers[address]
	if !ok {
		answer = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`
	}
	w.Header().Set("Content-Type", "application/json")
	if _, code, failed := strings.Cut(answer, `"code":`); failed {
		var status int
		fmt.Sscanf(code, "%d", &status)
		w.WriteHeader(status)
	}
	fmt.Fprint(w, answer)
}

func serve(t *testing.T, answers map[string]string) (*live.Cluster, *server) {
	t.Helper()
	s := &server{answers: answers}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	c, err := live.New(&rest.Config{Host: h.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

func status(reason string, code int) string {
	return fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":"no","code":%d}`, reason, code)
}

const nodeList = `{"kind":"NodeList","apiVersion":"v1","metadata":{"continue":%q},"items":[{"metadata":{"name":%q,"labels":{"agentpool":%q}},` +
	`"spec":{"providerID":"azure:///subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/%[3]s-vmss/virtualMachines/0"}}]}`

func nodesOf(next, pool string) string { return fmt.Sprintf(nodeList, next, "n-"+pool, pool) }

func TestNodesInPages(t *testing.T) {
	c, s := serve(t, map[string]string{
		"/api/v1/nodes":     nodesOf("two", "a"),
		"/api/v1/nodes?two": nodesOf("", "b"),
	})
	want := &policy.NodeFacts{ResourceGroups: []policy.ResourceGroup{{Subscription: "s", Name: "rg"}},
		Pools: []policy.NodePool{{Name: "a", ScaleSets: []string{"a-vmss"}}, {Name: "b", ScaleSets: []string{"b-vmss"}}}}
	got, err := c.Nodes(t.Context(), &provider.AKS().Facts)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(s.asked) != 2 {
		t.Errorf("asked %q (-want +got):\n%s", s.asked, diff)
	}
}

// What a page began with may be forgotten by the time of the next: the rest is read as it then is.
func TestListExpired(t *testing.T) {
	gone := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","metadata":{"continue":%q},"code":410}`
	c, _ := serve(t, map[string]string{
		"/api/v1/nodes":      nodesOf("two", "a"),
		"/api/v1/nodes?two":  fmt.Sprintf(gone, "anew"),
		"/api/v1/nodes?anew": nodesOf("", "b"),
	})
	got, err := c.Nodes(t.Context(), &provider.AKS().Facts)
	if err != nil || len(got.Pools) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	c, _ = serve(t, map[string]string{"/api/v1/nodes": nodesOf("two", "a"), "/api/v1/nodes?two": fmt.Sprintf(gone, "two")})
	if got, err := c.Nodes(t.Context(), &provider.AKS().Facts); err == nil {
		t.Errorf("got %+v, want an error", got)
	}
}

func TestNamespaces(t *testing.T) {
	list := `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"continue":%q},"items":[{"metadata":{"name":%q,"labels":{"a":"b"}}}]}`
	c, _ := serve(t, map[string]string{
		"/api/v1/namespaces":     fmt.Sprintf(list, "two", "shop"),
		"/api/v1/namespaces?two": fmt.Sprintf(list, "", "kube-system"),
	})
	got, err := c.Namespaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ns := range got {
		names = append(names, ns.Name+ns.Labels["a"])
	}
	if !slices.Equal(names, []string{"shopb", "kube-systemb"}) {
		t.Errorf("got %q", names)
	}
}

var scaleSets = object.Resource{Group: "compute.azure.com", Version: object.AnyVersion, Kind: "VirtualMachineScaleSet",
	Plural: "virtualmachinescalesets", Namespaced: true, Presence: object.Installed}

// The version of a custom resource is whichever is served, and that is asked once.
func TestObjectInTheVersionServed(t *testing.T) {
	const path = "/apis/compute.azure.com/v2/namespaces/shop/virtualmachinescalesets/"
	c, s := serve(t, map[string]string{
		"/api": `{"kind":"APIVersions","versions":["v1"]}`,
		"/apis": `{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"compute.azure.com",
			"versions":[{"groupVersion":"compute.azure.com/v1","version":"v1"},{"groupVersion":"compute.azure.com/v2","version":"v2"}]}]}`,
		"/apis/compute.azure.com/v1": `{"kind":"APIResourceList","groupVersion":"compute.azure.com/v1","resources":[{"name":"disks"}]}`,
		"/apis/compute.azure.com/v2": `{"kind":"APIResourceList","groupVersion":"compute.azure.com/v2","resources":[{"name":"virtualmachinescalesets"}]}`,
		path + "apps":                `{"apiVersion":"compute.azure.com/v2","kind":"VirtualMachineScaleSet","metadata":{"name":"apps","namespace":"shop"},"spec":{"azureName":"x"}}`,
	})
	o, err := c.Object(t.Context(), scaleSets, "shop", "apps")
	if err != nil || o == nil || o.GVK.Version != "v2" || o.Meta.Name != "apps" {
		t.Fatalf("got %+v, %v", o, err)
	}
	before := len(s.asked)
	if o, err := c.Object(t.Context(), scaleSets, "shop", "gone"); o != nil || err != nil {
		t.Errorf("an object that isn't there: got %+v, %v", o, err)
	}
	if asked := s.asked[before:]; !slices.Equal(asked, []string{"GET " + path + "gone"}) {
		t.Errorf("asked again: %q", asked)
	}
	elsewhere := scaleSets
	elsewhere.Group = "compute.azure.upbound.io"
	if o, err := c.Object(t.Context(), elsewhere, "", "apps"); o != nil || err != nil {
		t.Errorf("a group that isn't served: got %+v, %v", o, err)
	}
	for _, a := range s.asked {
		if !strings.HasPrefix(a, http.MethodGet+" ") {
			t.Errorf("not read-only: %s", a)
		}
	}
}

func TestMetadata(t *testing.T) {
	c, _ := serve(t, map[string]string{"/apis/apps/v1/namespaces/shop/deployments/web": `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",
		"metadata":{"name":"web","namespace":"shop","labels":{"a":"b"}}}`})
	o, err := c.Metadata(t.Context(), object.Deployments, "shop", "web")
	if err != nil || o == nil || o.GVK != object.Deployments.GVK() || o.Meta.Labels["a"] != "b" {
		t.Errorf("got %+v, %v", o, err)
	}
	if o, err := c.Metadata(t.Context(), object.Deployments, "shop", "gone"); o != nil || err != nil {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestErrors(t *testing.T) {
	asks := map[string]func(context.Context, *live.Cluster) error{
		"version":    func(ctx context.Context, c *live.Cluster) error { _, err := c.Version(ctx); return err },
		"namespaces": func(ctx context.Context, c *live.Cluster) error { _, err := c.Namespaces(ctx); return err },
		"nodes": func(ctx context.Context, c *live.Cluster) error {
			_, err := c.Nodes(ctx, &provider.AKS().Facts)
			return err
		},
		"deployments.apps": func(ctx context.Context, c *live.Cluster) error {
			_, err := c.Metadata(ctx, object.Deployments, "shop", "web")
			return err
		},
		"pods": func(ctx context.Context, c *live.Cluster) error {
			_, err := c.Object(ctx, object.Pods, "shop", "web")
			return err
		},
	}
	all := func(answer string) map[string]string {
		return map[string]string{"/version": answer, "/api/v1/namespaces": answer, "/api/v1/nodes": answer,
			"/apis/apps/v1/namespaces/shop/deployments/web": answer, "/api/v1/namespaces/shop/pods/web": answer}
	}
	for what, ask := range asks {
		t.Run(what, func(t *testing.T) {
			c, _ := serve(t, all(status("Forbidden", http.StatusForbidden)))
			if err := ask(t.Context(), c); !live.Denied(err) || !strings.Contains(err.Error(), what) {
				t.Errorf("forbidden: got %v", err)
			}
			c, _ = serve(t, all(status("InternalError", http.StatusInternalServerError)))
			if err := ask(t.Context(), c); err == nil || live.Denied(err) || !strings.Contains(err.Error(), what) {
				t.Errorf("broken: got %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := ask(ctx, c); !errors.Is(err, context.Canceled) {
				t.Errorf("interrupted: got %v", err)
			}
		})
	}
}
