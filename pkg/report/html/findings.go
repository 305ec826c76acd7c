// SPDX-License-Identifier: Apache-2.0

package html

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// findings is every finding, rule by rule. The script takes the rows from here and sorts them anew.
func (p *page) findings(m *model) {
	p.el("section", func() {
		p.leaf("h2", "Findings", id("findings"), set("tabindex", "-1"))
		if len(m.rows) == 0 {
			p.leaf("p", "Nothing was found.", class("nothing"))
			return
		}
		p.tools(m)
		p.el("div", func() {
			for i := range m.groups {
				p.group(m, &m.groups[i])
			}
		}, id("groups"))
	}, set("aria-labelledby", "findings"))
}

// choice is one word of a filter.
type choice struct{ value, text string }

// tools are the filters. Only a script can work them, so without one they are not shown.
func (p *page) tools(m *model) {
	p.el("form", func() {
		p.el("label", func() {
			p.leaf("span", "Search")
			p.el("input", nil, set("type", "search"), set("name", "q"), set("placeholder", "object, field, message, person"),
				set("autocomplete", "off"), set("spellcheck", "false"))
		}, class("wide"))
		p.choose("Class", "class", m.classChoices())
		p.choose("Mode", "mode", m.modeChoices())
		if m.fleet {
			p.choose("Cluster", "cluster", m.values(func(w row) string { return w.cluster }))
		}
		p.choose("Namespace", "ns", m.values(func(w row) string { return cmp.Or(w.namespace, noNamespace) }))
		p.choose("Rule", "rule", m.values(func(w row) string { return string(w.Rule) }))
		p.choose("Show", "show", []choice{{"", "open"}, {string(exempt), "exempt"}, {string(documented), "documented"}, {"all", "all"}})
	}, id("tools"), class("tools", "scripted"), set("role", "search"), set("aria-label", "Filter the findings"))
	p.el("div", func() {
		p.grouping(m)
		p.leaf("p", "", id("count"), set("role", "status"))
		p.leaf("button", "Reset", set("type", "button"), id("reset"), on("hidden"))
		p.leaf("button", "Expand all", set("type", "button"), id("expand"))
	}, class("result", "scripted"))
}

// grouping is the switch that sorts the findings anew. It belongs to the form, and stands beside what came of it.
func (p *page) grouping(m *model) {
	owner := "Owner"
	if !m.live {
		owner = "File"
	}
	p.el("fieldset", func() {
		p.leaf("legend", "Group by")
		for _, c := range []choice{{"rule", "Rule"}, {"ns", "Namespace"}, {"owner", owner}} {
			p.el("label", func() {
				p.el("input", nil, set("type", "radio"), set("name", "by"), set("value", c.value), set("form", "tools"))
				p.leaf("span", c.text)
			})
		}
	}, class("by"))
}

func (p *page) choose(text, name string, choices []choice) {
	p.el("label", func() {
		p.leaf("span", text)
		p.el("select", func() {
			if choices[0].value != "" {
				p.leaf("option", "all", set("value", ""))
			}
			for _, c := range choices {
				p.leaf("option", c.text, set("value", c.value))
			}
		}, set("name", name))
	})
}

func (m *model) classChoices() []choice {
	var list []choice
	for _, c := range m.classes() {
		list = append(list, choice{string(c), className(c)})
	}
	return list
}

func (m *model) modeChoices() []choice {
	var list []choice
	for _, mode := range []policy.Mode{policy.Deny, policy.Warn, policy.Audit} {
		list = append(list, choice{string(mode), string(mode)})
	}
	return list
}

// values lists what the rows have of something, in order.
func (m *model) values(of func(row) string) []choice {
	seen := map[string]bool{}
	for _, w := range m.rows {
		seen[of(w)] = true
	}
	var list []choice
	for _, s := range slices.Sorted(maps.Keys(seen)) {
		c := choice{s, s}
		if s == noNamespace {
			c.value = none
		}
		list = append(list, c)
	}
	return list
}

// group is a rule with its reason, its remedy and its findings.
func (p *page) group(m *model, g *group) {
	c := g.rows[0].class
	p.el("details", func() {
		p.el("summary", func() {
			p.leaf("span", className(c), class("chip", token(c)))
			p.el("span", func() {
				if g.def != nil {
					p.leaf("span", capital(g.def.Title), class("title"))
					p.text(" ")
				}
				p.leaf("code", string(g.rule))
			}, class("heading"))
			p.leaf("span", groupCount(g), class("tally"))
		})
		p.el("div", func() {
			p.doc(m, g)
			p.el("table", func() {
				p.headings(m.columns()...)
				p.el("tbody", func() {
					for i := range g.rows {
						p.row(m, &g.rows[i])
					}
				})
			}, class("findings"))
		}, class("body"))
	}, class("group", token(c)), set("data-rule", string(g.rule)), id("rule-"+string(g.rule)), on("open"))
}

// columns of the findings. Nobody knows who set a field of a file.
func (m *model) columns() []string {
	if m.live {
		return []string{"Object", "Finding", "Last set by", "Mode"}
	}
	return []string{"Object", "Finding", "Mode"}
}

func groupCount(g *group) string {
	s := plural(g.open, "finding")
	if rest := len(g.rows) - g.open; rest > 0 {
		s += ", " + number(rest) + " exempt or documented"
	}
	return s
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// doc says why a rule is there, what to do, and where that is written.
func (p *page) doc(m *model, g *group) {
	p.el("dl", func() {
		entry := func(name, s string) {
			if s != "" {
				p.leaf("dt", name)
				p.el("dd", func() { p.prose(s) })
			}
		}
		if g.def != nil {
			entry("Why", g.def.Doc.Why)
			entry("Fix", g.def.Doc.Fix)
			entry("Note", g.def.Doc.Note)
		}
		if list := m.clauses(g.rows[0].Clauses); len(list) > 0 {
			p.leaf("dt", "Policy")
			p.el("dd", func() {
				p.el("ul", func() {
					for _, c := range list {
						p.clause(c)
					}
				})
			})
		}
	}, class("doc"))
}

func (p *page) clause(c provider.Clause) {
	p.el("li", func() {
		p.link(c.Source.URL, capital(c.Title))
		p.text(" ")
		p.leaf("code", string(c.ID))
		if c.Consequence != "" {
			p.text(" ")
			p.leaf("span", report.Consequence(c.Consequence), class("follows", token(c.Consequence)))
		}
		if c.Says != "" {
			p.leaf("p", c.Says)
		}
	})
}
