// SPDX-License-Identifier: Apache-2.0

// Command apiserver measures what admission adds to a request through a real API server: nothing, demarc, the yardstick,
// and two ValidatingAdmissionPolicies that ask what the yardstick asks:
//
//	go run ./test/benchmark/apiserver
//
// All are registered at once, each for a namespace of its own. demarc is the program itself, with its watches on the API
// server, so its memory is measured here too, and its writes to the API are counted. The program prints tables in
// Markdown; with -strict it ends with status 1 if a budget is not kept.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/rig"
	"github.com/demarc-dev/demarc/test/benchmark/servers"
	"github.com/demarc-dev/demarc/test/cluster"
)

func main() {
	var o options
	rig.Main(rig.Program{
		Limit: 30 * time.Minute, Builds: true,
		Flags: func(f *flag.FlagSet) {
			f.IntVar(&o.rounds, "rounds", 30, "`number` of rounds; each visits every variant once")
			f.IntVar(&o.block, "block", 100, "`number` of requests that a variant gets in a round")
			f.IntVar(&o.memory, "memory", 20000, "`number` of requests before memory is read, twice; 0 to leave it out")
		},
		Check: func() error {
			if o.rounds < 1 || o.rounds > 1000 || o.block < 1 || o.block > 10_000 || o.memory < 0 || o.memory > 1_000_000 {
				return errors.New("must be in their range: -rounds 1 to 1000, -block 1 to 10000, -memory 0 to 1000000")
			}
			return nil
		},
		Run: func(ctx context.Context, r *rig.Rig) error { return run(ctx, &bench{options: o, Rig: r}) },
	})
}

type options struct {
	rounds, block, memory int
}

// bench is one run.
type bench struct {
	options
	*rig.Rig

	cluster *cluster.Cluster
	client  kubernetes.Interface
	set     *appsv1.DaemonSet

	demarc, yardstick *process.Server
}

func run(ctx context.Context, b *bench) error {
	for _, step := range []func(context.Context) error{
		b.startCluster, b.startServers, b.register, b.checkVerdicts, b.measure, b.checkVerdicts, b.countCalls, b.measureMemory,
		b.countWrites,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) auditLog() string { return filepath.Join(b.Dir, "audit.log") }

func (b *bench) startCluster(ctx context.Context) error {
	// Only what demarc itself asks is of interest: to log the rest would slow down what is measured.
	policy := filepath.Join(b.Dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	var err error
	b.cluster, b.client, err = b.Cluster(ctx, cluster.Options{AuditLog: b.auditLog(), APIServerArgs: map[string]string{"audit-policy-file": policy}})
	if err != nil {
		return err
	}
	for _, v := range variants {
		if err := rig.MakeNamespace(ctx, b.client, v.namespace(), map[string]string{variantLabel: v.name}); err != nil {
			return err
		}
	}
	b.set, err = benchmark.DaemonSet()
	return err
}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: ["` + rig.AccountUser + `"]
- level: None
`

func (b *bench) startServers(ctx context.Context) error {
	var err error
	if b.demarc, err = b.Serve(ctx, b.cluster, b.client); err != nil {
		return err
	}
	b.yardstick, err = b.Start(ctx, servers.Yardstick, process.Options{})
	return err
}

func (b *bench) measure(ctx context.Context) error {
	fmt.Fprintf(b.Out, "%s, Kubernetes %s. %d rounds of %d requests.\n\n", rig.Machine(), b.version(), b.rounds, b.block)
	return b.measureVariants(ctx)
}

func (b *bench) version() string {
	v, err := b.client.Discovery().ServerVersion()
	if err != nil {
		return "of unknown version"
	}
	return v.GitVersion
}
