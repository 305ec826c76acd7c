// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/test/fixtures"
)

func (a *app) explainRule(p *page, r *policy.Rule) error {
	p.title(string(r.ID), r.Title)
	p.line(fmt.Sprintf("%s by default, since %s", r.Default, r.Since))
	p.section("Why", r.Doc.Why)
	p.section("Fix", r.Doc.Fix)
	p.section("Note", r.Doc.Note)
	p.heading("Policy")
	for _, id := range r.Clauses {
		c, ok := a.profile.Clause(id)
		if !ok {
			continue
		}
		p.item(fmt.Sprintf("%s: %s", c.ID, c.Says))
		p.line(indent + "Consequence: " + report.Consequence(c.Consequence))
		p.line(indent + c.Source.URL)
	}
	if r.Survey != nil {
		return a.explainSurvey(p, r)
	}
	matches(p, r)
	if err := parameters(p, r); err != nil {
		return err
	}
	a.customisations(p, r)
	if err := a.example(p, r); err != nil {
		return err
	}
	a.exempting(p, r)
	return nil
}

// matches says what the rule judges, the resources with the same operations together.
func matches(p *page, r *policy.Rule) {
	p.heading("Judges")
	var order []string
	names := map[string][]string{}
	for _, m := range r.Match {
		var operations []string
		for _, op := range m.Operations {
			operations = append(operations, op.Spelt())
		}
		key := strings.Join(operations, ", ")
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], matchName(m))
	}
	for _, operations := range order {
		p.item(operations + ": " + strings.Join(names[operations], ", "))
	}
	if needs := facts(r.Needs); len(needs) > 0 {
		p.paragraph("It needs " + strings.Join(needs, ", and ") + ".")
	}
	if wants := facts(r.Wants); len(wants) > 0 {
		p.paragraph("It sees more with " + strings.Join(wants, ", and ") + ".")
	}
}

// facts names what a rule needs.
func facts(n policy.Needs) []string {
	var list []string
	for _, f := range []struct {
		needed bool
		what   string
	}{
		{n.Request, "the request, so a plain manifest is not judged"}, {n.Old, "the old object"},
		{n.Namespace, "the namespace's labels"}, {n.Cluster, "the cluster's version"}, {n.Nodes, "what the cluster's Nodes tell"},
	} {
		if f.needed {
			list = append(list, f.what)
		}
	}
	return list
}

func matchName(m policy.Match) string {
	name := m.GroupResource().String()
	if m.Resource == object.Unknown {
		name = "all other kinds"
	}
	if m.Subresource != "" {
		name = m.Plural + "/" + m.Subresource
		if m.Group != "" {
			name += "." + m.Group
		}
	}
	return name
}

func parameters(p *page, r *policy.Rule) error {
	if r.Params == nil {
		return nil
	}
	doc, err := yaml.Marshal(r.Params.Defaults())
	if err != nil {
		return fmt.Errorf("parameters of %s: %w", r.ID, err)
	}
	p.heading("Parameters, with their defaults")
	p.verbatim(string(doc))
	return nil
}

// customisations lists what the provider documents, and what therefore passes.
func (a *app) customisations(p *page, r *policy.Rule) {
	first := true
	for _, c := range a.profile.Ledger {
		if !slices.Contains(c.Rules, string(r.ID)) {
			continue
		}
		if first {
			p.heading("Documented by the provider, so not refused")
			first = false
		}
		p.item(fmt.Sprintf("%s (%s): %s", c.ID, c.Effect, c.Title))
		p.line(indent + c.Source.URL)
	}
}

// example shows the shortest of the cases that the rule is tested with.
func (a *app) example(p *page, r *policy.Rule) error {
	cases, err := fixtures.Load()
	if err != nil {
		return fmt.Errorf("read the examples: %w", err)
	}
	cases = slices.DeleteFunc(cases, func(c fixtures.Case) bool { return c.Rule != string(r.ID) || c.Dir != fixtures.Fail })
	if len(cases) == 0 {
		return nil
	}
	c := slices.MinFunc(cases, func(x, y fixtures.Case) int { return effort(r, x) - effort(r, y) })
	p.heading("Example")
	if c.Request.Operation != "CREATE" || c.Request.Subresource != "" {
		p.line(fmt.Sprintf("# %s by %s", strings.TrimSpace(c.Request.Operation+" "+c.Request.Subresource), c.Request.User))
	}
	if c.Old != nil {
		p.line("# before")
		p.yaml(c.Old)
		p.line("# after")
	}
	p.verbatim(c.Manifest)
	p.heading("gives")
	p.verbatim(strings.ReplaceAll(c.Findings, " -: ", ": "))
	return nil
}

// effort is how much there is to read in a case. Those that show the rule at its strongest, alone, and without an
// earlier state come first.
func effort(r *policy.Rule, c fixtures.Case) int {
	n := len(c.Manifest) + 4*len(c.Old)
	for line := range strings.Lines(c.Findings) {
		mode, rest, _ := strings.Cut(line, " ")
		switch {
		case !strings.HasPrefix(rest, string(r.ID)+" "):
			n += 200
		case mode != string(r.Default):
			n += 100_000
		}
	}
	return n
}

// exempting shows how to be left alone.
func (a *app) exempting(p *page, r *policy.Rule) {
	p.heading("To exempt, in the configuration")
	p.verbatim(fmt.Sprintf(`exemptions:
- name: a-name-of-yours
  reason: why, for whoever reads the audit
  expires: %s
  rules: [%s]
  match:
    namespaces: [the-namespace]
`, a.now().AddDate(0, 3, 0).UTC().Format("2006-01-02T00:00:00Z"), r.ID))
	mark := a.profile.Marks.Exempts
	p.paragraph(fmt.Sprintf("Or by the mark %s: %q, as label or annotation on the object or its Namespace, set by somebody who may "+
		"`exempt` the resource `exemptionmarks` of the group `demarc.dev`, as cluster administrators may.", mark.Key, mark.Value))
}
