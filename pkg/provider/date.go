// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Date is a day of the calendar in UTC, spelt "2026-11-30". The zero Date stands for a day that nobody knows.
type Date struct{ time.Time }

const dateForm = "2006-01-02"

// UnmarshalJSON reads a day.
func (d *Date) UnmarshalJSON(raw []byte) error {
	s, err := strconv.Unquote(string(raw))
	if err != nil {
		return fmt.Errorf("must be a day, such as \"2026-11-30\": %s", raw)
	}
	t, err := time.Parse(dateForm, s)
	if err != nil {
		return fmt.Errorf("must be a day, such as \"2026-11-30\": %q", s)
	}
	d.Time = t
	return nil
}

// MarshalJSON spells the day.
func (d Date) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(d.String())), nil }

// String spells the day; a zero Date is empty.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(dateForm)
}

// Begun says whether the day has come: what ceases on a day ceases as it begins.
func (d Date) Begun(now time.Time) bool { return !d.IsZero() && !now.Before(d.Time) }

// Over says whether the day is past: what lasts until a day lasts until its end.
func (d Date) Over(now time.Time) bool { return !d.IsZero() && !now.Before(d.Add(24*time.Hour)) }

// PlusDays returns the day that is so many days later.
func (d Date) PlusDays(n int) Date { return Date{d.AddDate(0, 0, n)} }

// Table says of when a table of dates is: the provider moves such dates, and brings what the table can't know.
type Table struct {
	// AsOf is the day on which the table's sources were last read.
	AsOf   Date   `json:"asOf"`
	Source Source `json:"source"`
}

func (v *validator) table(path *field.Path, t Table) {
	if t.AsOf.IsZero() {
		v.add(field.Required(path.Child("asOf"), "the day on which the sources were read"))
	}
	v.source(path, t.Source)
}

// inOrder demands that days which are given come one after the other.
func (v *validator) inOrder(path *field.Path, days ...Date) {
	var last Date
	for _, d := range days {
		if d.IsZero() {
			continue
		}
		if d.Before(last.Time) {
			v.invalid(path, d.String(), "must not come before "+last.String())
		}
		last = d
	}
}

func (v *validator) days(path *field.Path, n int) {
	if n <= 0 {
		v.invalid(path, n, "must be a number of days")
	}
}
