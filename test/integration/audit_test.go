// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	liveaudit "github.com/demarc-dev/demarc/pkg/audit"
	"github.com/demarc-dev/demarc/pkg/cli/judge"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/fixtures"
)

func audited(t *testing.T, cfg *rest.Config) *report.Report {
	t.Helper()
	r, err := liveaudit.Run(t.Context(), cfg, liveaudit.Options{Name: "here", Engine: engineOf(t, v1alpha1.Default()), Rules: rules.All(), Profile: provider.AKS()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAuditFindsWhatCheckFinds makes every fixture that is made at all, while the webhook is off, and compares what the
// audit says of it with what `demarc check` says of its manifest.
func TestAuditFindsWhatCheckFinds(t *testing.T) {
	client, err := dynamic.NewForConfig(shared.As(cluster.Provider, "system:masters"))
	if err != nil {
		t.Fatal(err)
	}
	count, found := 0, 0
	for i, round := range rounds(t) {
		t.Run(fmt.Sprint("round ", i), func(t *testing.T) {
			for _, c := range round {
				r, err := c.Resource()
				if err != nil {
					t.Fatal(err)
				}
				o := parse(c.Object)
				where, err := speaking(r, o.GetAPIVersion())
				if err != nil {
					t.Fatal(err)
				}
				undo, err := create(t.Context(), client.Resource(where).Namespace(o.GetNamespace()), o)
				if err != nil {
					t.Fatalf("%s: %v", c.ID(), err)
				}
				defer func() {
					if err := undo(); err != nil {
						t.Errorf("%s: undo: %v", c.ID(), err)
					}
				}()
			}
			got := audited(t, shared.Config)
			if u := got.Clusters[0].Unread; len(u) > 0 {
				t.Errorf("unread: %v", u)
			}
			for _, c := range round {
				want := checked(t, c)
				count, found = count+1, found+len(want)
				if diff := cmp.Diff(want, of(got, c)); diff != "" {
					t.Errorf("%s (-check +audit):\n%s", c.ID(), diff)
				}
			}
		})
	}
	t.Logf("%d objects stood in the API server, with %d findings", count, found)
	if count < 200 || found < 200 {
		t.Errorf("too few objects (%d) or findings (%d) for this to mean anything", count, found)
	}
}

// rounds sorts the fixtures into sets that can stand in one cluster together. Namespaces and Nodes are what others lean
// on, so each has the cluster to itself.
func rounds(t *testing.T) [][]fixtures.Case {
	var list [][]fixtures.Case
	taken := map[string]int{}
	var alone [][]fixtures.Case
	for _, c := range cases(t) {
		o := parse(c.Object)
		if c.Request.Operation != "CREATE" || c.Request.Subresource != "" || o.GetName() == "" || o.GetKind() == "Binding" {
			continue
		}
		if o.GetKind() == "Namespace" || o.GetKind() == "Node" {
			alone = append(alone, []fixtures.Case{c})
			continue
		}
		id := strings.Join([]string{o.GroupVersionKind().GroupKind().String(), o.GetNamespace(), o.GetName()}, " ")
		n := taken[id]
		taken[id]++
		if n == len(list) {
			list = append(list, nil)
		}
		list[n] = append(list[n], c)
	}
	return append(list, alone...)
}

// checked is what `demarc check` says of a case at rest.
func checked(t *testing.T, c fixtures.Case) []string {
	t.Helper()
	j := judge.New(engineOf(t, v1alpha1.Default()), judge.Options{Namespace: "default", ServerVersion: fixtures.DefaultVersion,
		Now: time.Now(), NodeFacts: &provider.AKS().Facts})
	r := &report.Report{Profile: provider.AKS()}
	docs, err := fixtures.Context()
	if err != nil {
		t.Fatal(err)
	}
	var around []manifest.Document
	for _, doc := range docs {
		around = append(around, manifest.Document{GVK: parse(doc).GroupVersionKind(), Raw: doc})
	}
	j.Learn(r, around)
	j.Judge(r, manifest.Document{GVK: parse(c.Object).GroupVersionKind(), Raw: c.Object})
	if len(r.Problems) > 0 || len(r.Results) != 1 {
		t.Fatalf("%s: got %d results, problems %v", c.ID(), len(r.Results), r.Problems)
	}
	return lines(r.Results[0].Verdicts)
}

// of is what an audit says of a case.
func of(r *report.Report, c fixtures.Case) []string {
	o := parse(c.Object)
	for i := range r.Results {
		l := r.Results[i].Live
		if l.Kind == o.GetKind() && strings.HasPrefix(l.APIVersion, o.GroupVersionKind().Group) && l.Namespace == o.GetNamespace() && l.Name == o.GetName() {
			return lines(r.Results[i].Verdicts)
		}
	}
	return nil
}

func lines(verdicts []report.Verdict) []string {
	var list []string
	for _, v := range verdicts {
		list = append(list, v.Line()+" "+v.Doubt+v.Exemption+v.Customisation)
	}
	slices.Sort(list)
	return list
}

// TestAuditWithFewRights lets somebody audit who may see pods and namespaces only.
func TestAuditWithFewRights(t *testing.T) {
	client, err := kubernetes.NewForConfig(shared.Config)
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "few-rights"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods", "namespaces"}, Verbs: []string{"list"}},
		{NonResourceURLs: []string{"/api", "/api/*", "/apis", "/apis/*", "/version"}, Verbs: []string{"get"}},
	}}
	if _, err := client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: role.ObjectMeta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "Group", Name: role.Name}}}
	if _, err := client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	defer place(t, shared.Config, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"few-rights","namespace":"shop"},"spec":{"containers":[{"name":"a","image":"a",
		"volumeMounts":[{"name":"v","mountPath":"/v"}]}],"volumes":[{"name":"v","hostPath":{"path":"/etc/kubernetes"}}]}}`)()
	// Whoever is authenticated may do nearly everything here, so it is nobody.
	r := audited(t, shared.As("system:anonymous", "few-rights"))
	unread := map[string]report.Unread{}
	for _, u := range r.Clusters[0].Unread {
		unread[u.What] = u
	}
	for _, what := range []string{"nodes", "deployments.apps", "configmaps", "clusterroles.rbac.authorization.k8s.io"} {
		if u := unread[what]; !strings.Contains(u.Why, `cannot list resource "`+strings.Split(what, ".")[0]) || len(u.Rules) == 0 {
			t.Errorf("%s: got %+v", what, u)
		}
	}
	if _, there := unread["pods"]; there || len(r.Results) == 0 {
		t.Errorf("pods were not judged; unread: %v", r.Clusters[0].Unread)
	}
}

