// SPDX-License-Identifier: Apache-2.0

//go:build integration

// Package integration asks a real API server. Every fixture goes through it twice: with the webhook off, to show that
// the server itself has nothing against it, and with the webhook on.
package integration

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/cluster"
)

// shared is the one cluster of this package: a start takes seconds.
var shared *cluster.Cluster

func TestMain(m *testing.M) {
	process.Child(nil) // whoever starts a program as a process of its own starts this one first
	ctrl.SetLogger(logr.Discard())
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func runAll(m *testing.M) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{})
	if err != nil {
		return 1, err
	}
	shared = c
	if err := prepare(ctx, c); err != nil {
		return 1, fmt.Errorf("%w; %w", err, c.Stop())
	}
	code := m.Run()
	if err := c.Stop(); err != nil {
		return 1, err
	}
	return code, nil
}
