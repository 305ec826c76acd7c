// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

// The budgets.
const (
	maxRatio    = 0.6 // of the yardstick's CPU time and p50
	maxResident = 45  // MiB
	// maxGrowth is what memory may grow by from the second reading to the third and still be called flat, in MiB. The Go
	// runtime gives memory back when it likes, so readings wander by less than that.
	maxGrowth = 3
)

// measure visits the servers in turn, in odd rounds forwards and in even ones backwards, so that what drifts on the
// machine meets both alike. It judges the budgets if the review is the one that they are about.
func (b *bench) measure(ctx context.Context, r benchmark.Review, clients, rounds int, judge bool) error {
	for _, s := range b.servers {
		if _, err := b.Loader.Send(ctx, s, r, clients, 200); err != nil {
			return fmt.Errorf("%s: warm up: %w", s.Name, err)
		}
	}
	blocks := make([][]load.Block, len(b.servers))
	for round := range rounds {
		order := []int{0, 1}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, i := range order {
			one, err := b.Loader.Block(ctx, b.servers[i], r, clients, b.block)
			if err != nil {
				return err
			}
			blocks[i] = append(blocks[i], one)
		}
	}
	b.print(r, clients, blocks, judge)
	return nil
}

func (b *bench) print(r benchmark.Review, clients int, blocks [][]load.Block, judge bool) {
	plural := "s"
	if clients == 1 {
		plural = ""
	}
	fmt.Fprintf(b.Out, "**%s**, %d bytes, %d client%s\n\n", r.Name, len(r.Body), clients, plural)
	median := func(i int, of func(load.Block) float64) float64 { return stats.SpreadOf(values(blocks[i], of)).Median }
	table := stats.Table{Head: []string{"server", "p50 ms", "p99 ms", "CPU µs/request", "requests/s"}}
	for i, s := range b.servers {
		table.Add(s.Name, fmt.Sprintf("%.2f", median(i, p50)), fmt.Sprintf("%.2f", median(i, p99)),
			fmt.Sprintf("%.0f", median(i, cpu)), fmt.Sprintf("%.0f", median(i, rate)))
	}
	p50Ratio, p99Ratio, cpuRatio := ratio(blocks, p50), ratio(blocks, p99), ratio(blocks, cpu)
	table.Add("demarc / yardstick", p50Ratio.String(), p99Ratio.String(), cpuRatio.String(), ratio(blocks, rate).String())
	if judge {
		table.Add(fmt.Sprintf("budget %.1f", maxRatio), b.Kept(p50Ratio.Median <= maxRatio), "", b.Kept(cpuRatio.Median <= maxRatio), "")
	}
	table.Print(b.Out)
}

func p50(b load.Block) float64  { return b.P50 }
func p99(b load.Block) float64  { return b.P99 }
func cpu(b load.Block) float64  { return b.CPU }
func rate(b load.Block) float64 { return b.Rate }

func values(blocks []load.Block, of func(load.Block) float64) []float64 {
	list := make([]float64, len(blocks))
	for i, b := range blocks {
		list[i] = of(b)
	}
	return list
}

// ratio compares the servers round by round: the two blocks of one round saw the machine in the same mood.
func ratio(blocks [][]load.Block, of func(load.Block) float64) stats.Spread {
	ratios := values(blocks[0], of)
	for i, yardstick := range values(blocks[1], of) {
		ratios[i] /= yardstick
	}
	return stats.SpreadOf(ratios)
}

// measureMemory reads the memory of each server after its first request and twice more.
func (b *bench) measureMemory(ctx context.Context) error {
	const clients = 8
	fmt.Fprintf(b.Out, "**Resident memory**, MiB, after so many requests by %d clients; what is not the process's own is pages of the program's file\n\n", clients)
	table := stats.Table{Head: []string{"server", "1", fmt.Sprint(b.memory), fmt.Sprint(2 * b.memory), "budget"}}
	for _, s := range b.servers {
		row := []string{s.Name}
		var readings []float64
		for _, n := range []int{1, b.memory - 1, b.memory} {
			if _, err := b.Loader.Send(ctx, s, benchmark.Accepted, min(clients, n), n); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			u, err := s.Usage()
			if err != nil {
				return err
			}
			readings = append(readings, float64(u.Resident)/(1<<20))
			row = append(row, fmt.Sprintf("%.1f, own %.1f", readings[len(readings)-1], float64(u.Anonymous)/(1<<20)))
		}
		budget := ""
		if s == b.servers[0] {
			budget = b.Kept(slices.Max(readings) <= maxResident && readings[2]-readings[1] <= maxGrowth)
			budget = fmt.Sprintf("at most %d, flat: %s", maxResident, budget)
		}
		table.Add(append(row, budget)...)
	}
	table.Print(b.Out)
	return nil
}
