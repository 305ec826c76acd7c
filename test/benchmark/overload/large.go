// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

const (
	maxLarge = 500 * time.Millisecond
	// together is how many of the largest bodies come at once, waves how often.
	together, waves = 32, 5
)

// measureLarge sends the largest bodies that there can be: each alone, then many at once. The yardstick is not asked: it
// takes none above 7 MiB.
func (b *bench) measureLarge(ctx context.Context) error {
	fmt.Fprint(b.Out, "**Large bodies**, one at a time; the slowest of 5\n\n")
	table := stats.Table{Head: []string{"review", "MiB", "slowest ms", fmt.Sprintf("budget %s", maxLarge)}}
	large := benchmark.Large()
	for _, r := range large {
		var slowest time.Duration
		for range 5 {
			start := time.Now()
			if _, err := b.Loader.Send(ctx, b.demarc, r, 1, 1); err != nil {
				return fmt.Errorf("large bodies: %w", err)
			}
			slowest = max(slowest, time.Since(start))
		}
		table.Add(r.Name, fmt.Sprintf("%.1f", float64(len(r.Body))/(1<<20)), fmt.Sprint(slowest.Milliseconds()), b.Kept(slowest <= maxLarge))
	}
	table.Print(b.Out)

	counts := map[load.Outcome]int{}
	var failure error
	for range waves {
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := range together {
			wg.Go(func() {
				outcome, err := b.Loader.Ask(ctx, b.demarc, large[i%len(large)])
				mu.Lock()
				defer mu.Unlock()
				counts[outcome]++
				if err != nil {
					failure = err
				}
			})
		}
		wg.Wait()
	}
	u, err := b.demarc.Usage()
	if err != nil {
		return err
	}
	fmt.Fprintf(b.Out, "%d of these at once, %d times: %d answered, %d turned away with %d, %d late, %d cut or wrong; peak %s MiB. Budget %d MiB: %s. Every one answered or turned away: %s.\n\n",
		together, waves, counts[load.Right], counts[load.Shed], http.StatusServiceUnavailable, counts[load.Late], counts[load.Cut]+counts[load.Wrong],
		mebi(u.Peak), maxResident, b.Kept(u.Peak <= maxResident<<20), b.Kept(counts[load.Right]+counts[load.Shed] == together*waves))
	if failure != nil {
		fmt.Fprintf(b.Out, "For example: %v\n\n", failure)
	}
	return nil
}
