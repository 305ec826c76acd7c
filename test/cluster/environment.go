// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// startTimeout leaves room for a busy machine: envtest would start all over
// after 20 seconds. An idle one takes 4.
const startTimeout = time.Minute

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

func environment(dir, binaryDir string, o Options) (*envtest.Environment, error) {
	for _, name := range []string{"data", "certificates"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.Symlink(binaryDir, filepath.Join(dir, "bin")); err != nil {
		return nil, err
	}
	serverPath, err := leashed(dir, "kube-apiserver")
	if err != nil {
		return nil, err
	}
	etcdPath, err := leashed(dir, "etcd")
	if err != nil {
		return nil, err
	}

	server := &envtest.APIServer{Path: serverPath, CertDir: filepath.Join(dir, "certificates")}
	server.Configure().
		Set("authorization-mode", "Node,RBAC").
		Set("allow-privileged", "true").
		Set("enable-admission-plugins", "NodeRestriction")
	if o.AuditLog != "" {
		if err := configureAudit(server, dir, o); err != nil {
			return nil, err
		}
	}
	for name, value := range o.APIServerArgs {
		server.Configure().Set(name, value)
	}

	existing := false
	e := &envtest.Environment{UseExistingCluster: &existing, ControlPlaneStartTimeout: startTimeout}
	e.ControlPlane.APIServer = server
	e.ControlPlane.Etcd = &envtest.Etcd{Path: etcdPath, DataDir: filepath.Join(dir, "data")}
	e.ControlPlane.KubectlPath = filepath.Join(binaryDir, "kubectl")
	return e, nil
}

func configureAudit(server *envtest.APIServer, dir string, o Options) error {
	logPath, err := filepath.Abs(o.AuditLog)
	if err != nil {
		return fmt.Errorf("configure audit: %w", err)
	}
	policyPath := filepath.Join(dir, "audit-policy.yaml")
	if err := os.WriteFile(policyPath, []byte(cmp.Or(o.AuditPolicy, auditPolicy)), 0o600); err != nil {
		return fmt.Errorf("configure audit: %w", err)
	}
	// The blocking mode has an event in the file by the time a test that saw
	// the response looks for it.
	server.Configure().
		Set("audit-policy-file", policyPath).
		Set("audit-log-path", logPath).
		Set("audit-log-mode", "blocking")
	return nil
}
