// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/cli"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// TestRights runs on a cluster of its own, where nobody may do anything but by a role: the generated one is enough for the
// watcher, and who may not read learns what becomes of it.
func TestRights(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := installCustom(ctx, c); err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := fixtures.Context()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range append(docs, []byte(owningSet), []byte(owningGroup)) {
		if err := apply(ctx, client, doc); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("generated role", func(t *testing.T) {
		bind(t, c, "demarc", generatedRole(t))
		w := watch(t, c.As("demarc"))
		eventually(t, w.Settled)
		if diff := cmp.Diff(known(t), w.Cluster().Nodes); diff != "" {
			t.Errorf("nodes (-want +got):\n%s", diff)
		}
		eventually(t, func() bool { return len(w.Owners(decoded(t, extension))) == 2 })
	})
	t.Run("without nodes", func(t *testing.T) {
		role := generatedRole(t)
		for i, r := range role.Rules {
			role.Rules[i].Resources = without(r.Resources, object.Nodes.Plural)
		}
		bind(t, c, "blind", role)
		w := watch(t, c.As("blind"))
		eventually(t, func() bool { return w.Synced() && w.Cluster() != nil })
		time.Sleep(2 * time.Second)
		if w.Settled() || w.Cluster().Nodes != nil {
			t.Errorf("got %+v of Nodes that may not be read", w.Cluster().Nodes)
		}
	})
	t.Run("check", func(t *testing.T) { checkRights(t, c) })
}

func without(list []string, plural string) []string {
	var rest []string
	for _, s := range list {
		if s != plural {
			rest = append(rest, s)
		}
	}
	return append(rest, "nothing")
}

func generatedRole(t *testing.T) *rbacv1.ClusterRole {
	t.Helper()
	raw, err := os.ReadFile("../../config/rbac/admission.yaml")
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(raw, role); err != nil {
		t.Fatal(err)
	}
	return role
}

func bind(t *testing.T, c *cluster.Cluster, user string, role *rbacv1.ClusterRole) {
	t.Helper()
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	role.Name = user
	if _, err := client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err = client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: user},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// checkRights runs `demarc check --cluster` as somebody who may read all, and as somebody who may read nothing.
func checkRights(t *testing.T, c *cluster.Cluster) {
	pod := probe(object.Pods, "kube-system")
	file := filepath.Join(t.TempDir(), "pod.json")
	write(t, file, pod)
	for user, want := range map[string]struct {
		stdout  string
		refused []string
	}{
		cluster.LocalAdmin: {"managed-namespace-workload", nil},
		cluster.Tenant:     {"in doubt: ", []string{"list namespaces: ", "list nodes: "}},
	} {
		kubeconfig, err := c.Kubeconfig(user)
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		code := cli.Main(t.Context(), []string{"check", "-f", file, "--cluster", "--kubeconfig", kubeconfig}, nil, &stdout, &stderr)
		if code != 0 || !strings.Contains(stdout.String(), want.stdout) {
			t.Errorf("%s: exit code %d, stdout %s\nstderr %s", user, code, &stdout, &stderr)
		}
		for _, w := range want.refused {
			if !strings.Contains(stderr.String(), "demarc: warning: "+w) {
				t.Errorf("%s: no warning of %q: %s", user, w, &stderr)
			}
		}
		if len(want.refused) == 0 && (stderr.Len() > 0 || strings.Contains(stdout.String(), "in doubt: ")) {
			t.Errorf("%s: stdout %s\nstderr %s", user, &stdout, &stderr)
		}
	}
}

func write(t *testing.T, file string, o *unstructured.Unstructured) {
	t.Helper()
	raw, err := o.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
