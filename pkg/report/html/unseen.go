// SPDX-License-Identifier: Apache-2.0

package html

import (
	"cmp"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// skip is a rule that lacked the same facts on a number of objects.
type skip struct {
	rule    policy.ID
	needs   string
	objects int
}

// byChange says whether what a rule lacks is what only a request has.
func byChange(needs []string) bool {
	return slices.Contains(needs, "request") || slices.Contains(needs, "old object")
}

func (m *model) skips(change bool) []skip {
	index := map[[2]string]int{}
	var list []skip
	for i := range m.Results {
		for _, s := range m.Results[i].Skipped {
			if byChange(s.Needs) != change {
				continue
			}
			needs := strings.Join(s.Needs, " and the ")
			k := [2]string{string(s.Rule), needs}
			at, ok := index[k]
			if !ok {
				at = len(list)
				index[k], list = at, append(list, skip{rule: s.Rule, needs: needs})
			}
			list[at].objects++
		}
	}
	slices.SortFunc(list, func(a, b skip) int {
		return cmp.Or(cmp.Compare(b.objects, a.objects), cmp.Compare(a.rule, b.rule), cmp.Compare(a.needs, b.needs))
	})
	return list
}

func (m *model) unread() int {
	n := 0
	for _, c := range m.Clusters {
		n += len(c.Unread)
	}
	return n
}

// unjudged are the results whose requests are the provider's own.
func (m *model) unjudged() []*report.Result {
	var list []*report.Result
	for i := range m.Results {
		if m.Results[i].Identity != "" {
			list = append(list, &m.Results[i])
		}
	}
	return list
}

// gaps says what the verdict does not rest on, a few words each.
func (m *model) gaps() []string {
	var gaps []string
	for _, c := range m.Clusters {
		if objectsRead(c) == 0 {
			gaps = append(gaps, "no object of "+cmp.Or(c.Name, "the cluster")+" was read")
		}
	}
	if n := m.unread(); n > 0 {
		gaps = append(gaps, plural(n, "thing")+" could not be read")
	}
	if n := len(m.Trouble()); n > 0 {
		gaps = append(gaps, plural(n, "problem")+" kept something from being judged")
	}
	rules := map[policy.ID]bool{}
	for _, s := range m.skips(false) {
		rules[s.rule] = true
	}
	if n := len(rules); n > 0 {
		gaps = append(gaps, plural(n, "rule")+" lacked facts on some objects")
	}
	return gaps
}

// unseen says what could not be read or judged, so that nobody takes silence for health. It is there even if there is
// nothing to say.
func (p *page) unseen(m *model) {
	p.el("section", func() {
		p.leaf("h2", "What was not seen", id("unseen"))
		if len(m.gaps()) == 0 {
			p.leaf("p", "Everything that was to be read was read, and the rules had the facts that they need.")
		}
		p.unreadTable(m)
		p.list("Not judged for an error", m.Trouble())
		p.skipTable(m, "Rules that lacked facts", m.skips(false))
		p.skipTable(m, "Rules that judge changes only: what stands there tells them nothing, a request in the cluster would", m.skips(true))
		var identities []string
		for _, r := range m.unjudged() {
			identities = append(identities, r.Object+": the request is the provider's own, by "+r.Identity)
		}
		p.list("Not judged for whose it is", identities)
		p.leaf("p", "What happens outside the API server is never seen from inside: files on nodes, changes through the cloud's "+
			"own interfaces, static pods.", class("aside"))
	}, set("aria-labelledby", "unseen"))
}

func (p *page) unreadTable(m *model) {
	if m.unread() == 0 {
		return
	}
	p.leaf("h3", "Could not be read")
	p.el("table", func() {
		head := []string{"What", "Why", "Rules that saw less"}
		if m.fleet {
			head = append([]string{"Cluster"}, head...)
		}
		p.headings(head...)
		p.el("tbody", func() {
			for _, c := range m.Clusters {
				for _, u := range c.Unread {
					p.unread(m, c, u)
				}
			}
		})
	}, class("plain"))
}

func (p *page) unread(m *model, c report.Cluster, u report.Unread) {
	p.el("tr", func() {
		if m.fleet {
			p.leaf("th", c.Name, set("scope", "row"))
			p.leaf("td", u.What, label("What"))
		} else {
			p.leaf("th", u.What, set("scope", "row"))
		}
		p.leaf("td", u.Why, label("Why"))
		p.el("td", func() { p.codes(u.Rules) }, label("Rules that saw less"))
	})
}

// codes lists rules.
func (p *page) codes(rules []policy.ID) {
	if len(rules) == 0 {
		p.text("none")
	}
	for i, r := range rules {
		if i > 0 {
			p.text(", ")
		}
		p.leaf("code", string(r))
	}
}

func (p *page) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	p.leaf("h3", title)
	p.el("ul", func() {
		for _, s := range lines {
			p.leaf("li", s)
		}
	}, class("lines"))
}

func (p *page) skipTable(m *model, title string, list []skip) {
	if len(list) == 0 {
		return
	}
	unit := "document"
	if m.live {
		unit = "object"
	}
	p.leaf("h3", title)
	p.el("table", func() {
		p.headings("Rule", "Needs", "Skipped on")
		p.el("tbody", func() {
			for _, s := range list {
				p.el("tr", func() {
					p.el("th", func() { p.leaf("code", string(s.rule)) }, set("scope", "row"))
					p.leaf("td", "the "+s.needs, label("Needs"))
					p.leaf("td", plural(s.objects, unit), label("Skipped on"))
				})
			}
		})
	}, class("plain"))
}
