// SPDX-License-Identifier: Apache-2.0

// Demarc keeps a Kubernetes cluster within its provider's support policy.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/demarc-dev/demarc/pkg/cli"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// The first signal asks to stop; whoever sends a second one means it.
	context.AfterFunc(ctx, stop)
	return cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
