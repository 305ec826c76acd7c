// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/cluster"
)

// The service account that demarc has, and its name as a user.
const (
	accountNamespace = "benchmark-system"
	accountName      = "demarc"
	AccountUser      = "system:serviceaccount:" + accountNamespace + ":" + accountName
)

// Build makes the program as `make build` does, unless one was given, and returns where it is.
func (r *Rig) Build(ctx context.Context) (string, error) {
	if r.program != "" {
		return filepath.Abs(r.program)
	}
	path := filepath.Join(r.Dir, "demarc-program")
	fmt.Fprintln(os.Stderr, "building demarc")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "github.com/demarc-dev/demarc/cmd/demarc")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build demarc: %w\n%s", err, out)
	}
	return path, nil
}

// Cluster starts an API server that looks like AKS's, with demarc's account and the rights that its manifests give it.
func (r *Rig) Cluster(ctx context.Context, o cluster.Options) (*cluster.Cluster, kubernetes.Interface, error) {
	c, err := cluster.Start(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	r.Cleanup(c.Stop)
	if err := c.Seed(ctx); err != nil {
		return nil, nil, err
	}
	config := rest.CopyConfig(c.Config)
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, err
	}
	return c, client, makeAccount(ctx, client)
}

func makeAccount(ctx context.Context, client kubernetes.Interface) error {
	if err := MakeNamespace(ctx, client, accountNamespace, nil); err != nil {
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
	_, err1 := client.CoreV1().ServiceAccounts(accountNamespace).Create(ctx, account, metav1.CreateOptions{})
	_, err2 := client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{})
	_, err3 := client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	return errors.Join(err1, err2, err3)
}

// MakeNamespace makes a namespace with labels.
func MakeNamespace(ctx context.Context, client kubernetes.Interface, name string, labels map[string]string) error {
	_, err := client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	return err
}

// Serve builds demarc and starts `demarc serve` with its own account on a cluster. Metrics asks for its metrics.
func (r *Rig) Serve(ctx context.Context, c *cluster.Cluster, client kubernetes.Interface, env ...string) (*process.Server, error) {
	program, err := r.Build(ctx)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := r.kubeconfig(ctx, c, client)
	if err != nil {
		return nil, err
	}
	port, err := process.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	r.metrics = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return r.Start(ctx, "demarc", process.Options{Program: program, Env: env, Args: []string{
		"serve", "--kubeconfig", kubeconfig, "--host", "127.0.0.1", "--drain-delay", "1ms",
		"--metrics-bind-address", r.metrics, "--health-probe-bind-address", "0"}})
}

// kubeconfig writes one with a token for demarc's account, and returns its path.
func (r *Rig) kubeconfig(ctx context.Context, c *cluster.Cluster, client kubernetes.Interface) (string, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(3 * 3600))}}
	token, err := client.CoreV1().ServiceAccounts(accountNamespace).CreateToken(ctx, accountName, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("get a token for demarc: %w", err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: c.Config.Host, CertificateAuthorityData: c.Config.CAData}
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "x"
	path := filepath.Join(r.Dir, "kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}

// Eventually asks until something holds: the API server learns of registrations by watches of its own.
func Eventually(ctx context.Context, what string, holds func() error) error {
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
