// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// User names of the identities.
const (
	// LocalAdmin is the customer's local admin: the certificate that
	// `az aks get-credentials --admin` hands out.
	LocalAdmin = "masterclient"
	// Provider is AKS itself. It shares the local admin's group.
	Provider = "aksService"
	// Tenant may edit workloads and configuration in shop and kube-system.
	Tenant = "ada@contoso.example"
	// PlatformAdmin is a customer's administrator, bound to cluster-admin.
	PlatformAdmin = "platform@contoso.example"
	// GitOps is a Flux controller's service account, bound to cluster-admin.
	GitOps = "system:serviceaccount:flux:kustomize-controller"
)

// Identity is a user that the seeded cluster knows.
type Identity struct {
	User   string
	Groups []string
}

// Identities returns every named identity. The API server adds the group
// system:authenticated to each.
func Identities() []Identity {
	return []Identity{
		{User: LocalAdmin, Groups: []string{"system:masters"}},
		{User: Provider, Groups: []string{"system:masters"}},
		{User: Tenant, Groups: []string{"tenants"}},
		{User: PlatformAdmin, Groups: []string{"platform-admins"}},
		{User: GitOps, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:flux"}},
	}
}

// Kubeconfig returns the path of a kubeconfig with a client certificate for
// the identity of that user name. Stop removes it.
func (c *Cluster) Kubeconfig(user string) (string, error) {
	identities := Identities()
	i := slices.IndexFunc(identities, func(id Identity) bool { return id.User == user })
	if i < 0 {
		return "", fmt.Errorf("kubeconfig for %s: no such identity", user)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if path, ok := c.kubeconfigs[user]; ok {
		return path, nil
	}
	path, err := c.writeKubeconfig(identities[i])
	if err != nil {
		return "", fmt.Errorf("kubeconfig for %s: %w", user, err)
	}
	c.kubeconfigs[user] = path
	return path, nil
}

func (c *Cluster) writeKubeconfig(id Identity) (string, error) {
	added, err := c.environment.AddUser(envtest.User{Name: id.User, Groups: id.Groups}, nil)
	if err != nil {
		return "", err
	}
	content, err := added.KubeConfig()
	if err != nil {
		return "", err
	}
	// The variable KUBECONFIG is a list that colons separate.
	path := filepath.Join(c.dir, strings.ReplaceAll(id.User, ":", "-")+".kubeconfig")
	return path, os.WriteFile(path, content, 0o600)
}
