// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"fmt"
	"strconv"
	"strings"
)

// numberWidth is that of a column of numbers, timeWidth that of a column of times.
const (
	numberWidth = len("  recorded")
	timeWidth   = len(minuteLayout) + 2
	roomy       = 110 // the width from which tables have times
)

func (t *text) tables(s *Source) {
	for _, part := range []struct {
		title string
		table *Table
	}{{"by rule", &s.Rules}, {"by namespace", &s.Namespaces}, {"by user", &s.Users}, {"by kind", &s.Kinds}} {
		if len(part.table.Rows) > 0 {
			t.table(part.title, part.table, !s.First.IsZero() && s.Kind != LiveObjects)
		}
	}
}

func (t *text) table(title string, table *Table, times bool) {
	times = times && t.Width >= roomy
	width := t.Width - 2 - 4*numberWidth
	if times {
		width -= 2 * timeWidth
	}
	head := fmt.Sprintf("%-*s%*s%*s%*s%*s", width+2, title, numberWidth, "refused", numberWidth, "perhaps", numberWidth, "warned", numberWidth, "recorded")
	if times {
		head += fmt.Sprintf("  %-*s  %s", timeWidth-2, "first", "last")
	}
	t.WriteString(t.style(bold, head) + "\n")
	shown := table.Rows
	if t.Top > 0 && len(shown) > t.Top {
		shown = shown[:t.Top]
	}
	for _, r := range shown {
		t.row(r, width, times)
	}
	rest := Row{}
	hidden := int64(len(table.Rows) - len(shown))
	for _, r := range table.Rows[len(shown):] {
		rest.merge(r.Counts)
		rest.Span.add(r.First)
		rest.Span.add(r.Last)
	}
	if table.Others != nil {
		rest.merge(table.Others.Counts)
		rest.Span.add(table.Others.First)
		rest.Span.add(table.Others.Last)
	}
	if hidden+table.Folded > 0 {
		rest.Key = "and " + number(hidden+table.Folded) + " more"
		if table.Folded > 0 {
			rest.Key = "and up to " + number(hidden+table.Folded) + " more"
		}
		t.row(rest, width, times)
	}
	t.WriteByte('\n')
}

func (t *text) row(r Row, width int, times bool) {
	key := r.Key
	if len([]rune(key)) >= width {
		// A long name has a line of its own: cut in the middle, that of a service account says nothing.
		t.WriteString("  " + cutMiddle(key, t.Width-2) + "\n")
		key = ""
	}
	t.WriteString("  " + pad(key, width))
	for _, n := range []struct {
		n    int64
		code string
	}{{r.Refused, red}, {r.Perhaps, yellow}, {r.Warned, yellow}, {r.Recorded, ""}} {
		cell := fmt.Sprintf("%*s", numberWidth, number(n.n))
		if n.n == 0 {
			cell = t.style(dim, fmt.Sprintf("%*s", numberWidth, "-"))
		} else {
			cell = t.style(n.code, cell)
		}
		t.WriteString(cell)
	}
	if times {
		fmt.Fprintf(t, "  %-*s  %s", timeWidth-2, minute(r.First), minute(r.Last))
	}
	t.WriteByte('\n')
}

func pad(s string, width int) string {
	if n := width - len([]rune(s)); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// cutMiddle shortens s to at most width characters, keeping its beginning and its end.
func cutMiddle(s string, width int) string {
	runes := []rune(s)
	if width = max(width, 8); len(runes) <= width {
		return s
	}
	front := (width - 3) / 2
	return string(runes[:front]) + "..." + string(runes[len(runes)-(width-3-front):])
}

// count is a number with what is counted.
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(n) + " " + thing + "s"
}

// number spells a number with its thousands apart.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
