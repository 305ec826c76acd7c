// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/test/cluster"
)

// The match conditions keep each identity of the profile out before any call, and keep nobody else out: not the
// customer's local admin, who is in the same group as the provider, and not somebody who merely sounds like a node.
func TestMatchConditionsByIdentity(t *testing.T) {
	i := install(t, audit())
	judged := func(t *testing.T, user string, groups ...string) bool {
		t.Helper()
		i.drain()
		r := object.ConfigMaps
		_, err := objects(t, r, "kube-system", user, append(groups, "system:authenticated")...).
			Create(t.Context(), probe(r, "kube-system"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			t.Fatal(err)
		}
		return len(i.drain()) > 0
	}
	for _, id := range provider.AKS().Identities {
		user := strings.Replace(id.User, "*", "some-node", 1)
		if id.Role == provider.NodeRole && strings.HasPrefix(user, "system:node:") {
			continue // NodeRestriction lets nodes make no ConfigMap; see below
		}
		var groups []string
		if id.Group != "" {
			groups = append(groups, id.Group)
		}
		t.Run("kept out/"+user, func(t *testing.T) {
			if judged(t, user, groups...) && id.Group == "" {
				t.Error("the webhook was called")
			}
		})
	}
	for _, c := range []struct {
		user   string
		groups []string
	}{
		{cluster.LocalAdmin, []string{"system:masters"}},
		{cluster.Tenant, nil},
		{cluster.GitOps, []string{"system:serviceaccounts"}},
		{"system:node:impostor", nil},
		{"ada", []string{"system:nodes"}},
		{"aksService2", nil},
		{"AKSSERVICE", nil},
		{"system:serviceaccount:kube-system:default", []string{"system:serviceaccounts:kube-system"}},
		{"system:anonymous", []string{"system:unauthenticated"}},
	} {
		t.Run("let through/"+c.user, func(t *testing.T) {
			if !judged(t, c.user, c.groups...) {
				t.Error("the webhook was not called")
			}
		})
	}
}

// A kubelet updates its own Node many times a minute: that must not cost a call.
func TestKubeletIsKeptOut(t *testing.T) {
	i := install(t, audit())
	client := objects(t, object.Nodes, "", cluster.Provider, "system:masters")
	undo, err := create(t.Context(), client, probe(object.Nodes, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := undo(); err != nil {
			t.Error(err)
		}
	}()
	kubelet := objects(t, object.Nodes, "", "system:node:probe", "system:nodes", "system:authenticated")
	i.drain()
	if _, err := kubelet.Patch(t.Context(), "probe", patchType(""), patch(""), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	if s := i.drain(); len(s) > 0 {
		t.Errorf("the kubelet's update was sent: %s", spell(s))
	}
}
