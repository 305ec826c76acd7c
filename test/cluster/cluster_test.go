// SPDX-License-Identifier: Apache-2.0

//go:build integration

package cluster

import (
	"bytes"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestCluster walks through the life of one cluster, because each start costs
// seconds.
func TestCluster(t *testing.T) {
	auditLog := filepath.Join(t.TempDir(), "audit.jsonl")
	c, err := Start(t.Context(), Options{AuditLog: auditLog})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}

	t.Run("identities", func(t *testing.T) { testIdentities(t, c) })
	t.Run("access", func(t *testing.T) { testAccess(t, c) })
	t.Run("namespaces", func(t *testing.T) { testNamespaces(t, c) })
	t.Run("nodes", func(t *testing.T) { testNodes(t, c) })
	t.Run("kubectl", func(t *testing.T) { testKubectl(t, c) })
	t.Run("impersonation", func(t *testing.T) { testImpersonation(t, c) })
	t.Run("audit", func(t *testing.T) { testAudit(t, auditLog) })
	t.Run("unknown identity", func(t *testing.T) {
		if path, err := c.Kubeconfig("nobody"); err == nil {
			t.Errorf("got kubeconfig %s, want an error", path)
		}
	})
	t.Run("seed again", func(t *testing.T) {
		if err := c.Seed(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("stop", func(t *testing.T) { testStop(t, c) })
}

func testIdentities(t *testing.T, c *Cluster) {
	for _, id := range Identities() {
		want := append(slices.Clone(id.Groups), "system:authenticated")
		if diff := cmp.Diff(id.User, whoAmI(t, configOf(t, c, id.User), want)); diff != "" {
			t.Errorf("user (-want +got):\n%s", diff)
		}
	}
}

func testImpersonation(t *testing.T, c *Cluster) {
	want := []string{"tenants", "system:authenticated"}
	if got := whoAmI(t, c.As(Tenant, "tenants"), want); got != Tenant {
		t.Errorf("got user %s, want %s", got, Tenant)
	}
	want = []string{"system:serviceaccounts", "system:serviceaccounts:flux", "system:authenticated"}
	if got := whoAmI(t, c.As(GitOps), want); got != GitOps {
		t.Errorf("got user %s, want %s", got, GitOps)
	}
}

// whoAmI returns the user name that the API server sees, and checks the groups.
func whoAmI(t *testing.T, config *rest.Config, wantGroups []string) string {
	t.Helper()
	review := &authenticationv1.SelfSubjectReview{}
	if err := clientOf(t, config).Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	user := review.Status.UserInfo
	if diff := cmp.Diff(sorted(wantGroups), sorted(user.Groups)); diff != "" {
		t.Errorf("groups of %s (-want +got):\n%s", user.Username, diff)
	}
	return user.Username
}

func testAccess(t *testing.T, c *Cluster) {
	tests := []struct {
		user, verb, group, resource, namespace string
		want                                   bool
	}{
		{LocalAdmin, "delete", "apps", "deployments", "kube-system", true},
		{LocalAdmin, "impersonate", "", "users", "", true},
		{Provider, "update", "", "nodes", "", true},
		{PlatformAdmin, "update", "", "namespaces", "", true},
		{PlatformAdmin, "create", "admissionregistration.k8s.io", "validatingwebhookconfigurations", "", true},
		{GitOps, "patch", "apps", "daemonsets", "payments", true},
		{Tenant, "create", "apps", "daemonsets", "shop", true},
		{Tenant, "patch", "apps", "daemonsets", "kube-system", true},
		{Tenant, "update", "", "configmaps", "kube-system", true},
		{Tenant, "create", "", "configmaps", "payments", false},
		{Tenant, "patch", "", "nodes", "", false},
		{Tenant, "update", "", "namespaces", "", false},
		{Tenant, "create", "rbac.authorization.k8s.io", "clusterrolebindings", "", false},
	}
	for _, test := range tests {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: test.verb, Group: test.group, Resource: test.resource, Namespace: test.namespace,
			},
		}}
		if err := clientOf(t, configOf(t, c, test.user)).Create(t.Context(), review); err != nil {
			t.Fatal(err)
		}
		if got := review.Status.Allowed; got != test.want {
			t.Errorf("%s may %s %s in %q: got %t, want %t", test.user, test.verb, test.resource, test.namespace, got, test.want)
		}
	}
}

