// SPDX-License-Identifier: Apache-2.0

// Command overload measures how demarc bears load, beside the yardstick: at 500 and at 1,500 requests a second, at far more
// than it can answer, and how soon it is itself again; then with bodies as large as bodies get:
//
//	go run ./test/benchmark/overload
//
// demarc is the program itself on a real API server, with the memory limit that the chart sets. Requests come by schedule,
// whatever became of those before them, from a client that keeps connections as the API server does. The program prints
// tables in Markdown; with -strict it ends with status 1 if a budget is not kept.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/rig"
	"github.com/demarc-dev/demarc/test/benchmark/servers"
	"github.com/demarc-dev/demarc/test/cluster"
)

func main() {
	var o options
	rig.Main(rig.Program{
		Limit: 2 * time.Hour, Builds: true,
		Flags: func(f *flag.FlagSet) {
			f.DurationVar(&o.steady, "steady", time.Minute, "how long 500 and 1,500 requests a second last; 0 to leave them out")
			f.IntVar(&o.only, "only", 0, "the steady `rate` to measure, 500 or 1500; 0 for both")
			f.DurationVar(&o.overload, "overload", 30*time.Second, "how long the overload lasts; 0 to leave it out")
			f.IntVar(&o.stalls, "stalls", 10, "how often a server is made to stand still; 0 to leave it out")
			f.IntVar(&o.stallRate, "stall-rate", 1000, "requests a second meanwhile")
			f.IntVar(&o.rate, "overload-rate", 10_000, "requests a second of the overload")
			f.IntVar(&o.idle, "idle", 1000, "idle connections of the second client of the overload")
			f.IntVar(&o.inHand, "in-hand", 1200, "`number` of requests that the client waits for at once, at most; two API servers have as many seats")
			f.BoolVar(&o.alone, "alone", false, "leave the yardstick out")
		},
		Check: func() error {
			if o.steady < 0 || o.steady > 30*time.Minute || o.only != 0 && o.only != 500 && o.only != 1500 || o.overload < 0 || o.overload > 5*time.Minute ||
				o.rate < 200 || o.rate > 100_000 || o.idle < 25 || o.idle > 5000 || o.inHand < 1 || o.inHand > 50_000 ||
				o.stalls < 0 || o.stalls > 200 || o.stallRate < 100 || o.stallRate > 10_000 {
				return errors.New("must be in their range: -steady 0 to 30m, -only 0, 500 or 1500, -overload 0 to 5m, -overload-rate 200 to 100000, -idle 25 to 5000, -in-hand 1 to 50000, -stalls 0 to 200, -stall-rate 100 to 10000")
			}
			return nil
		},
		Run: func(ctx context.Context, r *rig.Rig) error { return (&bench{options: o, Rig: r}).run(ctx) },
	})
}

type options struct {
	steady, overload time.Duration
	only             int
	rate, inHand     int
	idle             int
	stalls           int
	stallRate        int
	alone            bool
}

// bench is one run.
type bench struct {
	options
	*rig.Rig
	demarc  *process.Server
	servers []*process.Server // demarc, then the yardstick
}

func (b *bench) run(ctx context.Context) error {
	c, client, err := b.Cluster(ctx, cluster.Options{})
	if err != nil {
		return err
	}
	if b.demarc, err = b.Serve(ctx, c, client, process.MemoryLimit); err != nil {
		return err
	}
	b.servers = []*process.Server{b.demarc}
	if !b.alone {
		yardstick, err := b.Start(ctx, servers.Yardstick, process.Options{Env: []string{process.MemoryLimit}})
		if err != nil {
			return err
		}
		b.servers = append(b.servers, yardstick)
	}
	fmt.Fprintf(b.Out, "%s; client, servers and API server share them. %s of %d bytes, %s. Client: HTTP/1.1, 25 idle connections.\n\n",
		rig.Machine(), benchmark.Pod.Name, len(benchmark.Pod.Body), process.MemoryLimit)
	for _, s := range b.servers {
		if _, err := b.Loader.Send(ctx, s, benchmark.Pod, 4, 2000); err != nil { // to warm up
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	for _, step := range []func(context.Context) error{b.measureSteady, b.measureStalls, b.measureOverload, b.measureLarge} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}
