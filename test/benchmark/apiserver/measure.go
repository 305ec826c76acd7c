// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

// The budgets of memory. Readings wander by less than maxGrowth, because the Go runtime gives memory back when it likes.
const (
	maxResident = 45 // MiB
	maxGrowth   = 3  // MiB, from the second reading to the third
)

// measureVariants visits the variants in turn, in odd rounds forwards and in even ones backwards, so that what drifts on
// the machine meets all alike. Differences are taken within a round.
func (b *bench) measureVariants(ctx context.Context) error {
	order := slices.Clone(variants)
	medians := map[variant][]float64{} // of each round, in milliseconds
	for _, v := range order {
		if _, err := b.visit(ctx, v); err != nil { // to warm up
			return err
		}
	}
	before, err := b.cpu()
	if err != nil {
		return err
	}
	for range b.rounds {
		for _, v := range order {
			p50, err := b.visit(ctx, v)
			if err != nil {
				return err
			}
			medians[v] = append(medians[v], p50)
		}
		slices.Reverse(order)
	}
	after, err := b.cpu()
	if err != nil {
		return err
	}
	b.print(medians, before, after)
	return nil
}

// visit returns the median time of one block of requests.
func (b *bench) visit(ctx context.Context, v variant) (float64, error) {
	times := make([]time.Duration, b.block)
	for i := range times {
		start := time.Now()
		if _, err := b.create(ctx, v, b.set); err != nil {
			return 0, fmt.Errorf("%s: %w", v.name, err)
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return float64(stats.Percentile(times, 50)) / float64(time.Millisecond), nil
}

// cpu is what the webhooks have used.
func (b *bench) cpu() (map[variant]time.Duration, error) {
	used := map[variant]time.Duration{}
	for v, s := range map[variant]*process.Server{demarc: b.demarc, minimal: b.yardstick} {
		u, err := s.Usage()
		if err != nil {
			return nil, err
		}
		used[v] = u.CPU
	}
	return used, nil
}

func (b *bench) print(medians map[variant][]float64, before, after map[variant]time.Duration) {
	fmt.Fprint(b.Out, "**Dry-run create of the accepted DaemonSet**, 1 client; medians of the rounds, quartiles in brackets\n\n")
	table := stats.Table{Head: []string{"variant", "who judges", "p50 ms", "added p50 ms", "times the floor", "CPU µs/request"}}
	for _, v := range variants {
		ratios := make([]float64, b.rounds)
		for i, p50 := range medians[v] {
			ratios[i] = p50 / medians[floor][i]
		}
		row := []string{v.name, v.what, fmt.Sprintf("%.2f", stats.SpreadOf(medians[v]).Median), "", "", ""}
		if v != floor {
			row[3], row[4] = difference(medians[v], medians[floor]).String(), stats.SpreadOf(ratios).String()
		}
		if used, ok := after[v]; ok {
			requests := b.rounds * b.block
			if v == demarc {
				requests *= 2 // it answers for two variants
			}
			row[5] = fmt.Sprintf("%.0f", float64((used-before[v]).Microseconds())/float64(requests))
		}
		table.Add(row...)
	}
	table.Print(b.Out)
	fmt.Fprintf(b.Out, "Goal: demarc adds at most what the two policies add. In p50 ms, demarc less policies: %s.\n\n",
		goal(difference(medians[demarc], medians[policies])))
}

// difference is taken within rounds.
func difference(a, b []float64) stats.Spread {
	list := make([]float64, len(a))
	for i := range list {
		list[i] = a[i] - b[i]
	}
	return stats.SpreadOf(list)
}

// goal says no more than the rounds do: where they contradict each other, that is the answer.
func goal(d stats.Spread) string {
	switch {
	case d.High <= 0:
		return d.String() + ", reached"
	case d.Low > 0:
		return d.String() + ", NOT REACHED"
	}
	return d.String() + ", level as far as the noise lets one see"
}

// measureMemory replays the captured review straight to demarc, which is quicker than the way through the API server, and
// reads its memory before, half-way and after.
func (b *bench) measureMemory(ctx context.Context) error {
	if b.memory == 0 {
		return nil
	}
	var readings []process.Usage
	for _, n := range []int{1, b.memory - 1, b.memory} {
		if _, err := b.Loader.Send(ctx, b.demarc, benchmark.Accepted, min(8, n), n); err != nil {
			return fmt.Errorf("memory: %w", err)
		}
		u, err := b.demarc.Usage()
		if err != nil {
			return err
		}
		readings = append(readings, u)
	}
	const mebi = 1 << 20
	fmt.Fprint(b.Out, "**Resident memory of demarc**, MiB, after the requests through the API server and so many more by 8 clients\n\n")
	table := stats.Table{Head: []string{"memory", "1", fmt.Sprint(b.memory), fmt.Sprint(2 * b.memory)}}
	resident, own := []string{"resident"}, []string{"of which its own"}
	largest := 0.0
	for _, u := range readings {
		largest = max(largest, float64(u.Resident)/mebi)
		resident = append(resident, fmt.Sprintf("%.1f", float64(u.Resident)/mebi))
		own = append(own, fmt.Sprintf("%.1f", float64(u.Anonymous)/mebi))
	}
	table.Add(resident...)
	table.Add(own...)
	table.Print(b.Out)
	growth := float64(readings[2].Resident-readings[1].Resident) / mebi
	fmt.Fprintf(b.Out, "Budget: at most %d MiB: %s. Flat: %s.\n\n", maxResident, b.Kept(largest <= maxResident), b.Kept(growth <= maxGrowth))
	return nil
}
