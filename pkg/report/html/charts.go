// SPDX-License-Identifier: Apache-2.0

package html

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// room is how many bars a chart has.
const room = 8

// charts shows where the findings are. Each bar has its figures beside it as text; the drawing itself says nothing more.
func (p *page) charts(m *model) {
	if m.tally.findings == 0 {
		return
	}
	p.el("section", func() {
		p.leaf("h2", "Where they are", id("charts"))
		p.el("ul", func() {
			for _, c := range m.classes() {
				p.leaf("li", className(c), class("key", token(c)))
			}
		}, class("legend"), set("aria-hidden", "true"))
		p.el("div", func() {
			p.chart(m, "By rule", "rule", largest(m.tally.rules, room))
			p.chart(m, "By namespace", "ns", largest(m.tally.namespaces, room))
			if m.fleet {
				p.chart(m, "By cluster", "cluster", largest(m.tally.clusters, room))
			} else {
				p.chart(m, "By mode", "mode", modeCounts(m.tally.modes))
			}
		}, class("charts"))
	}, set("aria-labelledby", "charts"))
}

// modeCounts keeps the modes in their own order.
func modeCounts(modes map[policy.Mode]*count) []count {
	var list []count
	for _, mode := range []policy.Mode{policy.Deny, policy.Warn, policy.Audit} {
		if c := modes[mode]; c != nil {
			list = append(list, *c)
		}
	}
	return list
}

func (p *page) chart(m *model, title, field string, counts []count) {
	most := 0
	for _, c := range counts {
		most = max(most, c.total)
	}
	p.el("figure", func() {
		p.leaf("figcaption", title)
		p.el("ul", func() {
			for i, c := range counts {
				p.el("li", func() {
					value := c.name
					if value == noNamespace && field == "ns" {
						value = none
					}
					if i == room-1 && strings.HasSuffix(c.name, "others") {
						p.leaf("span", c.name, class("what"))
					} else {
						p.leaf("a", c.name, set("href", "#"+state(field, value)), class("what"))
					}
					p.bar(m, c, most)
					p.leaf("span", number(c.total), class("n"))
					p.leaf("span", m.split(c), class("vh"))
				})
			}
		}, class("bars"))
	}, class("chart"))
}

// bar draws how a count is made up, in parts of the largest.
func (p *page) bar(m *model, c count, most int) {
	p.el("svg", func() {
		x := 0.0
		for _, class := range m.classes() {
			width := 100 * float64(c.classes[class]) / float64(most)
			if width == 0 {
				continue
			}
			p.el("rect", nil, set("class", string(class)), set("x", decimal(x)), set("width", decimal(width)), set("height", "10"))
			x += width
		}
	}, set("viewBox", "0 0 100 10"), set("preserveAspectRatio", "none"), set("aria-hidden", "true"), set("focusable", "false"))
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

// split says in words what the colours of a bar say.
func (m *model) split(c count) string {
	var parts []string
	for _, class := range m.classes() {
		if n := c.classes[class]; n > 0 {
			parts = append(parts, number(n)+" "+strings.ToLower(className(class)))
		}
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// none is the value of a filter for what has no namespace.
const none = "-"

// state is one filter as it stands in the address.
func state(field, value string) string { return field + "=" + url.QueryEscape(value) }
