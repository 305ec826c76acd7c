// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// liveFaults names live objects that could not be judged, the first of them at least.
func (t *text) liveFaults() {
	var broken []*Result
	for i := range t.report.Results {
		if r := &t.report.Results[i]; r.Live != nil && len(r.Faults) > 0 {
			broken = append(broken, r)
		}
	}
	if len(broken) == 0 {
		return
	}
	t.gap()
	t.WriteString(t.style(bold, "not judged") + "\n")
	for i, r := range broken {
		if i == maxBunches {
			fmt.Fprintf(t, "  and %d more: -o json lists them\n", len(broken)-i)
			break
		}
		t.item(t.place(r.Live) + ": " + r.Faults[0].text())
	}
}

// totals says what was read, what was found in all, and what was not seen.
func (t *text) totals() {
	t.gap()
	t.table()
	for i := range t.report.Clusters {
		c := &t.report.Clusters[i]
		t.gap()
		t.WriteString(t.style(bold, c.Name) + "  " + c.read() + "\n")
		if len(c.Unread) > 0 {
			t.WriteString("  " + t.style(yellow, "not read") + "\n")
		}
		for _, u := range c.Unread {
			t.item(u.text())
		}
		if always := c.always(); len(always) > 0 {
			t.item("Rules about requests, which no audit can ask: " + ids(always))
		}
		if t.Verbose {
			t.liveSkipped(c)
		}
	}
}

// item writes a line of a list, wrapped in a terminal, with the lines after the first set back.
func (t *text) item(s string) {
	lines := []string{s}
	if t.Width > 0 {
		lines = Wrap(s, t.Width-4)
	}
	t.WriteString("  " + strings.Join(lines, "\n    ") + "\n")
}

func ids(list []policy.ID) string {
	var b strings.Builder
	for i, id := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(id))
	}
	return b.String()
}

func (c *Cluster) read() string {
	if c.Error != "" {
		return "could not be audited: " + c.Error
	}
	objects := 0
	for _, k := range c.Kinds {
		objects += k.Objects
	}
	return fmt.Sprintf("%s, %s of %s read in %.1f s", cmp.Or(c.Version, "version unknown"), plural(objects, "object"), plural(len(c.Kinds), "kind"), c.Seconds)
}

func (u Unread) text() string {
	s := u.What + ": " + u.Why
	if len(u.Rules) > 0 {
		s += " (" + plural(len(u.Rules), "rule") + " saw less: " + ids(u.Rules) + ")"
	}
	return s
}

func (c *Cluster) always() []policy.ID {
	var list []policy.ID
	for _, s := range c.Skipped {
		if s.Always && !slices.Contains(list, s.Rule) {
			list = append(list, s.Rule)
		}
	}
	return list
}

// liveSkipped names the rules that lacked facts about some objects.
func (t *text) liveSkipped(c *Cluster) {
	for _, s := range c.Skipped {
		if !s.Always {
			t.item(fmt.Sprintf("%s skipped on %s: needs the %s", s.Rule, plural(s.Objects, "object"), strings.Join(s.Needs, " and the ")))
		}
	}
}

// table counts findings by consequence and mode. What other objects of the same owner repeat is not counted again.
func (t *text) table() {
	counts := map[provider.Consequence]map[policy.Mode]int{}
	total := 0
	for i := range t.report.Results {
		for _, v := range t.report.Results[i].Verdicts {
			if !v.Shown() {
				continue
			}
			if counts[v.Class] == nil {
				counts[v.Class] = map[policy.Mode]int{}
			}
			counts[v.Class][v.Mode]++
			total++
		}
	}
	if total == 0 {
		t.WriteString("nothing found" + t.blind() + "\n")
		return
	}
	width := len("findings")
	for _, c := range Classes() {
		width = max(width, len(c))
	}
	fmt.Fprintf(t, "%s%*s   Deny   Warn  Audit\n", t.style(bold, "findings"), width-len("findings"), "")
	for _, c := range append(Classes(), "") {
		n := counts[c]
		if n == nil {
			continue
		}
		fmt.Fprintf(t, "%-*s  %5d  %5d  %5d", width, cmp.Or(string(c), "-"), n[policy.Deny], n[policy.Warn], n[policy.Audit])
		if words := Consequence(c); words != "" && (t.Width == 0 || width+24+len(words) <= t.Width) {
			t.WriteString("  " + t.style(dim, words))
		}
		t.WriteByte('\n')
	}
}

// blind limits what is said where something could not be read: nobody shall take silence for health.
func (t *text) blind() string {
	for _, c := range t.report.Clusters {
		if len(c.Unread) > 0 || c.Error != "" {
			return " in what could be read"
		}
	}
	return ""
}

// liveSummary is the report of live clusters on one line.
func (r *Report) liveSummary(findings string) []string {
	objects, unread := 0, 0
	for i := range r.Clusters {
		c := &r.Clusters[i]
		unread += len(c.Unread)
		for _, k := range c.Kinds {
			objects += k.Objects
		}
	}
	parts := []string{plural(len(r.Clusters), "cluster"), plural(objects, "object"), findings}
	if unread > 0 {
		parts = append(parts, plural(unread, "thing")+" not read")
	}
	return parts
}
