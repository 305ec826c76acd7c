// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/rig"
)

// shed is how many requests and connections demarc turned away, by what it was short of: what a client calls cut is that, or
// a fault.
type shed map[string]int

// reasons are those of demarc_webhook_shed_total.
var reasons = []string{"address", "bytes", "connections", "handshakes", "in_flight"}

// shed is empty for the yardstick, which doesn't count.
func (b *bench) shed(ctx context.Context, s *process.Server) (shed, error) {
	if s != b.demarc {
		return nil, nil
	}
	raw, err := b.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	counts := shed{}
	for _, reason := range reasons {
		counts[reason] = rig.Counted(raw, "demarc_webhook_shed_total", `reason="`+reason+`"`)
	}
	return counts, nil
}

// minus leaves out what did not happen since.
func (s shed) minus(before shed) shed {
	since := shed{}
	for reason, n := range s {
		if n > before[reason] {
			since[reason] = n - before[reason]
		}
	}
	return since
}

func (s shed) String() string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, fmt.Sprintf("%s %d", reason, s[reason]))
	}
	return strings.Join(parts, ", ")
}
