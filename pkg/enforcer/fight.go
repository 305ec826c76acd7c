// SPDX-License-Identifier: Apache-2.0

package enforcer

import (
	"slices"
	"time"
)

// Patience is how much of a fight the enforcer takes part in.
type Patience struct {
	// Reverts is how often a selector may be set back Within that time before the configuration is left alone.
	Reverts int
	Within  time.Duration
	// Pause is for how long. It doubles with each time that the first write after a pause is set back, up to LongestPause.
	Pause, LongestPause time.Duration
}

// DefaultPatience gives up within the hour against a tool that sets things back every ten minutes or oftener.
func DefaultPatience() Patience {
	return Patience{Reverts: 3, Within: time.Hour, Pause: 6 * time.Hour, LongestPause: 24 * time.Hour}
}

// fight is what happened to one configuration.
type fight struct {
	// wrote says when a webhook's selector was last completed, and not yet found to be set back.
	wrote   map[string]time.Time
	reverts []time.Time
	// until is when the pause ends; pauses counts those without a success in between.
	until  time.Time
	pauses int
}

// fights are those of all configurations, by name and not by UID: deleting and making anew sets a selector back too.
type fights struct {
	Patience
	by map[key]*fight
}

// stance is what to do about selectors that lack terms.
type stance struct {
	// write says whether to complete them. If not, until is when to look again.
	write bool
	until time.Time
	// reverted says that somebody set back what was written; gaveUp that this was once too often.
	reverted, gaveUp bool
}

// meet takes a stance towards a configuration some of whose selectors lack terms.
func (f *fights) meet(k key, missing []string, now time.Time) stance {
	c := f.by[k]
	if c == nil {
		return stance{write: true}
	}
	if now.Before(c.until) {
		return stance{until: c.until}
	}
	s := stance{write: true}
	for _, name := range missing {
		if at, ok := c.wrote[name]; ok {
			delete(c.wrote, name)
			s.reverted = s.reverted || now.Sub(at) < f.Within
		}
	}
	if !s.reverted {
		return s
	}
	c.reverts = append(slices.DeleteFunc(c.reverts, func(at time.Time) bool { return now.Sub(at) >= f.Within }), now)
	if len(c.reverts) < f.Reverts && c.pauses == 0 {
		return s
	}
	c.until = now.Add(min(f.Pause<<min(c.pauses, 10), f.LongestPause))
	c.pauses++
	c.reverts = nil
	return stance{until: c.until, reverted: true, gaveUp: true}
}

// wrote remembers which selectors were completed.
func (f *fights) wrote(k key, names []string, now time.Time) {
	c := f.by[k]
	if c == nil {
		c = &fight{wrote: map[string]time.Time{}}
		f.by[k] = c
	}
	for _, name := range names {
		c.wrote[name] = now
	}
}

// settled hears that no selector of a configuration lacks a term. Whoever completed it in a pause was somebody else, and after
// a write that held for long the fight is over.
func (f *fights) settled(k key, now time.Time) {
	c := f.by[k]
	if c == nil {
		return
	}
	last := c.until.Add(f.Within)
	for _, at := range c.wrote {
		if end := at.Add(f.Within); end.After(last) {
			last = end
		}
	}
	if now.Before(c.until) || !now.Before(last) {
		delete(f.by, k)
	}
}
