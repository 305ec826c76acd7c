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
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/servers"
	"github.com/demarc-dev/demarc/test/certs"
	"github.com/demarc-dev/demarc/test/cluster"
)

func main() {
	process.Child(servers.All())
	ctrl.SetLogger(logr.Discard())
	var o options
	flag.IntVar(&o.rounds, "rounds", 30, "`number` of rounds; each visits every variant once")
	flag.IntVar(&o.block, "block", 100, "`number` of requests that a variant gets in a round")
	flag.IntVar(&o.memory, "memory", 20000, "`number` of requests before memory is read, twice; 0 to leave it out")
	flag.StringVar(&o.program, "demarc", "", "the demarc `program`; without it, it is built")
	flag.BoolVar(&o.strict, "strict", false, "end with status 1 if a budget is not kept")
	flag.Parse()
	if flag.NArg() > 0 || o.rounds < 1 || o.rounds > 1000 || o.block < 1 || o.block > 10_000 || o.memory < 0 || o.memory > 1_000_000 {
		fmt.Fprintln(os.Stderr, "flags must be in their range: -rounds 1 to 1000, -block 1 to 10000, -memory 0 to 1000000; there are no arguments")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type options struct {
	rounds, block, memory int
	program               string
	strict                bool
}

// errBudget ends the program with status 1 after everything is printed.
var errBudget = errors.New("a budget was not kept")

// bench is one run.
type bench struct {
	options
	out io.Writer

	dir     string // for whatever the run needs; gone afterwards
	ca      []byte // of the webhooks
	cluster *cluster.Cluster
	client  kubernetes.Interface
	set     *appsv1.DaemonSet

	demarc, yardstick *process.Server
	broken            bool
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	b := &bench{options: o, out: out}
	if b.dir, err = os.MkdirTemp("", "demarc-benchmark-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	defer func() { err = errors.Join(err, b.stop()) }()
	for _, step := range []func(context.Context) error{
		b.build, b.startCluster, b.prepareCluster, b.startServers, b.register, b.checkVerdicts, b.measure, b.checkVerdicts,
		b.countCalls, b.measureMemory, b.countWrites,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if b.broken && b.strict {
		return errBudget
	}
	return nil
}

// stop ends the servers before the API server that they watch.
func (b *bench) stop() error {
	var errs []error
	for _, s := range []*process.Server{b.demarc, b.yardstick} {
		if s != nil {
			errs = append(errs, s.Stop())
		}
	}
	if b.cluster != nil {
		errs = append(errs, b.cluster.Stop())
	}
	return errors.Join(errs...)
}

func (b *bench) auditLog() string { return filepath.Join(b.dir, "audit.log") }

func (b *bench) startCluster(ctx context.Context) error {
	// Only what demarc itself asks is of interest: to log the rest would slow down what is measured.
	policy := filepath.Join(b.dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	var err error
	b.cluster, err = cluster.Start(ctx, cluster.Options{AuditLog: b.auditLog(), APIServerArgs: map[string]string{"audit-policy-file": policy}})
	if err != nil {
		return err
	}
	config := rest.CopyConfig(b.cluster.Config)
	config.QPS = -1
	if b.client, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	if b.ca, err = certs.Write(b.dir, "127.0.0.1"); err != nil {
		return err
	}
	b.set, err = benchmark.DaemonSet()
	return err
}

func (b *bench) startServers(ctx context.Context) error {
	kubeconfig, err := b.kubeconfig(ctx)
	if err != nil {
		return err
	}
	b.demarc, err = process.Start(ctx, "demarc", process.Options{CertDir: b.dir, Program: b.program, Args: []string{
		"serve", "--kubeconfig", kubeconfig, "--host", "127.0.0.1", "--drain-delay", "1ms",
		"--metrics-bind-address", "0", "--health-probe-bind-address", "0"}})
	if err != nil {
		return err
	}
	b.yardstick, err = process.Start(ctx, servers.Yardstick, process.Options{CertDir: b.dir})
	return err
}

func (b *bench) measure(ctx context.Context) error {
	fmt.Fprintf(b.out, "%d CPUs, %s, %s/%s, Kubernetes %s. %d rounds of %d requests.\n\n",
		runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, b.version(), b.rounds, b.block)
	return b.measureVariants(ctx)
}

func (b *bench) version() string {
	v, err := b.client.Discovery().ServerVersion()
	if err != nil {
		return "of unknown version"
	}
	return v.GitVersion
}
