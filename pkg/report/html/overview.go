// SPDX-License-Identifier: Apache-2.0

package html

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// title says what was looked at.
func (m *model) title() string {
	switch {
	case m.fleet:
		return "Audit of " + plural(len(m.Clusters), "cluster")
	case m.live:
		return "Audit of " + cmp.Or(m.Clusters[0].Name, "a cluster")
	}
	return "Check of " + plural(len(m.Results), "document")
}

func (p *page) masthead(m *model) {
	p.el("div", func() {
		p.el("p", func() {
			p.leaf("b", "demarc")
			p.text(" support policy report")
		}, class("brand"))
		p.leaf("h1", m.title())
		p.facts(m)
	})
	p.el("div", func() {
		p.leaf("button", "Print", set("type", "button"), id("print"))
		p.leaf("button", "Dark", set("type", "button"), id("theme"))
	}, class("actions", "scripted"))
}

// facts says on one line what was audited, when, and how much of it.
func (p *page) facts(m *model) {
	p.el("ul", func() {
		fact := func(s string) {
			if s != "" {
				p.leaf("li", s)
			}
		}
		if m.live && !m.fleet {
			c := m.Clusters[0]
			fact(prefixed("Kubernetes ", c.Version))
			p.el("li", func() { p.instant(c.Started) })
			fact(objects(c) + ", read in " + took(c.Seconds))
		}
		if m.fleet {
			total := 0
			for _, c := range m.Clusters {
				total += objectsRead(c)
			}
			fact(plural(total, "object"))
		}
		if (!m.live || m.fleet) && !m.Now.IsZero() {
			p.el("li", func() { p.instant(m.Now) })
		}
		if m.Profile != nil {
			fact(m.Profile.Title)
		}
		if m.Redacted {
			p.leaf("li", "Redacted: names were replaced", class("redacted"))
		}
	}, class("facts"))
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func (p *page) instant(t time.Time) {
	p.leaf("time", instant(t), set("datetime", t.UTC().Format(time.RFC3339)))
}

func objects(c report.Cluster) string {
	return plural(objectsRead(c), "object") + " of " + plural(len(c.Kinds), "kind")
}

func objectsRead(c report.Cluster) int {
	n := 0
	for _, k := range c.Kinds {
		n += k.Objects
	}
	return n
}

// overview is what a reader takes away who reads nothing else: the verdict and the four figures.
func (p *page) overview(m *model) {
	p.el("section", func() {
		sentence, tone := m.verdict()
		p.leaf("h2", "Verdict", class("vh"), id("verdict"))
		p.el("div", func() {
			p.leaf("p", sentence, class("sentence"))
			p.blind(m)
		}, class("verdict", token(tone)))
		p.el("ul", func() {
			for _, c := range m.classes() {
				p.figure(c, m.tally.class(c))
			}
		}, class("figures"))
	}, set("aria-labelledby", "verdict"))
}

// blind says beside the verdict that it does not rest on everything.
func (p *page) blind(m *model) {
	gaps := m.gaps()
	if len(gaps) == 0 {
		return
	}
	p.el("p", func() {
		p.text("This is not all there is: " + strings.Join(gaps, ", ") + ". ")
		p.leaf("a", "What was not seen", set("href", "#unseen"))
	}, class("blind"))
}

// classes are the four, and a fifth if a rule has none of them.
func (m *model) classes() []provider.Consequence {
	list := report.Classes()
	if m.tally.classes[unclassed] != nil {
		list = append(list, unclassed)
	}
	return list
}

func (p *page) figure(c provider.Consequence, f figure) {
	tone := token(c)
	attrs := []attr{class("figure", tone)}
	if f.findings == 0 {
		attrs = []attr{class("figure", tone, "none")}
	}
	p.el("li", func() {
		p.el("a", func() {
			p.leaf("span", number(f.findings), class("big"))
			p.text(" ")
			p.leaf("span", className(c), class("name"))
		}, set("href", "#class="+string(c)))
		p.leaf("p", figureDetail(f), class("detail"))
		p.leaf("p", classMeans(c), class("means"))
	}, attrs...)
}

func figureDetail(f figure) string {
	if f.findings == 0 {
		return "no finding"
	}
	s := cmp.Or(map[bool]string{true: "finding"}[f.findings == 1], "findings") + " in " + plural(f.count(), "object") +
		", by " + plural(len(f.rules), "rule")
	if f.doubtful > 0 {
		s += "; " + number(f.doubtful) + " in doubt"
	}
	return s
}

// clusters is the table of a fleet.
func (p *page) clusters(m *model) {
	if !m.fleet {
		return
	}
	p.el("section", func() {
		p.leaf("h2", "Clusters", id("clusters"))
		p.el("table", func() {
			head := []string{"Cluster", "Version", "Read at", "Objects"}
			for _, c := range m.classes() {
				head = append(head, className(c))
			}
			p.headings(append(head, "Not read")...)
			p.el("tbody", func() {
				for _, i := range m.worstFirst() {
					p.cluster(m, m.Clusters[i])
				}
			})
		}, class("fleet"))
	}, set("aria-labelledby", "clusters"))
}

// worstFirst orders the clusters by how many findings they have of each class, gravest first.
func (m *model) worstFirst() []int {
	order := make([]int, len(m.Clusters))
	for i := range order {
		order[i] = i
	}
	of := func(i int, c provider.Consequence) int {
		if n := m.tally.clusters[m.Clusters[i].Name]; n != nil {
			return n.classes[c]
		}
		return 0
	}
	slices.SortStableFunc(order, func(a, b int) int {
		for _, c := range report.Classes() {
			if d := cmp.Compare(of(b, c), of(a, c)); d != 0 {
				return d
			}
		}
		return 0
	})
	return order
}

func (p *page) cluster(m *model, c report.Cluster) {
	p.el("tr", func() {
		p.el("th", func() { p.leaf("a", c.Name, set("href", "#"+state("cluster", c.Name))) }, set("scope", "row"))
		p.leaf("td", cmp.Or(c.Version, "not known"), label("Version"))
		p.el("td", func() {
			p.instant(c.Started)
			p.text(" in " + took(c.Seconds))
		}, label("Read at"))
		p.leaf("td", number(objectsRead(c)), label("Objects"), class("number"))
		for _, class := range m.classes() {
			n := 0
			if counts := m.tally.clusters[c.Name]; counts != nil {
				n = counts.classes[class]
			}
			p.classCell(class, n)
		}
		p.leaf("td", strconv.Itoa(len(c.Unread)), label("Not read"), class("number", zero(len(c.Unread))))
	})
}

func (p *page) classCell(c provider.Consequence, n int) {
	p.el("td", func() { p.leaf("span", number(n), class("count", token(c), zero(n))) }, label(className(c)), class("number"))
}

// zero mutes a figure that there is nothing behind.
func zero(n int) token {
	if n == 0 {
		return "zero"
	}
	return "some"
}

// label names a cell where a table becomes cards.
func label(s string) attr { return set("data-label", s) }

func (p *page) headings(names ...string) {
	p.el("thead", func() {
		p.el("tr", func() {
			for _, n := range names {
				p.leaf("th", n, set("scope", "col"))
			}
		})
	})
}
