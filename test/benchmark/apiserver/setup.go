// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// The service account that demarc has, and its name as a user.
const (
	accountNamespace = "benchmark-system"
	accountName      = "demarc"
	accountUser      = "system:serviceaccount:" + accountNamespace + ":" + accountName
)

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: ["` + accountUser + `"]
- level: None
`

// build makes the program as `make build` does, unless one was given.
func (b *bench) build(ctx context.Context) error {
	if b.program != "" {
		path, err := filepath.Abs(b.program)
		b.program = path
		return err
	}
	b.program = filepath.Join(b.dir, "demarc-program")
	fmt.Fprintln(os.Stderr, "building demarc")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.program,
		"github.com/demarc-dev/demarc/cmd/demarc")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build demarc: %w\n%s", err, out)
	}
	return nil
}

// prepareCluster makes the namespaces of the variants, and demarc's account with the rights that its manifests give it.
func (b *bench) prepareCluster(ctx context.Context) error {
	if err := b.cluster.Seed(ctx); err != nil {
		return err
	}
	for _, v := range variants {
		if err := b.makeNamespace(ctx, v.namespace(), map[string]string{variantLabel: v.name}); err != nil {
			return err
		}
	}
	if err := b.makeNamespace(ctx, accountNamespace, nil); err != nil {
		return err
	}
	raw, err := os.ReadFile("config/rbac/admission.yaml")
	if err != nil {
		return fmt.Errorf("read demarc's role; run this from the top of the repository: %w", err)
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(raw, role); err != nil {
		return err
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: accountName, Namespace: accountNamespace}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: accountNamespace, Name: accountName}},
	}
	_, err1 := b.client.CoreV1().ServiceAccounts(accountNamespace).Create(ctx, account, metav1.CreateOptions{})
	_, err2 := b.client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{})
	_, err3 := b.client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	return errors.Join(err1, err2, err3)
}

func (b *bench) makeNamespace(ctx context.Context, name string, labels map[string]string) error {
	_, err := b.client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	return err
}

// kubeconfig writes one with a token for demarc's account, and returns its path.
func (b *bench) kubeconfig(ctx context.Context) (string, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(3600))}}
	token, err := b.client.CoreV1().ServiceAccounts(accountNamespace).CreateToken(ctx, accountName, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("get a token for demarc: %w", err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: b.cluster.Config.Host, CertificateAuthorityData: b.cluster.Config.CAData}
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "x"
	path := filepath.Join(b.dir, "kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}

// eventually asks until something holds: the API server learns of registrations by watches of its own.
func eventually(ctx context.Context, what string, holds func() error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := holds()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not within a minute: %w", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
