// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark/load"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

const (
	recoveryRate = 200
	recoveryTime = 15 * time.Second
	maxRecovery  = 5 * time.Second
)

// flood is one overload of one server, and what followed.
type flood struct {
	idle       int
	loader     load.Loader
	over, easy sample
}

// measureOverload sends more than anybody can answer, then at once a load that is easy. The API server's few idle
// connections make each request in excess a handshake, which is what both sides spend their time on; a client that keeps
// more shows what becomes of requests that do get through.
func (b *bench) measureOverload(ctx context.Context) error {
	if b.overload == 0 {
		return nil
	}
	many, err := load.New(b.CA, b.idle)
	if err != nil {
		return err
	}
	defer many.Close()
	var floods []flood
	for _, s := range b.servers {
		for _, f := range []flood{{idle: load.Idle, loader: b.Loader}, {idle: b.idle, loader: many}} {
			if err := b.flood(ctx, s, &f); err != nil {
				return err
			}
			floods = append(floods, f)
		}
	}
	fmt.Fprintf(b.Out, "**Overload**: %d requests a second by schedule for %s; then %d a second. Times from the moment of sending.\n\n",
		b.rate, b.overload, recoveryRate)
	table := stats.Table{Head: []string{"server", "idle connections", "sent/s", "answered/s", "503/s", "cut/s", "late/s", "answered p99 ms",
		"503 p50 ms", "503 p99 ms", "cut p99 ms", "client's lag p50 ms", "peak MiB", "normal after s"}}
	for _, f := range floods {
		table.Add(f.row()...)
	}
	table.Print(b.Out)
	for _, f := range floods {
		if f.over.server == b.demarc {
			b.judge(f)
		}
	}
	return nil
}

func (b *bench) flood(ctx context.Context, s *process.Server, f *flood) (err error) {
	if f.over, err = b.flow(ctx, f.loader, s, b.rate, b.overload); err != nil {
		return err
	}
	f.easy, err = b.flow(ctx, f.loader, s, recoveryRate, recoveryTime)
	return err
}

// normal is the time from the last request of the overload to the first second in which all is well; -1 if there is none.
func (f flood) normal() time.Duration {
	second := f.easy.flow.Normal(calmP99)
	if second < 0 {
		return -1
	}
	return f.over.flow.Drained + time.Duration(second)*time.Second
}

func (f flood) row() []string {
	flow := f.over.flow
	counts := flow.Count()
	perSecond := func(n int) string { return fmt.Sprintf("%.0f", float64(n)/flow.Took.Seconds()) }
	normal := "never"
	if n := f.normal(); n >= 0 {
		normal = fmt.Sprintf("%.1f", n.Seconds())
	}
	shed := flow.Times(load.Shed, false)
	return []string{f.over.server.Name, fmt.Sprint(f.idle), perSecond(len(flow.Arrivals) - counts[load.Unsent]), perSecond(counts[load.Right]),
		perSecond(counts[load.Shed]), perSecond(counts[load.Cut]), perSecond(counts[load.Late]), at(flow.Times(load.Right, false), 99),
		at(shed, 50), at(shed, 99), at(flow.Times(load.Cut, false), 99), at(flow.Lag(), 50), mebi(f.easy.after.Peak), normal}
}

func (b *bench) judge(f flood) {
	shed, normal := f.over.flow.Times(load.Shed, false), f.normal()
	quick := "none was sent"
	if len(shed) > 0 {
		quick = b.Kept(stats.Percentile(shed, 99) <= maxShed)
	}
	fmt.Fprintf(b.Out, "Budget, %d idle connections: 503 within %s, 99 of 100: %s. None wrongly answered: %s. At most %d MiB: %s. Normal within %s: %s.\n\n",
		f.idle, maxShed, quick, b.Kept(f.over.flow.Count()[load.Wrong] == 0), maxResident, b.Kept(f.easy.after.Peak <= maxResident<<20),
		maxRecovery, b.Kept(normal >= 0 && normal <= maxRecovery))
	b.printFailures(f.over)
}
