// SPDX-License-Identifier: Apache-2.0

package html

import (
	"cmp"
	"maps"
	"slices"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// pass is what let findings pass: an exemption, or a customisation that the provider documents.
type pass struct {
	status   status
	name     string
	findings int
	rules    map[policy.ID]bool
}

func (m *model) passes() []*pass {
	index := map[string]*pass{}
	var list []*pass
	for _, w := range m.rows {
		name := w.Exemption
		if w.status == documented {
			name = w.Customisation
		}
		if w.status == open {
			continue
		}
		k := string(w.status) + " " + name
		if index[k] == nil {
			index[k] = &pass{status: w.status, name: name, rules: map[policy.ID]bool{}}
			list = append(list, index[k])
		}
		index[k].findings++
		index[k].rules[w.Rule] = true
	}
	slices.SortFunc(list, func(a, b *pass) int {
		return cmp.Or(cmp.Compare(b.status, a.status), cmp.Compare(b.findings, a.findings), cmp.Compare(a.name, b.name))
	})
	return list
}

// passed says what was found and does not count, and by whose word.
func (p *page) passed(m *model) {
	p.el("section", func() {
		p.leaf("h2", "Exempt and documented", id("passed"))
		list := m.passes()
		if len(list) == 0 {
			p.leaf("p", "No finding was exempt, and none was covered by a customisation that the provider documents.")
			return
		}
		p.leaf("p", "These findings count in no figure above. An exemption is your own decision; a documented customisation is "+
			"the provider's word that the change is fine.", class("intro"))
		p.el("table", func() {
			p.headings("By", "What it is", "Findings", "Rules")
			p.el("tbody", func() {
				for _, e := range list {
					p.pass(m, e)
				}
			})
		}, class("plain"))
	}, set("aria-labelledby", "passed"))
}

func (p *page) pass(m *model, e *pass) {
	p.el("tr", func() {
		p.el("th", func() {
			p.leaf("a", cmp.Or(e.name, "not named"), set("href", "#"+state("show", string(e.status))+"&"+state("q", e.name)))
		}, set("scope", "row"))
		p.el("td", func() {
			c, ok := m.customisation(e.name)
			if e.status == documented && ok {
				p.text("documented: ")
				p.link(c.Source.URL, c.Title)
				return
			}
			p.text(map[status]string{exempt: "exemption", documented: "documented"}[e.status])
		}, label("What it is"))
		p.leaf("td", number(e.findings), label("Findings"), class("number"))
		p.el("td", func() { p.codes(slices.Sorted(maps.Keys(e.rules))) }, label("Rules"))
	})
}
