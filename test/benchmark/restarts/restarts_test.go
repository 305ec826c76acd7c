// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/test/benchmark/load"
)

// TestPeriods gives each write and each failure to the disturbance under way when it ended.
func TestPeriods(t *testing.T) {
	const ms = time.Millisecond
	w := writing{
		marks: []mark{{kind: calm}, {restart, 2000 * ms, 7}, {killed, 4000 * ms, 8}, {killed, 6000 * ms, 9}},
		flow: &load.Flow{Rate: 1, Arrivals: []load.Arrival{
			{Done: ms}, {Done: 1500 * ms}, {Done: ms}, {Done: ms}, {Done: 2 * ms}, {Done: ms}, {Done: ms}, {Done: 3 * ms},
		}},
		failures: []failure{{at: 2500 * ms, cause: "EOF"}, {at: 6100 * ms, cause: "refused"}, {at: 9000 * ms, cause: "refused"}},
	}
	type summary struct {
		Failed []int
		Stolen []int
		Causes map[string]int
		Times  []time.Duration
	}
	got := map[string]summary{}
	for kind, p := range w.periods() {
		got[kind] = summary{p.failed, p.stolen, p.causes, p.times}
	}
	want := map[string]summary{
		calm:    {[]int{0}, []int{0}, map[string]int{}, []time.Duration{ms}},
		restart: {[]int{1}, []int{7}, map[string]int{"EOF": 1}, []time.Duration{ms, ms, 1500 * ms}},
		killed:  {[]int{0, 2}, []int{8, 9}, map[string]int{"refused": 2}, []time.Duration{ms, ms, 2 * ms, 3 * ms}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("periods (-want +got):\n%s", diff)
	}
}

func TestCauseOf(t *testing.T) {
	const call = `Internal error occurred: failed calling webhook "customers.demarc.dev": failed to call webhook: Post "https://demarc.demarc-system.svc:443/validate?timeout=3s": `
	for text, want := range map[string]string{
		call + "dial tcp 10.251.0.7:443: connect: connection refused": "connection refused",
		call + "EOF": "closed without an answer",
		call + "read tcp 10.250.0.1:1->10.250.0.9:9443: connection reset by peer":                             "connection reset",
		call + "context deadline exceeded":                                                                    "no answer in time",
		call + "tls: failed to verify certificate: x509: unknown authority":                                   "certificate",
		call + `no endpoints available for service "demarc"`:                                                  "no endpoint",
		`failed calling webhook "customers.demarc.dev": an error on the server ("too many requests in hand")`: "turned away",
		call + "something new": "other",
		"dial tcp 10.250.0.1:16443: connect: connection refused": "the API server: ",
	} {
		if got := causeOf(errors.New(text)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
