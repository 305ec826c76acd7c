// SPDX-License-Identifier: Apache-2.0

// Command direct measures demarc beside the yardstick, each as a server in a process of its own, by replaying captured
// reviews over TLS on the loopback interface:
//
//	go run ./test/benchmark/direct
//
// It prints tables in Markdown. With -strict it ends with status 1 if a budget is not kept.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/servers"
	"github.com/demarc-dev/demarc/test/certs"
)

func main() {
	process.Child(servers.All())
	var o options
	flag.IntVar(&o.rounds, "rounds", 15, "`number` of rounds; each visits every server once")
	flag.IntVar(&o.block, "block", 400, "`number` of requests that a server gets in a round")
	clients := flag.String("clients", "1,8", "clients at once, one measurement for each `number`")
	flag.IntVar(&o.memory, "memory", 20000, "`number` of requests before memory is read, twice; 0 to leave it out")
	flag.StringVar(&o.profile, "cpuprofile", "", "`file` for a profile of demarc's CPU time during the whole run")
	flag.BoolVar(&o.strict, "strict", false, "end with status 1 if a budget is not kept")
	flag.Parse()
	if err := o.parse(*clients, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
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
	clients               []int
	strict                bool
	profile               string
}

func (o *options) parse(clients string, rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("there are no arguments but flags, and not %q", rest)
	}
	for text := range strings.SplitSeq(clients, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 64 {
			return fmt.Errorf("-clients: %q must be numbers from 1 to 64 with commas between", clients)
		}
		o.clients = append(o.clients, n)
	}
	if o.rounds < 1 || o.rounds > 1000 || o.block < 1 || o.block > 100_000 || o.memory < 0 || o.memory > 1_000_000 {
		return errors.New("must be in their range: -rounds 1 to 1000, -block 1 to 100000, -memory 0 to 1000000")
	}
	return nil
}

// errBudget ends the program with status 1 after everything is printed.
var errBudget = errors.New("a budget was not kept")

func run(ctx context.Context, o options, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "demarc-benchmark-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ca, err := certs.Write(dir, "127.0.0.1")
	if err != nil {
		return err
	}
	loader, err := load.New(ca)
	if err != nil {
		return err
	}
	b := bench{options: o, loader: loader, out: out}
	defer func() {
		loader.Close()
		for _, s := range b.servers {
			err = errors.Join(err, s.Stop())
		}
	}()
	for _, name := range []string{servers.Demarc, servers.Yardstick} {
		settings := process.Options{CertDir: dir}
		if name == servers.Demarc {
			settings.CPUProfile = o.profile
		}
		s, err := process.Start(ctx, name, settings)
		if err != nil {
			return err
		}
		b.servers = append(b.servers, s)
	}
	return b.run(ctx)
}

// bench is one run: the servers, and what became of the budgets.
type bench struct {
	options
	loader  load.Loader
	servers []*process.Server // demarc, then the yardstick
	out     io.Writer
	broken  bool
}

func (b *bench) run(ctx context.Context) error {
	fmt.Fprintf(b.out, "%d CPUs, %s, %s/%s. %d rounds of %d requests; medians of the rounds, quartiles in brackets.\n\n",
		runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, b.rounds, b.block)
	if b.memory > 0 {
		if err := b.measureMemory(ctx); err != nil {
			return err
		}
	}
	for _, clients := range b.clients {
		if err := b.measure(ctx, benchmark.Accepted, clients, b.rounds, true); err != nil {
			return err
		}
	}
	for _, r := range []benchmark.Review{benchmark.Updated, benchmark.Config, benchmark.Denied} {
		if err := b.measure(ctx, r, 1, (b.rounds+2)/3, false); err != nil {
			return err
		}
	}
	if b.broken && b.strict {
		return errBudget
	}
	return nil
}
