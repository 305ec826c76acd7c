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
	"strconv"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/rig"
	"github.com/demarc-dev/demarc/test/benchmark/servers"
)

func main() {
	var o options
	rig.Main(rig.Program{
		Limit: 15 * time.Minute,
		Flags: func(f *flag.FlagSet) {
			f.IntVar(&o.rounds, "rounds", 15, "`number` of rounds; each visits every server once")
			f.IntVar(&o.block, "block", 400, "`number` of requests that a server gets in a round")
			f.StringVar(&o.each, "clients", "1,8", "clients at once, one measurement for each `number`")
			f.IntVar(&o.memory, "memory", 20000, "`number` of requests before memory is read, twice; 0 to leave it out")
			f.StringVar(&o.profile, "cpuprofile", "", "`file` for a profile of demarc's CPU time during the whole run")
		},
		Check: func() error { return o.parse() },
		Run:   func(ctx context.Context, r *rig.Rig) error { return run(ctx, &bench{options: o, Rig: r}) },
	})
}

type options struct {
	rounds, block, memory int
	each                  string
	clients               []int
	profile               string
}

func (o *options) parse() error {
	for text := range strings.SplitSeq(o.each, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 64 {
			return fmt.Errorf("-clients: %q must be numbers from 1 to 64 with commas between", o.each)
		}
		o.clients = append(o.clients, n)
	}
	if o.rounds < 1 || o.rounds > 1000 || o.block < 1 || o.block > 100_000 || o.memory < 0 || o.memory > 1_000_000 {
		return errors.New("must be in their range: -rounds 1 to 1000, -block 1 to 100000, -memory 0 to 1000000")
	}
	return nil
}

// bench is one run: the servers, and what became of the budgets.
type bench struct {
	options
	*rig.Rig
	servers []*process.Server // demarc, then the yardstick
}

func run(ctx context.Context, b *bench) error {
	for _, name := range []string{servers.Demarc, servers.Yardstick} {
		settings := process.Options{}
		if name == servers.Demarc {
			settings.CPUProfile = b.profile
		}
		s, err := b.Start(ctx, name, settings)
		if err != nil {
			return err
		}
		b.servers = append(b.servers, s)
	}
	return b.run(ctx)
}

func (b *bench) run(ctx context.Context) error {
	fmt.Fprintf(b.Out, "%s. %d rounds of %d requests; medians of the rounds, quartiles in brackets.\n\n", rig.Machine(), b.rounds, b.block)
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
	return nil
}