func testNamespaces(t *testing.T, c *Cluster) {
	managed := &corev1.NamespaceList{}
	selector := client.MatchingLabels{"kubernetes.azure.com/managedby": "aks", "control-plane": "true"}
	if err := clientOf(t, c.Config).List(t.Context(), managed, selector); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, namespace := range managed.Items {
		got = append(got, namespace.Name)
	}
	want := []string{"aks-istio-system", "app-routing-system", "calico-system", "gatekeeper-system", "kube-system"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("managed namespaces (-want +got):\n%s", diff)
	}
}

func testNodes(t *testing.T, c *Cluster) {
	nodes := &corev1.NodeList{}
	if err := clientOf(t, c.Config).List(t.Context(), nodes); err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, node := range nodes.Items {
		got[node.Name] = []string{}
		for _, taint := range node.Spec.Taints {
			got[node.Name] = append(got[node.Name], taint.Key)
		}
		if len(node.Status.Conditions) == 0 || node.Status.NodeInfo.KubeletVersion == "" {
			t.Errorf("node %s has no status", node.Name)
		}
	}
	want := map[string][]string{
		"aks-default-x7k2p":                 {},
		"aks-nodepool1-12345678-vmss000000": {"CriticalAddonsOnly"},
		"aks-user-23456789-vmss000001":      {"kubernetes.azure.com/scalesetpriority"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("nodes and taints (-want +got):\n%s", diff)
	}
}

func testKubectl(t *testing.T, c *Cluster) {
	path, err := c.Kubeconfig(Tenant)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), c.Kubectl, "--kubeconfig", path,
		"get", "daemonsets", "--namespace", "kube-system", "--output", "name")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := "daemonset.apps/azure-cns\ndaemonset.apps/csi-azuredisk-node\ndaemonset.apps/kube-proxy\n"
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("kubectl's output (-want +got):\n%s", diff)
	}
}

type auditEvent struct {
	User        authenticationv1.UserInfo
	ObjectRef   struct{ Resource string }
	Annotations map[string]string
}

// testAudit looks for an event that an earlier step must have caused.
func testAudit(t *testing.T, path string) {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(content) {
		event := auditEvent{}
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatal(err)
		}
		if event.User.Username != Tenant || event.ObjectRef.Resource != "daemonsets" {
			continue
		}
		if got := event.Annotations["authorization.k8s.io/decision"]; got != "allow" {
			t.Errorf("got decision %q in the audit annotations, want allow", got)
		}
		return
	}
	t.Error("no audit event of the tenant's list of daemonsets")
}

func testStop(t *testing.T, c *Cluster) {
	address, err := url.Parse(c.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := net.Dial("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	connection.Close()
	for range 2 {
		if err := c.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(c.dir); !os.IsNotExist(err) {
		t.Errorf("got %v for the cluster's folder, want it gone", err)
	}
	if connection, err := net.Dial("tcp", address.Host); err == nil {
		t.Errorf("the API server still listens on %s", connection.RemoteAddr())
		connection.Close()
	}
}

func TestStartSaysWhatItsServerSaid(t *testing.T) {
	_, err := Start(t.Context(), Options{APIServerArgs: map[string]string{"no-such-flag": "1"}})
	if err == nil || !strings.Contains(err.Error(), "unknown flag: --no-such-flag") {
		t.Errorf("got error %v, want the API server's complaint", err)
	}
}

func configOf(t *testing.T, c *Cluster, user string) *rest.Config {
	t.Helper()
	path, err := c.Kubeconfig(user)
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func clientOf(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	made, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }
