// SPDX-License-Identifier: Apache-2.0

// Demo plays demarc on a real API server that is shaped like an AKS cluster:
// the server, demarc as a process of its own, and kubectl in the hands of a
// tenant, an administrator, a GitOps controller and AKS itself. What kubectl
// printed is shown as it came. Each step says what must come of it, and the
// demo fails where something else does.
//
// It wants bin/demarc, the control plane that hack/controlplane.sh builds, and
// the repository's root as its working directory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

type options struct {
	demarc     string
	role       string
	transcript string
	up         bool
}

func main() {
	var o options
	flag.StringVar(&o.demarc, "demarc", filepath.Join("bin", "demarc"), "`path` of demarc")
	flag.StringVar(&o.role, "role", filepath.Join("config", "rbac", "admission.yaml"), "`file` with the role that demarc gets")
	flag.StringVar(&o.transcript, "transcript", "", "also write what is shown to this `file`, without colour")
	flag.BoolVar(&o.up, "up", false, "set everything up, leave it running, and wait for Ctrl-C")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "demo: takes no arguments, got %q\n", flag.Args())
		os.Exit(2)
	}
	os.Exit(run(o))
}

// run returns the exit code. Whatever it started has ended by then.
func run(o options) (code int) {
	ctx, cancel := interruptible()
	defer cancel(nil)

	transcript, err := create(o.transcript)
	if err != nil {
		return fail(err)
	}
	out := newPrinter(os.Stdout, transcript)
	defer func() {
		if err := errors.Join(out.err, transcript.Close()); err != nil {
			code = fail(err)
		}
	}()

	s, err := newStage(ctx, out, o)
	if err != nil {
		return fail(whatEnded(ctx, err))
	}
	defer func() {
		if err := s.close(); err != nil {
			code = fail(err)
		}
	}()

	if o.up {
		return leaveRunning(ctx, s)
	}
	steps := story()
	results := play(ctx, s, steps)
	if err := context.Cause(ctx); err != nil {
		return fail(err)
	}
	if !summarise(out, results, len(steps)) {
		return 1
	}
	return 0
}

var (
	errInterrupted = errors.New("interrupted")
	errOrphaned    = errors.New("stopped: the process that started the demo is gone")
)

// interruptible returns a context that ends with a signal, or with the parent
// process: go run, when it is terminated, tells nobody.
func interruptible() (context.Context, context.CancelCauseFunc) {
	// A reader that has gone must not end the demo before it has cleaned up.
	// Ignored, the signal would be so in every process that is started here.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	ctx, cancel := context.WithCancelCause(context.Background())
	parent := os.Getppid()
	go func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				cancel(errInterrupted)
			case <-ticker.C:
				if os.Getppid() != parent {
					cancel(errOrphaned)
				}
			}
		}
	}()
	return ctx, cancel
}

// whatEnded prefers the reason for which the context ended to what broke of it.
func whatEnded(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func fail(err error) int {
	fmt.Fprintf(os.Stderr, "demo: %v\n", err)
	return 1
}

func create(path string) (io.WriteCloser, error) {
	if path == "" {
		return nowhere{}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create transcript: %w", err)
	}
	return file, nil
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }
