// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

// A stall is what a busy node does to a process now and then.
const (
	stallTime  = 200 * time.Millisecond
	stallEvery = 5 * time.Second
	// Calm is a while in which everything is answered, 99 of 100 in time.
	calmTime = 200 * time.Millisecond
	calmP99  = 25 * time.Millisecond
)

// stalled is what the stalls of one server led to.
type stalled struct {
	sample
	recovery []time.Duration // from the end of each stall to calm, sorted; the time to the next where there was none
}

// measureStalls stops a server for a moment now and then, and looks at how long that is felt. Whoever comes meanwhile finds
// no idle connection and opens one; the handshakes of all these are to be done before anything is normal again.
func (b *bench) measureStalls(ctx context.Context) error {
	if b.stalls == 0 {
		return nil
	}
	table := stats.Table{Head: []string{"server", "p50 ms", "p99 ms", "errors", "connections opened", "felt for ms, median", "longest", "steal"}}
	for _, s := range b.servers {
		one, err := b.stall(ctx, s)
		if err != nil {
			return err
		}
		times := one.flow.Times(load.Right, true)
		table.Add(s.Name, at(times, 50), at(times, 99), fmt.Sprint(len(one.flow.Arrivals)-len(times)), fmt.Sprint(one.opened),
			at(one.recovery, 50), at(one.recovery, 100), fmt.Sprintf("%.0f %%", 100*one.stolen))
	}
	fmt.Fprintf(b.Out, "**Stalls**: %d requests a second; the server stands still for %s every %s, %d times\n\n",
		b.stallRate, stallTime, stallEvery, b.stalls)
	table.Print(b.Out)
	return nil
}

func (b *bench) stall(ctx context.Context, s *process.Server) (stalled, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	start := time.Now()
	var ends []time.Duration
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range b.stalls {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(start.Add(time.Duration(i)*stallEvery + stallEvery/2))):
			}
			if err := s.Pause(stallTime); err != nil {
				cancel(err)
				return
			}
			ends = append(ends, time.Since(start))
		}
	}()
	one, err := b.flow(ctx, b.Loader, s, b.stallRate, time.Duration(b.stalls)*stallEvery)
	if err != nil {
		cancel(err)
	}
	<-done
	if cause := context.Cause(ctx); cause != nil {
		return stalled{}, cause
	}
	result := stalled{sample: one}
	for _, end := range ends {
		result.recovery = append(result.recovery, one.flow.CalmAfter(end, calmTime, stallEvery-stallTime, calmP99))
	}
	slices.Sort(result.recovery)
	return result, nil
}
