// SPDX-License-Identifier: Apache-2.0

// Package stats sums up measurements and prints them as tables.
package stats

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Percentile returns the value that at least p percent of the sorted values do not exceed.
func Percentile[T cmp.Ordered](sorted []T, p float64) T {
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Spread is the median of a few values with the quartiles around it.
type Spread struct{ Low, Median, High float64 }

// SpreadOf sums up values, of which there must be one at least. Between two values it interpolates.
func SpreadOf(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	at := func(share float64) float64 {
		position := share * float64(len(sorted)-1)
		below := int(position)
		if below == len(sorted)-1 {
			return sorted[below]
		}
		return sorted[below] + (position-float64(below))*(sorted[below+1]-sorted[below])
	}
	return Spread{at(0.25), at(0.5), at(0.75)}
}

// String prints the median with its quartiles in brackets.
func (s Spread) String() string { return fmt.Sprintf("%.2f [%.2f, %.2f]", s.Median, s.Low, s.High) }

// Table is a table of text. The first column is set to the left, the others to the right.
type Table struct {
	Head []string
	Rows [][]string
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Print writes the table as Markdown, with columns as wide as they need to be.
func (t *Table) Print(w io.Writer) {
	width := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)), 4)
		}
	}
	line := func(row []string) {
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-len([]rune(cell)))
			if i == 0 {
				fmt.Fprint(w, "| ", cell, pad)
			} else {
				fmt.Fprint(w, " | ", pad, cell)
			}
		}
		fmt.Fprintln(w, " |")
	}
	line(t.Head)
	rule := make([]string, len(t.Head))
	for i := range rule {
		rule[i] = strings.Repeat("-", width[i])
		if i > 0 {
			rule[i] = rule[i][1:] + ":"
		}
	}
	line(rule)
	for _, row := range t.Rows {
		line(row)
	}
	fmt.Fprintln(w)
}
