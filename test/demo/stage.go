// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/certs"
	"github.com/demarc-dev/demarc/test/cluster"
)

//go:embed manifests/*.yaml
var manifests embed.FS

// The files of the stage, in its folder.
const (
	manifestDir      = "manifests"
	certificateDir   = "certificates"
	configFile       = "demarc.yaml"
	kubeconfigFile   = "demarc.kubeconfig"
	logFile          = "demarc.log"
	auditFile        = "audit.jsonl"
	roleFile         = "role.yaml"
	registrationFile = "registration.yaml"
)

// stage is everything that the story needs: a cluster with demarc in front.
type stage struct {
	out     *printer
	dir     string
	cluster *cluster.Cluster
	guard   *guard
	// toldToStop is set once the story has stopped demarc.
	toldToStop bool
	// checked is how many events of the audit log checkAnswered has seen.
	checked int
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// newStage sets everything up. The caller must call close.
func newStage(ctx context.Context, out *printer, o options) (*stage, error) {
	program, err := filepath.Abs(o.demarc)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("find demarc: %w: run `make build` first", err)
	}
	role, err := os.ReadFile(o.role)
	if err != nil {
		return nil, fmt.Errorf("find demarc's role: %w", err)
	}
	dir, err := os.MkdirTemp("", "demarc-demo-")
	if err != nil {
		return nil, err
	}
	s := &stage{out: out, dir: dir}
	if err := s.setUp(ctx, program, role); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// close stops what was started, in the reverse order, and removes the files.
func (s *stage) close() error {
	var errs []error
	if s.guard != nil {
		if err := s.guard.stop(); err != nil {
			errs = append(errs, fmt.Errorf("demarc ended with an error: %w", err))
		}
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

func (s *stage) setUp(ctx context.Context, program string, role []byte) error {
	begun := time.Now()
	for _, part := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"writing manifests and certificates", s.writeFiles},
		{"starting etcd and a real kube-apiserver", s.startCluster},
		{"making it look like an AKS cluster", func(ctx context.Context) error { return s.cluster.Seed(ctx) }},
		{"giving demarc its account", func(ctx context.Context) error { return s.makeAccount(ctx, role) }},
		{"starting demarc serve", func(ctx context.Context) error { return s.startGuard(ctx, program) }},
		{"registering it with the API server", s.register},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		progress("%s", part.what)
		if err := part.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.what, err)
		}
	}
	progress("ready after %.1f s", time.Since(begun).Seconds())
	return nil
}

// progress goes past the transcript: it differs from run to run.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "demo: "+format+"\n", args...) }

func (s *stage) writeFiles(context.Context) error {
	for _, dir := range []string{manifestDir, certificateDir} {
		if err := os.Mkdir(s.path(dir), 0o700); err != nil {
			return err
		}
	}
	entries, err := manifests.ReadDir(manifestDir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		content, err := manifests.ReadFile(manifestDir + "/" + entry.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.path(manifestDir), entry.Name()), content, 0o600); err != nil {
			return err
		}
	}
	return s.writeConfiguration(firstConfiguration())
}

func (s *stage) startCluster(ctx context.Context) (err error) {
	s.cluster, err = cluster.Start(ctx, cluster.Options{AuditLog: s.path(auditFile)})
	return err
}

func (s *stage) startGuard(ctx context.Context, program string) (err error) {
	if _, err := certs.Write(s.path(certificateDir), "127.0.0.1"); err != nil {
		return err
	}
	s.guard, err = startGuard(program, guardFiles{
		configuration: s.path(configFile), certificates: s.path(certificateDir),
		kubeconfig: s.path(kubeconfigFile), log: s.path(logFile),
	})
	if err != nil {
		return err
	}
	return s.guard.waitReady(ctx)
}

// register applies both registrations, and waits until the API server calls
// each of them: it takes up a new one after a moment.
func (s *stage) register(ctx context.Context) error {
	authority, err := os.ReadFile(filepath.Join(s.path(certificateDir), certs.CAFile))
	if err != nil {
		return err
	}
	var documents strings.Builder
	for _, configuration := range registration.Build(rules.All(), provider.AKS(), registration.Options{
		URL: "https://" + local(s.guard.port), CABundle: authority,
	}) {
		document, err := yaml.Marshal(configuration)
		if err != nil {
			return err
		}
		documents.WriteString("---\n" + string(document))
	}
	if err := os.WriteFile(s.path(registrationFile), []byte(documents.String()), 0o600); err != nil {
		return err
	}
	if output, err := s.kubectl(ctx, platform, "kubectl apply -f ../"+registrationFile); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return errors.Join(
		s.waitRefused(ctx, ada, "kubectl apply --dry-run=server -f privileged-daemonset.yaml"),
		s.waitRefused(ctx, flux, "kubectl apply --dry-run=server -f namespace-with-mark.yaml"))
}

func (s *stage) waitRefused(ctx context.Context, by person, command string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		output, err := s.kubectl(ctx, by, command)
		if len(verdictOf(output, err).refused) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for a refusal of %q: %w; it came to:\n%s\ndemarc's last words:\n%s",
				command, ctx.Err(), output, s.guard.lastWords())
		case <-time.After(pollInterval):
		}
	}
}
