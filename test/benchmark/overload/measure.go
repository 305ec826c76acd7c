// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

// The budgets.
const (
	maxResident = 256 // MiB, of the container
	maxShed     = 10 * time.Millisecond
)

// phases are the steady loads, and how long 99 of 100 requests may take.
var phases = []struct {
	rate int
	p99  time.Duration
}{{500, 10 * time.Millisecond}, {1500, 50 * time.Millisecond}}

// sample is what one server did with one flow.
type sample struct {
	server *process.Server
	flow   *load.Flow
	cpu    time.Duration
	after  process.Usage
	opened int64 // connections
	shed   shed
	stolen float64 // what part of the machine's time the hypervisor gave to others
}

func (b *bench) flow(ctx context.Context, l load.Loader, s *process.Server, rate int, duration time.Duration) (sample, error) {
	fmt.Fprintf(os.Stderr, "%s: %d requests a second for %s\n", s.Name, rate, duration)
	before, err := s.Usage()
	if err != nil {
		return sample{}, err
	}
	shedBefore, err := b.shed(ctx, s)
	if err != nil {
		return sample{}, err
	}
	opened, stolen := l.Opened(), process.Steal()
	f := load.Open(ctx, rate, duration, b.inHand, func(ctx context.Context, _ int) (load.Outcome, error) {
		return l.Ask(ctx, s, benchmark.Pod)
	})
	if err := ctx.Err(); err != nil {
		return sample{}, err
	}
	after, err := s.Usage()
	if err != nil {
		return sample{}, err
	}
	opened = l.Opened() - opened
	shedAfter, err := b.shed(ctx, s)
	if err != nil {
		return sample{}, err
	}
	return sample{s, f, after.CPU - before.CPU, after, opened, shedAfter.minus(shedBefore), stolen()}, nil
}

// measureSteady judges demarc by the budgets; how the yardstick did says what the machine is good for.
func (b *bench) measureSteady(ctx context.Context) error {
	if b.steady == 0 {
		return nil
	}
	for _, phase := range phases {
		if b.only != 0 && b.only != phase.rate {
			continue
		}
		var samples []sample
		for _, s := range b.servers {
			one, err := b.flow(ctx, b.Loader, s, phase.rate, b.steady)
			if err != nil {
				return err
			}
			samples = append(samples, one)
		}
		fmt.Fprintf(b.Out, "**%d requests a second for %s**, times from the moment that each was due\n\n", phase.rate, b.steady)
		table := stats.Table{Head: []string{"server", "p50 ms", "p99 ms", "p99.9 ms", "errors", "of these 503", "normal seconds",
			"CPU µs/request", "resident MiB", "its own", "peak", "connections opened", "client's lag p99 ms", "steal"}}
		for _, s := range samples {
			counts := s.flow.Count()
			times := s.flow.Times(load.Right, true)
			normal, all := s.flow.Seconds(phase.p99)
			table.Add(s.server.Name, at(times, 50), at(times, 99), at(times, 99.9),
				fmt.Sprint(len(s.flow.Arrivals)-counts[load.Right]), fmt.Sprint(counts[load.Shed]), fmt.Sprintf("%d of %d", normal, all),
				fmt.Sprintf("%.0f", float64(s.cpu.Microseconds())/float64(len(s.flow.Arrivals))), mebi(s.after.Resident), mebi(s.after.Anonymous), mebi(s.after.Peak), fmt.Sprint(s.opened),
				at(s.flow.Lag(), 99), fmt.Sprintf("%.0f %%", 100*s.stolen))
		}
		if len(samples) > 1 {
			table.Add("demarc / yardstick", ratio(samples, 50), ratio(samples, 99), ratio(samples, 99.9), "", "", "", "", "", "", "", "", "", "")
		}
		table.Print(b.Out)
		mine := samples[0]
		errs := len(mine.flow.Arrivals) - mine.flow.Count()[load.Right]
		p99 := stats.Percentile(orNone(mine.flow.Times(load.Right, true)), 99)
		fmt.Fprintf(b.Out, "Budget: no error: %s. p99 at most %s: %s.\n\n", b.Kept(errs == 0), phase.p99, b.Kept(p99 <= phase.p99))
		b.printFailures(mine)
	}
	return nil
}

// printFailures shows an example of each kind of failure.
func (b *bench) printFailures(s sample) {
	counts := s.flow.Count()
	for o, name := range map[load.Outcome]string{load.Cut: "cut", load.Late: "late", load.Wrong: "wrong"} {
		if counts[o] > 0 {
			fmt.Fprintf(b.Out, "%s: %d %s, for example: %v\n\n", s.server.Name, counts[o], name, s.flow.Failures[o])
		}
	}
	if len(s.shed) > 0 {
		fmt.Fprintf(b.Out, "%s says that it turned away, by reason: %s\n\n", s.server.Name, s.shed)
	}
	if n := counts[load.Unsent]; n > 0 {
		fmt.Fprintf(b.Out, "%s: %d not sent: %d were in hand already\n\n", s.server.Name, n, b.inHand)
	}
}

// orNone keeps percentiles of nothing from being fatal.
func orNone(times []time.Duration) []time.Duration {
	if len(times) == 0 {
		return []time.Duration{time.Hour}
	}
	return times
}

func at(sorted []time.Duration, p float64) string {
	if len(sorted) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(stats.Percentile(sorted, p))/float64(time.Millisecond))
}

func mebi(bytes int64) string { return fmt.Sprintf("%.0f", float64(bytes)/(1<<20)) }

func ratio(samples []sample, p float64) string {
	var values []float64
	for _, s := range samples {
		values = append(values, float64(stats.Percentile(orNone(s.flow.Times(load.Right, true)), p)))
	}
	if slices.Contains(values, 0) {
		return "-"
	}
	return fmt.Sprintf("%.2f", values[0]/values[1])
}
