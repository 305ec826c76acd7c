// SPDX-License-Identifier: Apache-2.0

//go:build e2e

// Package e2e installs the chart by Helm on a real Kubernetes of one node, and looks whether demarc does there what it
// promises. Run it by hack/e2e.sh.
package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/demarc-dev/demarc/test/cluster"
	"github.com/demarc-dev/demarc/test/node"
)

// dir is the same for every run, so that each finds what an earlier one left. It is short, since sockets lie in it.
const dir = "/var/tmp/demarc-e2e"

// What the tests share.
var (
	machine *node.Node
	admin   *kubernetes.Clientset // the customer's local admin
	tools   struct{ kubectl, helm, image string }
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	flag.Parse()
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	binaries, err := cluster.FindBinaries()
	if err != nil {
		return 1, err
	}
	tools.kubectl, tools.helm, tools.image = filepath.Join(binaries, "kubectl"), os.Getenv("DEMARC_HELM"), os.Getenv("DEMARC_IMAGE")
	if tools.helm == "" || tools.image == "" {
		return 1, errors.New("DEMARC_HELM and DEMARC_IMAGE must be set: run hack/e2e.sh")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	machine, err = node.Start(ctx, node.Options{Binaries: binaries, Dir: dir, Log: os.Stderr})
	defer func() { err = errors.Join(err, machine.Stop()) }()
	if err != nil {
		return 1, err
	}
	for _, tag := range []string{firstTag, nextTag} {
		if err := machine.Import(tools.image + ":" + tag); err != nil {
			return 1, fmt.Errorf("import image: %w", err)
		}
	}
	if admin, err = client(machine.Config); err != nil {
		return 1, err
	}
	if err := seed(ctx); err != nil {
		return 1, fmt.Errorf("make the cluster look like one of AKS: %w", err)
	}
	code = m.Run()
	// Part of the tests proves nothing about the others.
	if flag.Lookup("test.run").Value.String() == "" {
		err = writeResults("results.md")
	}
	return code, err
}

// client returns a client that no limit of its own slows down.
func client(cfg *rest.Config) (*kubernetes.Clientset, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1
	return kubernetes.NewForConfig(cfg)
}
