// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// shortKubeconfig copies a kubeconfig to where its path is short to type.
func (s *stage) shortKubeconfig(p person) (string, error) {
	from, err := s.cluster.Kubeconfig(p.user)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	path := s.path(p.name + ".kubeconfig")
	return path, os.WriteFile(path, content, 0o600)
}

// leaveRunning says how to get at everything, and waits for the end.
func leaveRunning(ctx context.Context, s *stage) int {
	say := func(format string, args ...any) { s.out.line(span{plain, fmt.Sprintf(format, args...)}) }
	say("")
	say("demarc guards a local cluster. In another terminal:")
	say("")
	say("  export PATH=%q:$PATH", filepath.Dir(s.cluster.Kubectl))
	say("  cd %q", s.path(manifestDir))
	say("")
	say("and then be one of these:")
	for _, p := range people() {
		kubeconfig, err := s.shortKubeconfig(p)
		if err != nil {
			return fail(err)
		}
		say("")
		s.out.line(span{faint, "  # " + p.name + ", " + p.about})
		say("  export KUBECONFIG=%q", kubeconfig)
	}
	say("")
	say("Try: kubectl apply -f privileged-daemonset.yaml")
	say("")
	say("demarc's configuration, read again when it changes: %s", s.path(configFile))
	say("demarc's log: %s", s.path(logFile))
	say("demarc's metrics: http://%s/metrics", local(s.guard.metricsPort))
	say("")
	say("Ctrl-C stops it all and removes these files.")

	select {
	case <-ctx.Done():
		if cause := context.Cause(ctx); !errors.Is(cause, errInterrupted) {
			return fail(cause)
		}
		return 0
	case <-s.guard.ended:
		return fail(fmt.Errorf("%w; its last words:\n%s", s.guard.unasked(), s.guard.lastWords()))
	}
}
