// SPDX-License-Identifier: Apache-2.0

// Package cluster runs a real API server and etcd, shaped like an AKS cluster,
// for tests and the demo.
//
// There are no controllers and no nodes that run anything: workloads make no
// pods, a deleted namespace stays in Terminating, and aggregated ClusterRoles
// such as edit are empty.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Options says how to start a Cluster. The zero value is useful.
type Options struct {
	// BinaryDir holds kube-apiserver, etcd and kubectl; FindBinaries if empty.
	BinaryDir string
	// APIServerArgs are flags of the API server by name without dashes. They
	// replace the cluster's own.
	APIServerArgs map[string]string
	// AuditLog is the file that the API server writes its audit events to, one
	// JSON object a line; none if empty.
	AuditLog string
	// AuditPolicy is the audit policy, as YAML; all at level Metadata if empty.
	AuditPolicy string
	// Log receives what the servers print; nothing if nil.
	Log io.Writer
}

// Cluster is a running API server with its etcd.
type Cluster struct {
	// Config belongs to an administrator, in system:masters, who is none of
	// the identities.
	Config *rest.Config
	// Kubectl is the path of a kubectl of the cluster's version.
	Kubectl string

	environment *envtest.Environment
	dir         string

	mu          sync.Mutex
	kubeconfigs map[string]string
	stopped     bool
}

// Start starts a cluster and waits until it answers. The caller must call Stop.
// A caller that ends without it, interrupted or timed out, leaves no server
// behind but a folder with the servers' files.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	c, err := prepare(o)
	if err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	output := &tail{to: o.Log}
	server := c.environment.ControlPlane.APIServer
	server.Out, server.Err = output, output
	if o.Log != nil {
		etcd := c.environment.ControlPlane.Etcd
		etcd.Out, etcd.Err = output, output
	}
	if c.Config, err = c.environment.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start cluster: %w; the API server's last words:\n%s", err, output), c.Stop())
	}
	if err := ctx.Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.Stop())
	}
	return c, nil
}

// As returns a configuration that impersonates the user. The API server adds
// the group system:authenticated, and a service account's groups if none are
// given.
func (c *Cluster) As(user string, groups ...string) *rest.Config {
	config := rest.CopyConfig(c.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	return config
}

// Stop stops the servers gracefully and removes their files. Only the first
// call does anything.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil
	}
	c.stopped = true
	if err := errors.Join(c.environment.Stop(), os.RemoveAll(c.dir)); err != nil {
		return fmt.Errorf("stop cluster: %w", err)
	}
	return nil
}

// prepare does what needs no running server. Paths are set one by one because
// envtest lets variables of the environment override its folder of binaries.
func prepare(o Options) (*Cluster, error) {
	binaryDir := o.BinaryDir
	if binaryDir == "" {
		found, err := FindBinaries()
		if err != nil {
			return nil, err
		}
		binaryDir = found
	}
	binaryDir, err := filepath.Abs(binaryDir)
	if err != nil {
		return nil, err
	}
	if err := checkBinaries(binaryDir); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "demarc-cluster-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		Kubectl:     filepath.Join(binaryDir, "kubectl"),
		dir:         dir,
		kubeconfigs: map[string]string{},
	}
	if c.environment, err = environment(dir, binaryDir, o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}
