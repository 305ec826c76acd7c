// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// entry finds an entry of the ledger by its ID.
func (a *app) entry(id string) (provider.Customisation, bool) {
	i := slices.IndexFunc(a.profile.Ledger, func(c provider.Customisation) bool { return c.ID == id })
	if i < 0 {
		return provider.Customisation{}, false
	}
	return a.profile.Ledger[i], true
}

func (a *app) explainEntry(p *page, c provider.Customisation) {
	p.title(c.ID, c.Title)
	p.line("an entry of the ledger: a change in managed territory that " + a.profile.Title + " documents")
	effect := "Pass: what it covers leaves no finding. `demarc check -v` shows it, with this entry's name."
	if c.Effect == provider.Warn {
		effect = "Warn: what it covers warns at most. One page shows it, and another advises against it."
	}
	p.section("Effect", effect)
	p.heading("Covers")
	for _, line := range coverage(c) {
		p.item(line)
	}
	p.section("Note", c.Note)
	p.heading("Source")
	p.line(c.Source.Document)
	p.line(c.Source.URL)
	p.line(confidence[c.Source.Confidence])
	p.heading("Subtracted from")
	for _, id := range c.Rules {
		if r, ok := a.rule(policy.ID(id)); ok {
			id += ": " + r.Title
		}
		p.item(id)
	}
}

// confidence says in words how sure a source is.
var confidence = map[string]string{
	"A": "an official document or source code", "B": "a maintainer's word, or several independent reports",
	"C": "one public observation", "D": "an inference",
}

// coverage says in words what an entry covers: every line must hold.
func coverage(c provider.Customisation) []string {
	w := c.Where
	operations, subresources := w.Operations, w.Subresources
	if len(operations) == 0 {
		operations = []string{"CREATE", "UPDATE"}
	}
	if len(subresources) == 0 {
		subresources = []string{""}
	}
	lines := []string{strings.Join(operations, ", ") + " of " + strings.Join(w.Kinds, ", ") + place(w) + names(w.Names)}
	add := func(list []string, what string) {
		if len(list) > 0 {
			lines = append(lines, what+strings.Join(list, ", "))
		}
	}
	if !slices.Equal(subresources, []string{""}) {
		add(each(subresources, func(s string) string {
			if s == "" {
				return "the object itself"
			}
			return s
		}), "through ")
	}
	add(each(w.Labels, func(l provider.Pair) string { return l.Key + ": " + l.Value }), "with the label ")
	add(w.Images, "if every container's image begins with one of: ")
	add(c.Fields, "in the fields at or below: ")
	add(c.DataKeySuffixes, "of data, only keys that end in one of: ")
	if c.If != nil && c.If.Annotation != nil {
		lines = append(lines, "if it carries the annotation "+c.If.Annotation.Key+": "+c.If.Annotation.Value)
	}
	if c.If != nil && c.If.HostProcess {
		lines = append(lines, "if the pod runs as a Windows HostProcess")
	}
	return lines
}

func place(w provider.Where) string {
	switch {
	case w.Cluster:
		return ", cluster-scoped"
	case len(w.Namespaces) == 0:
		return " in any of the provider's namespaces"
	}
	return " in " + strings.Join(w.Namespaces, ", ")
}

func names(patterns []string) string {
	if len(patterns) == 0 {
		return ", whatever its name"
	}
	return ", named " + strings.Join(patterns, ", ")
}

func each[T any](list []T, spell func(T) string) []string {
	var words []string
	for _, v := range list {
		words = append(words, spell(v))
	}
	return words
}
