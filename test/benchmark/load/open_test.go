// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestOpenChargesAStall proves that nothing is left out: while the server stalls, those that are due go on being due.
func TestOpenChargesAStall(t *testing.T) {
	const rate, stall = 100, 200 * time.Millisecond
	stalled := make(chan struct{})
	time.AfterFunc(stall, func() { close(stalled) })
	f := Open(t.Context(), rate, 2*stall, 1000, func(context.Context, int) (Outcome, error) { <-stalled; return Right, nil })
	times := f.Times(Right, true)
	if len(times) != 40 || times[39] < stall {
		t.Fatalf("got %d answers, the slowest after %v, want 40 and %v", len(times), times[len(times)-1], stall)
	}
	waited := 0
	for _, took := range times {
		if took > stall/4 {
			waited++
		}
	}
	if waited < 10 {
		t.Errorf("%d requests waited for the stall, want 10 at least", waited)
	}
}

func TestOpenCounts(t *testing.T) {
	blocked := make(chan struct{})
	time.AfterFunc(time.Second, func() { close(blocked) })
	f := Open(t.Context(), 1000, 10*time.Millisecond, 3, func(_ context.Context, i int) (Outcome, error) {
		<-blocked
		if i == 0 {
			return Cut, errors.New("cut")
		}
		return Shed, nil
	})
	got := f.Count()
	if got[Cut] != 1 || got[Shed] != 2 || got[Unsent] != 7 || f.Failures[Cut] == nil {
		t.Errorf("got %v and %v, want 1 cut, 2 shed, 7 for which there was no room", got, f.Failures)
	}
}

func TestCalmAfter(t *testing.T) {
	const rate, window, limit = 100, 100 * time.Millisecond, 10 * time.Millisecond
	f := Flow{Rate: rate, Arrivals: make([]Arrival, 2*rate)}
	for i := range f.Arrivals {
		f.Arrivals[i].Done = time.Millisecond
	}
	for i := 50; i < 80; i++ {
		f.Arrivals[i].Done = time.Second
	}
	f.Arrivals[150].Outcome = Cut
	for name, c := range map[string]struct{ moment, end, want time.Duration }{
		"at once":              {0, time.Second, 0},
		"after the slow ones":  {500 * time.Millisecond, time.Second, 300 * time.Millisecond},
		"after the cut one":    {1450 * time.Millisecond, time.Second, 60 * time.Millisecond},
		"not as far as looked": {500 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond},
		"beyond the flow":      {1950 * time.Millisecond, time.Second, time.Second},
	} {
		if got := f.CalmAfter(c.moment, window, c.end, limit); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestNormal(t *testing.T) {
	const rate, limit = 4, 10 * time.Millisecond
	good, bad, slow := Arrival{Done: time.Millisecond}, Arrival{Outcome: Shed, Done: time.Millisecond}, Arrival{Done: time.Second}
	second := func(last Arrival) []Arrival { return []Arrival{good, good, good, last} }
	for name, c := range map[string]struct {
		seconds []Arrival
		want    int
		normal  int
	}{
		"at once":       {[]Arrival{good, bad, bad, good}, 0, 2},
		"after a while": {[]Arrival{bad, slow, good, slow}, 2, 1},
		"never":         {[]Arrival{bad, slow, slow}, -1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := Flow{Rate: rate}
			for _, last := range c.seconds {
				f.Arrivals = append(f.Arrivals, second(last)...)
			}
			if diff := cmp.Diff(c.want, f.Normal(limit)); diff != "" {
				t.Errorf("Normal (-want +got):\n%s", diff)
			}
			if normal, all := f.Seconds(limit); normal != c.normal || all != len(c.seconds) {
				t.Errorf("Seconds: got %d of %d, want %d of %d", normal, all, c.normal, len(c.seconds))
			}
		})
	}
}
