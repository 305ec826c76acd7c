// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// planned is the doubt that rests on a day which was still ahead when its table was made; empty for an earlier day.
func planned(t provider.Table, d provider.Date) string {
	if !d.After(t.AsOf.Time) {
		return ""
	}
	return fmt.Sprintf("the table is of %s, when %s was a plan: AKS moves such days", t.AsOf, d)
}

// soon says whether a day that has not come lies within so many days.
func soon(d provider.Date, now time.Time, days int) bool {
	return !d.IsZero() && now.Before(d.Time) && !now.Before(d.PlusDays(-days).Time)
}

// doubts joins those that there are.
func doubts(list ...string) string {
	var some []string
	for _, d := range list {
		if d != "" {
			some = append(some, d)
		}
	}
	return strings.Join(some, "; ")
}

// daysSince counts whole days.
func daysSince(t, now time.Time) int { return int(now.Sub(t) / (24 * time.Hour)) }

// dayOf spells the day of a time.
func dayOf(t time.Time) string { return t.UTC().Format("2006-01-02") }
