// SPDX-License-Identifier: Apache-2.0

package html

import (
	"cmp"
	"slices"

	"github.com/demarc-dev/demarc/pkg/report"
)

// listed says what an audit read, kind by kind: it is what the verdict rests on.
func (p *page) listed(m *model) {
	if !m.live {
		return
	}
	p.el("section", func() {
		p.leaf("h2", "What was read", id("listed"))
		for _, c := range m.Clusters {
			p.el("details", func() {
				p.el("summary", func() {
					if m.fleet {
						p.leaf("span", c.Name, class("title"))
						p.text(" ")
					}
					p.leaf("span", objects(c), class("tally"))
				})
				p.kinds(c)
			}, class("kinds"), on("open"))
		}
	}, set("aria-labelledby", "listed"))
}

func (p *page) kinds(c report.Cluster) {
	kinds := slices.Clone(c.Kinds)
	slices.SortStableFunc(kinds, func(a, b report.Kind) int {
		return cmp.Or(cmp.Compare(b.Objects, a.Objects), cmp.Compare(a.Resource, b.Resource))
	})
	p.el("ul", func() {
		for _, k := range kinds {
			p.el("li", func() {
				p.leaf("span", k.Resource)
				p.text(" ")
				p.leaf("b", number(k.Objects))
			})
		}
	}, class("columns"))
}

func (p *page) colophon(m *model) {
	p.el("p", func() {
		p.text("Written by demarc")
		if m.Version != "" {
			p.text(" " + m.Version)
		}
		if !m.Now.IsZero() {
			p.text(" at ")
			p.instant(m.Now)
		}
		p.text(". This file is complete in itself: it fetches nothing and sends nothing. ")
		p.link(report.Home, "About demarc")
	})
	p.el("p", func() {
		p.text("Modes say what demarc does where it is asked: ")
		p.leaf("b", "Deny")
		p.text(" refuses such a change, ")
		p.leaf("b", "Warn")
		p.text(" warns whoever makes it, ")
		p.leaf("b", "Audit")
		p.text(" records it. A finding in doubt never denies.")
	})
}