// TestAuditFolds puts a DaemonSet with 1,200 pods into the cluster: one result.
func TestAuditFolds(t *testing.T) {
	const count, spec = 1200, `{"containers":[{"name":"a","image":"a","volumeMounts":[{"name":"v","mountPath":"/v"}]}],"volumes":[{"name":"v","hostPath":{"path":"/etc/kubernetes"}}]}`
	client, err := dynamic.NewForConfig(shared.As(cluster.Provider, "system:masters"))
	if err != nil {
		t.Fatal(err)
	}
	defer place(t, shared.Config, `{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"fold","namespace":"shop"},"spec":{"selector":{"matchLabels":{"a":"fold"}},
		"template":{"metadata":{"labels":{"a":"fold"}},"spec":`+spec+`}}}`)()
	sets := client.Resource(gvr(object.DaemonSets)).Namespace("shop")
	set, err := sets.Get(t.Context(), "fold", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pods := client.Resource(gvr(object.Pods)).Namespace("shop")
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < count; i += 4 {
				o := parse([]byte(fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"fold-%04d","namespace":"shop","labels":{"a":"fold"},
					"ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet","name":"fold","uid":%q,"controller":true}]},"spec":%s}`, i, set.GetUID(), spec)))
				if _, err := pods.Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	defer func() {
		if err := pods.DeleteCollection(t.Context(), metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))}, metav1.ListOptions{LabelSelector: "a=fold"}); err != nil {
			t.Error(err)
		}
	}()
	r := audited(t, shared.Config)
	var got []string
	for i := range r.Results {
		if l := r.Results[i].Live; strings.HasPrefix(l.Name, "fold") {
			got = append(got, fmt.Sprintf("%s, %d more", r.Results[i].Object, l.Same))
		}
	}
	if want := []string{"DaemonSet shop/fold, 1200 more"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
