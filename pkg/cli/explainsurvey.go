// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
	posturecases "github.com/demarc-dev/demarc/test/posture"
)

// explainSurvey is the part of a page that only a posture rule has.
func (a *app) explainSurvey(p *page, r *policy.Rule) error {
	p.heading("Judges")
	p.item("clusters as they stand, by `demarc audit`; it matches no request, and refuses nothing")
	cases, err := posturecases.Load()
	if err != nil {
		return fmt.Errorf("read the examples: %w", err)
	}
	cases = slices.DeleteFunc(cases, func(c posturecases.Case) bool {
		return c.Rule != string(r.ID) || c.Dir != posturecases.Fail
	})
	if len(cases) > 0 {
		c := slices.MinFunc(cases, func(x, y posturecases.Case) int { return surveyEffort(r, x) - surveyEffort(r, y) })
		p.heading("Example")
		p.verbatim(c.Text)
		p.heading("gives")
		p.verbatim(strings.ReplaceAll(c.Findings, " -: ", ": "))
	}
	a.exemptingSurvey(p, r, kindFound(cases))
	return nil
}

// surveyEffort is how much there is to read in a case. Those that show the rule at its strongest, and sure, come first.
func surveyEffort(r *policy.Rule, c posturecases.Case) int {
	n := len(c.Text) + len(c.Findings)
	if !strings.Contains(c.Findings, ": "+string(r.Default)+" ") || strings.Contains(c.Findings, "in doubt") {
		n += 100_000
	}
	return n
}

// kindFound returns the kind of object that a rule finds fault with; empty where it is the cluster itself.
func kindFound(cases []posturecases.Case) string {
	for _, c := range cases {
		if kind, _, _ := strings.Cut(c.Findings, " "); kind != "" && kind != "the" {
			return kind
		}
	}
	return ""
}

// exemptingSurvey shows how to be left alone by a rule about clusters.
func (a *app) exemptingSurvey(p *page, r *policy.Rule, kind string) {
	if kind != "" {
		p.heading("To exempt, in the configuration")
		p.verbatim(fmt.Sprintf(`exemptions:
- name: a-name-of-yours
  reason: why, for whoever reads the audit
  expires: %s
  rules: [%s]
  match:
    kinds: [%s]
    names: ["the-name-or-its-beginning*"]
`, a.now().AddDate(0, 3, 0).UTC().Format("2006-01-02T00:00:00Z"), r.ID, kind))
		p.paragraph("A finding about several objects stands on one of them: choose names, or an objectSelector, that they all have, " +
			"as the nodes of a pool do. A finding about the cluster itself has neither kind nor name: set the rule's mode.")
	}
	p.heading("To set its mode, in the configuration")
	p.verbatim(fmt.Sprintf("rules:\n  %s:\n    mode: Audit\n", r.ID))
}
