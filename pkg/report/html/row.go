// SPDX-License-Identifier: Apache-2.0

package html

import (
	"cmp"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// row is one finding with all that is known about it. The attributes are what the script filters and groups by.
func (p *page) row(m *model, w *row) {
	attrs := []attr{
		set("data-class", string(w.class)), set("data-mode", string(w.Mode)),
		set("data-ns", cmp.Or(w.namespace, none)), set("data-owner", w.owner),
	}
	if m.live {
		attrs = append(attrs, set("data-cluster", w.cluster))
	}
	if w.status != open {
		attrs = append(attrs, set("data-status", string(w.status)))
	}
	p.el("tr", func() {
		p.el("th", func() { p.object(m, w) }, set("scope", "row"))
		p.el("td", func() { p.finding(m, w) })
		if m.live {
			p.el("td", func() { p.change(m, w) }, label("Last set by"))
		}
		p.el("td", func() { p.mode(w) }, label("Mode"))
	}, attrs...)
}

// object names what the finding is about, and what would have to be changed.
func (p *page) object(m *model, w *row) {
	l := w.Live
	if l == nil {
		p.leaf("span", w.Object, class("name"))
		p.leaf("span", w.Place.String(), class("where"))
		if w.Place.Hint != "" {
			p.leaf("span", "from "+w.Place.Hint, class("where"))
		}
		return
	}
	p.leaf("span", cmp.Or(l.Name, "the cluster itself"), class("name"))
	if l.Kind != "" {
		p.leaf("span", l.Kind+within(l.Namespace), class("where"), set("title", l.APIVersion))
	}
	if m.fleet {
		p.leaf("span", l.Cluster, class("where", "cluster"))
	}
	if l.Owner != "" {
		p.leaf("span", "owned by "+l.Owner, class("where"))
	}
	if l.Same > 0 {
		p.leaf("span", "and "+plural(l.Same, "object")+" of the same owner alike", class("where"))
	}
}

func within(namespace string) string {
	if namespace == "" {
		return ""
	}
	return " in " + namespace
}

// finding says what is wrong, where, what to do, and what to know about it.
func (p *page) finding(m *model, w *row) {
	p.leaf("code", string(w.Rule), class("rule"))
	p.el("p", func() {
		if w.Path != "" {
			p.leaf("code", w.Path, class("path"))
			p.text(" ")
		}
		p.text(w.Says())
	}, class("message"))
	p.remark("Fix", w.OwnFix(), "fix")
	p.snippet(w.YAML)
	p.remark("In doubt", w.Doubt, "doubt")
	if w.Existing {
		p.remark("Before", "it was there before this request", "note")
	}
	p.remark("Exempt by", w.Exemption, "note")
	if w.Expired != "" {
		p.remark("Exemption run out", w.Expired, "doubt")
	}
	if c, ok := m.customisation(w.Customisation); ok {
		p.el("p", func() {
			p.leaf("b", "Documented")
			p.text(" ")
			p.link(c.Source.URL, c.Title)
			p.text(" ")
			p.leaf("code", c.ID)
		}, class("note"))
	}
}

// snippet is what to commit, for those who ask for it.
func (p *page) snippet(yaml string) {
	if yaml == "" {
		return
	}
	p.el("details", func() {
		p.leaf("summary", "YAML to commit")
		p.el("pre", func() { p.leaf("code", yaml) })
	}, class("yaml"), on("open"))
}

func (p *page) remark(name, s string, tone token) {
	if s == "" {
		return
	}
	p.el("p", func() {
		p.leaf("b", name)
		p.text(" ")
		p.prose(s)
	}, class(tone))
}

// change says who last set the field, when, and how sure that is.
func (p *page) change(m *model, w *row) {
	c := w.Change
	if c == nil {
		p.leaf("span", "not known", class("where"))
		return
	}
	p.leaf("span", c.Manager, class("manager"))
	if !c.Time.IsZero() {
		p.leaf("time", instant(c.Time), set("datetime", c.Time.UTC().Format("2006-01-02T15:04:05Z")), class("where"))
		if s := ago(m.Now, c.Time); s != "" {
			p.leaf("span", s, class("where"))
		}
	}
	p.leaf("span", changeHow(c), class("where"))
}

func changeHow(c *report.Change) string {
	s := c.Operation
	if c.Subresource != "" {
		s += " of " + c.Subresource
	}
	if words := confidence(c.Confidence); words != "" {
		if s != "" {
			s += "; "
		}
		s += words
	}
	return s
}

// mode is the word for what happens, or happened, to such a change.
func (p *page) mode(w *row) {
	switch {
	case w.status != open:
		p.leaf("span", string(w.status), class("mode", "passed"))
	default:
		p.leaf("span", string(w.Mode), class("mode", modeTone(w.Mode)), set("title", modeMeans(w.Mode)))
	}
}

func modeTone(m policy.Mode) token {
	switch m {
	case policy.Deny:
		return "deny"
	case policy.Warn:
		return "warn"
	}
	return "audit"
}
