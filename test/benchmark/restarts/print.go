// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark/rig"
	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

// calls is what the API server counts of its calls of demarc.
type calls struct{ asked, failedOpen, failedClosed int }

func (c calls) less(d calls) calls {
	return calls{c.asked - d.asked, c.failedOpen - d.failedOpen, c.failedClosed - d.failedClosed}
}

func (b *bench) calls(ctx context.Context) (calls, error) {
	raw, err := b.client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return calls{}, fmt.Errorf("read the API server's metrics: %w", err)
	}
	name := rig.Webhook(customersWebhook)
	return calls{
		asked:        rig.Counted(raw, "apiserver_admission_webhook_request_total", name),
		failedOpen:   rig.Counted(raw, "apiserver_admission_webhook_fail_open_count", name),
		failedClosed: rig.Counted(raw, "apiserver_admission_webhook_rejection_count", name, `error_type="calling_webhook_error"`),
	}, nil
}

// period is what happened under all disturbances of one kind.
type period struct {
	failed []int // of each disturbance
	stolen []int // see mark
	causes map[string]int
	times  []time.Duration // of all writes
}

// periods sorts the writes by the disturbance during which each ended, and so makes no difference between its own failures
// and what else goes on meanwhile.
func (w *writing) periods() map[string]*period {
	list := map[string]*period{}
	at := make([]int, len(w.marks)) // where the failures of a mark are counted
	for i, m := range w.marks {
		p := list[m.kind]
		if p == nil {
			p = &period{causes: map[string]int{}}
			list[m.kind] = p
		}
		at[i] = len(p.failed)
		p.failed = append(p.failed, 0)
		p.stolen = append(p.stolen, m.stolen)
	}
	during := func(t time.Duration) int {
		i, _ := slices.BinarySearchFunc(w.marks, t, func(m mark, t time.Duration) int {
			if m.at <= t {
				return -1
			}
			return 1
		})
		return max(0, i-1)
	}
	for i, a := range w.flow.Arrivals {
		due := time.Duration(i) * time.Second / time.Duration(w.flow.Rate)
		p := list[w.marks[during(due+a.Done)].kind]
		p.times = append(p.times, a.Done)
	}
	for _, f := range w.failures {
		i := during(f.at)
		p := list[w.marks[i].kind]
		p.failed[at[i]]++
		p.causes[f.cause]++
	}
	for _, p := range list {
		slices.Sort(p.times)
	}
	return list
}

func (b *bench) print(w *writing, c calls) error {
	version, err := b.client.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	fmt.Fprintf(b.Out, "%s, Kubernetes %s. %d writes a second through the API server for %s, half of them updates of ConfigMaps and half dry-run creates of DaemonSets; failurePolicy Fail.\n\n",
		rig.Machine(), version.GitVersion, b.rate, w.flow.Took.Round(time.Second))
	table := stats.Table{Head: []string{"disturbance", "times", "writes", "failed", "most by one", "p50 ms", "p99 ms", "slowest ms"}}
	list := w.periods()
	for _, kind := range []string{calm, restart, killed} {
		if p := list[kind]; p != nil && len(p.times) > 0 {
			table.Add(kind, fmt.Sprint(len(p.failed)), fmt.Sprint(len(p.times)), fmt.Sprint(sum(p.failed)), fmt.Sprint(slices.Max(p.failed)),
				milliseconds(p.times, 50), milliseconds(p.times, 99), milliseconds(p.times, 100))
		}
	}
	table.Print(b.Out)
	for _, kind := range slices.Sorted(maps.Keys(list)) {
		p := list[kind]
		if sum(p.failed) > 0 {
			fmt.Fprintf(b.Out, "Failed by %s, one after the other: %v, while the hypervisor gave %v %% of the machine to others. Causes: %s.\n\n",
				kind, p.failed, p.stolen, spell(p.causes))
		}
	}
	for _, f := range w.failures[:min(3, len(w.failures))] {
		fmt.Fprintf(b.Out, "After %.1f s, for example: %v\n\n", f.at.Seconds(), f.err)
	}
	fmt.Fprintf(b.Out, "The API server counts %d calls, %d failed open, %d failed closed. The client was late by %s ms at p99.\n\n",
		c.asked, c.failedOpen, c.failedClosed, milliseconds(w.flow.Lag(), 99))
	if p := list[restart]; p != nil {
		fmt.Fprintf(b.Out, "Budget: no write failed on restarts: %s. Every write was judged: %s.\n", b.Kept(sum(p.failed) == 0),
			b.Kept(c.asked >= len(w.flow.Arrivals) && c.failedOpen == 0))
	}
	return nil
}

func spell(causes map[string]int) string {
	var words []string
	for _, cause := range slices.Sorted(maps.Keys(causes)) {
		words = append(words, fmt.Sprintf("%s %d", cause, causes[cause]))
	}
	return strings.Join(words, ", ")
}

func sum(list []int) int {
	n := 0
	for _, i := range list {
		n += i
	}
	return n
}

func milliseconds(sorted []time.Duration, p float64) string {
	return fmt.Sprintf("%.1f", float64(stats.Percentile(sorted, p))/float64(time.Millisecond))
}
