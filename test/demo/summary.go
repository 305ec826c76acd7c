// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// Columns of the table. What came is only spelt out where it is not what was
// expected.
const (
	titleColumn = 48
	wantColumn  = 38
)

// summarise shows a table of all steps, and says whether each came out well.
func summarise(out *printer, results []result, steps int) bool {
	failures := 0
	out.blank()
	out.line(span{heading, row(" ", "", "step", "expected", "got")})
	for i, r := range results {
		sign, with, got := "✓", good, "the same"
		if !r.ok() {
			sign, with, got = "✗", bad, r.got+": see above"
			failures++
		}
		wants := wrap(r.want, wantColumn)
		out.line(span{with, sign}, span{plain, row("", fmt.Sprint(i+1), r.title, wants[0], got)})
		for _, more := range wants[1:] {
			out.line(span{plain, row(" ", "", "", more, "")})
		}
	}
	out.blank()
	if failures > 0 {
		out.mark(false, fmt.Sprintf("%d of %d steps came out otherwise than they must", failures, steps))
	}
	if len(results) < steps {
		out.mark(false, fmt.Sprintf("the story ended after %d of %d steps", len(results), steps))
	}
	if failures > 0 || len(results) < steps {
		return false
	}
	out.mark(true, fmt.Sprintf("all %d steps came out as they must", len(results)))
	return true
}

func row(sign, number, title, want, got string) string {
	return strings.TrimRight(fmt.Sprintf("%s %2s  %-*s %-*s %s", sign, number, titleColumn, title, wantColumn, want, got), " ")
}
