// SPDX-License-Identifier: Apache-2.0

package enforcer

import (
	"testing"
	"time"
)

// duel is one configuration with two webhooks, and a clock.
type duel struct {
	*testing.T
	fights
	now time.Time
}

func newDuel(t *testing.T) *duel {
	return &duel{t, fights{Patience{Reverts: 3, Within: time.Hour, Pause: 6 * time.Hour, LongestPause: 24 * time.Hour}, map[key]*fight{}},
		time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
}

var subject = key{validating, "theirs"}

// write meets a configuration that lacks terms, which must end in a write.
func (d *duel) write(names ...string) stance {
	d.Helper()
	s := d.meet(subject, names, d.now)
	if !s.write {
		d.Fatalf("%s: left alone until %s", d.now, s.until)
	}
	d.wrote(subject, names, d.now)
	d.settled(subject, d.now)
	return s
}

// lose is set back every ten minutes until it gives up, and returns how often it wrote.
func (d *duel) lose() int {
	d.Helper()
	for writes := 0; writes < 20; writes++ {
		s := d.meet(subject, []string{"a"}, d.now)
		if s.gaveUp {
			if s.write || !s.reverted {
				d.Errorf("got %+v", s)
			}
			return writes
		}
		d.wrote(subject, []string{"a"}, d.now)
		d.settled(subject, d.now)
		d.now = d.now.Add(10 * time.Minute)
	}
	d.Fatal("it fights for ever")
	return 0
}

func TestGivesUp(t *testing.T) {
	d := newDuel(t)
	if n := d.lose(); n != 3 {
		t.Errorf("wrote %d times, want 3", n)
	}
	d.now = d.now.Add(6*time.Hour - time.Second)
	if s := d.meet(subject, []string{"a"}, d.now); s.write || s.gaveUp || s.reverted || !s.until.Equal(d.now.Add(time.Second)) {
		t.Errorf("in the pause: got %+v", s)
	}
	d.now = d.now.Add(time.Second)
	for _, pause := range []time.Duration{12 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		if n := d.lose(); n != 1 {
			t.Errorf("after a pause: wrote %d times, want 1", n)
		}
		if got := d.by[subject].until.Sub(d.now); got != pause {
			t.Errorf("got a pause of %s, want %s", got, pause)
		}
		d.now = d.now.Add(pause)
	}
}

func TestSlowChangesAreNoFight(t *testing.T) {
	d := newDuel(t)
	for range 10 {
		d.write("a")
		d.now = d.now.Add(time.Hour)
	}
}

// A write that comes to nothing, since the object changed meanwhile, makes one revert no two.
func TestARevertCountsOnce(t *testing.T) {
	d := newDuel(t)
	d.write("a")
	for i := range 10 {
		if s := d.meet(subject, []string{"a"}, d.now); !s.write || s.reverted != (i == 0) {
			t.Fatalf("try %d: got %+v", i, s)
		}
	}
}

func TestAnotherWebhookIsNoRevert(t *testing.T) {
	d := newDuel(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		if s := d.write(name); s.reverted {
			t.Errorf("%s: got %+v", name, s)
		}
	}
}

func TestPeace(t *testing.T) {
	d := newDuel(t)
	d.lose()
	d.settled(subject, d.now.Add(time.Hour)) // somebody committed the terms in the pause
	if len(d.by) != 0 {
		t.Error("a fight that is over is not forgotten")
	}
	d.lose()
	d.now = d.now.Add(6 * time.Hour)
	d.write("a")
	d.now = d.now.Add(59 * time.Minute)
	d.settled(subject, d.now)
	if len(d.by) != 1 {
		t.Error("forgotten too soon")
	}
	d.now = d.now.Add(time.Minute)
	d.settled(subject, d.now)
	if len(d.by) != 0 {
		t.Error("a write that held is not forgotten")
	}
	d.settled(subject, d.now) // of nothing
}

func TestPatienceIsChecked(t *testing.T) {
	for _, p := range []Patience{{Reverts: 0, Within: time.Hour, Pause: time.Hour, LongestPause: time.Hour},
		{Reverts: 1, Within: 0, Pause: time.Hour, LongestPause: time.Hour}, {Reverts: 1, Within: time.Hour, Pause: 0, LongestPause: time.Hour},
		{Reverts: 1, Within: time.Hour, Pause: time.Hour, LongestPause: time.Minute}} {
		if p.validate() == nil {
			t.Errorf("%+v passes", p)
		}
	}
	for _, p := range []Patience{{}, DefaultPatience()} {
		if err := p.validate(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
