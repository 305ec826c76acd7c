// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPercentile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	tests := []struct {
		values []int
		p      float64
		want   int
	}{
		{hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 0, 1},
		{[]int{7}, 50, 7}, {[]int{1, 2, 3}, 50, 2}, {[]int{1, 2}, 99, 2},
	}
	for _, test := range tests {
		if got := Percentile(test.values, test.p); got != test.want {
			t.Errorf("p%v of %d values: got %d, want %d", test.p, len(test.values), got, test.want)
		}
	}
}

func TestSpreadOf(t *testing.T) {
	tests := []struct {
		values []float64
		want   Spread
	}{
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{5, 1, 4, 2, 3}, Spread{2, 3, 4}},
		{[]float64{4, 1, 3, 2}, Spread{1.75, 2.5, 3.25}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, SpreadOf(test.values)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.values, diff)
		}
	}
}

func TestTable(t *testing.T) {
	table := Table{Head: []string{"server", "µs"}}
	table.Add("demarc", "140")
	var got strings.Builder
	table.Print(&got)
	want := "| server |   µs |\n| ------ | ---: |\n| demarc |  140 |\n\n"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}
