// SPDX-License-Identifier: Apache-2.0

//go:build integration

package reach

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Environment variables: how many cases at least, and the seed of a run that is to be repeated.
const (
	casesEnv = "DEMARC_REACH_CASES"
	seedEnv  = "DEMARC_REACH_SEED"
)

// maybeAtMost is the share of cases, in hundredths, that the model may leave open.
const maybeAtMost = 1

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// The model and a real API server agree on who gets which request.
func TestModelAgreesWithServer(t *testing.T) {
	want := int(number(t, casesEnv, 8000))
	seed := number(t, seedEnv, uint64(time.Now().UnixNano()))
	t.Logf("%s=%d", seedEnv, seed)
	l := start(t)
	tally := &Tally{}
	for round := 0; tally.Cases < want; round++ {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			r := l.play(t, &generator{Rand: rand.New(rand.NewPCG(seed, uint64(round))), round: round})
			tally.Add(r, r.Server())
			keep(t, round, r)
		})
		if t.Failed() {
			return
		}
	}
	for i, d := range tally.Disagreements {
		if i == 20 {
			t.Errorf("and %d more", len(tally.Disagreements)-i)
			break
		}
		t.Error(d)
	}
	if tally.Maybe*100 > tally.Cases*maybeAtMost {
		t.Errorf("more than %d %% of the answers are maybe", maybeAtMost)
	}
	if l.halfSeen*20 > l.calls {
		t.Errorf("%d of %d calls never came to validation", l.halfSeen, l.calls)
	}
	t.Logf("against the API server: %s", tally)
}

// play makes a round: configurations, then calls.
func (l *live) play(t *testing.T, g *generator) *Round {
	t.Helper()
	n := sizes{validating: 24, mutating: 16, gated: 8, validatingPolicies: 20, mutatingPolicies: 10, requests: 60}
	l.populate(t, g)
	r := &Round{Minor: l.minor(t), Served: l.served(t), Configurations: g.configurations(n, l.recorder.client)}
	l.register(t, g, r.Configurations)
	for range n.requests {
		c := g.call()
		r.Calls = append(r.Calls, l.see(t, &c, g.caller(), ""))
	}
	for _, w := range r.Configurations.Validating {
		for i := range w.Webhooks {
			if len(w.Webhooks[i].MatchConditions) > 0 && w.Webhooks[i].MatchConditions[0].Name == "gate" {
				for range 3 {
					c := g.call()
					for c.unseen {
						c = g.call()
					}
					r.Calls = append(r.Calls, l.seeGated(t, &c, g.caller(), gateID(w.Webhooks[i].Name)))
				}
			}
		}
	}
	return r
}
