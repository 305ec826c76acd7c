// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

// Outcome is what became of a request.
type Outcome uint8

// The outcomes. Unsent is one for which the generator had no room: too many were in hand.
const (
	Right Outcome = iota // answered, and rightly
	Shed                 // turned away with 503
	Cut                  // the connection was refused, or closed before an answer came
	Late                 // no answer in time
	Wrong                // another status, or a wrong verdict
	Unsent
	outcomes
)

// Arrival is one request of an open loop. Both times count from the moment that the schedule had for it, whatever kept the
// generator: a server that stalls is charged for everybody who would have come meanwhile.
type Arrival struct {
	Outcome Outcome
	Sent    time.Duration
	Done    time.Duration
}

// Flow is what became of the requests of an open loop, in the order of the schedule.
type Flow struct {
	Rate     int
	Arrivals []Arrival
	// Took is from the first request to the last that was sent, Drained from there to the last answer.
	Took, Drained time.Duration
	// Failures holds one error of each outcome, as an example.
	Failures map[Outcome]error
}

// Open asks at a fixed rate for so long, however long the answers take, and waits for the last of them. No more than
// inHand requests are out at once, for the generator has its limits too.
func Open(ctx context.Context, rate int, duration time.Duration, inHand int, ask func(ctx context.Context, i int) (Outcome, error)) *Flow {
	n := int(duration.Seconds() * float64(rate))
	f := &Flow{Rate: rate, Failures: map[Outcome]error{}}
	arrivals, sent := make([]Arrival, n), n
	room := make(chan struct{}, inHand)
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := time.Now()
	for i := range n {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		if ctx.Err() != nil {
			sent = i
			break
		}
		select {
		case room <- struct{}{}:
		default:
			arrivals[i].Outcome = Unsent
			continue
		}
		wg.Go(func() {
			defer func() { <-room }()
			a := Arrival{Sent: time.Since(due)}
			var err error
			a.Outcome, err = ask(ctx, i)
			a.Done = time.Since(due)
			arrivals[i] = a
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				if f.Failures[a.Outcome] == nil {
					f.Failures[a.Outcome] = err
				}
			}
		})
	}
	f.Took = time.Since(start)
	wg.Wait()
	f.Drained = time.Since(start) - f.Took
	f.Arrivals = arrivals[:sent]
	return f
}

// Count returns how many requests had each outcome.
func (f *Flow) Count() [outcomes]int {
	var counts [outcomes]int
	for _, a := range f.Arrivals {
		counts[a.Outcome]++
	}
	return counts
}

// Times returns how long the requests of an outcome took, sorted: from the schedule's moment if scheduled is true, else
// from when they were sent.
func (f *Flow) Times(o Outcome, scheduled bool) []time.Duration {
	var times []time.Duration
	for _, a := range f.Arrivals {
		switch {
		case a.Outcome != o:
		case scheduled:
			times = append(times, a.Done)
		default:
			times = append(times, a.Done-a.Sent)
		}
	}
	slices.Sort(times)
	return times
}

// Lag returns how late requests were sent, sorted: what of their times is the generator's own.
func (f *Flow) Lag() []time.Duration {
	var times []time.Duration
	for _, a := range f.Arrivals {
		if a.Outcome != Unsent {
			times = append(times, a.Sent)
		}
	}
	slices.Sort(times)
	return times
}

// Normal returns the first second of the flow in which every request was answered rightly, 99 of 100 within a limit; -1 if
// there is none. A request belongs to the second in which it was due.
func (f *Flow) Normal(limit time.Duration) int {
	for second := 0; second*f.Rate < len(f.Arrivals); second++ {
		if f.well(second*f.Rate, (second+1)*f.Rate, limit) {
			return second
		}
	}
	return -1
}

// Seconds counts the seconds that were normal, and all: a machine that stands still now and then spoils few of them, a
// server that can't bear the load many.
func (f *Flow) Seconds(limit time.Duration) (normal, all int) {
	for ; all*f.Rate < len(f.Arrivals); all++ {
		if f.well(all*f.Rate, (all+1)*f.Rate, limit) {
			normal++
		}
	}
	return normal, all
}

// well reports whether the requests of a part were all answered rightly, 99 of 100 within a limit.
func (f *Flow) well(from, to int, limit time.Duration) bool {
	part := Flow{Arrivals: f.Arrivals[from:min(to, len(f.Arrivals))]}
	times := part.Times(Right, true)
	return len(times) == len(part.Arrivals) && len(times) > 0 && stats.Percentile(times, 99) <= limit
}

// CalmAfter returns how long after a moment of the flow calm begins: a window in which every request is answered rightly,
// 99 of 100 within the limit. Without any until the end it returns how far it looked.
func (f *Flow) CalmAfter(moment, window, end, limit time.Duration) time.Duration {
	index := func(t time.Duration) int { return int(t.Seconds() * float64(f.Rate)) }
	const step = 10 * time.Millisecond
	for after := time.Duration(0); after < end; after += step {
		from, to := index(moment+after), index(moment+after+window)
		if to > len(f.Arrivals) {
			break
		}
		if f.well(from, to, limit) {
			return after
		}
	}
	return end
}
