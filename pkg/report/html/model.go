// SPDX-License-Identifier: Apache-2.0

package html

import (
	"cmp"
	"slices"
	"strings"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// status is what became of a finding.
type status string

const (
	open       status = "open"
	exempt     status = "exempt"
	documented status = "documented"
)

// row is one finding, and where it stands.
type row struct {
	*report.Result
	*report.Verdict
	status    status
	class     provider.Consequence
	cluster   string
	namespace string
	// owner is what somebody would have to change: the top of the chain of controllers, or the file.
	owner string
}

// unclassed is the class of rules whose clauses the profile does not know.
const unclassed provider.Consequence = "other"

// group is the findings of one rule.
type group struct {
	rule policy.ID
	def  *policy.Rule // nil if it is not known
	rows []row
	open int
}

// model is the report, sorted as it is shown.
type model struct {
	*report.Report
	Options
	groups []group
	rows   []row // all of them
	tally  tally // those that are open
	live   bool
	fleet  bool
}

func newModel(r *report.Report, o Options) *model {
	m := &model{Report: r, Options: o, live: len(r.Clusters) > 0, fleet: len(r.Clusters) > 1}
	for i := range r.Results {
		for j := range r.Results[i].Verdicts {
			m.rows = append(m.rows, newRow(&r.Results[i], &r.Results[i].Verdicts[j]))
		}
	}
	slices.SortStableFunc(m.rows, compareRows)
	index := map[policy.ID]int{}
	for _, w := range m.rows {
		at, ok := index[w.Rule]
		if !ok {
			at = len(m.groups)
			index[w.Rule] = at
			m.groups = append(m.groups, group{rule: w.Rule, def: w.Definition()})
		}
		g := &m.groups[at]
		g.rows = append(g.rows, w)
		if w.status == open {
			g.open++
			m.tally.add(w)
		}
	}
	slices.SortStableFunc(m.groups, compareGroups)
	return m
}

func newRow(r *report.Result, v *report.Verdict) row {
	w := row{Result: r, Verdict: v, status: open, class: v.Class}
	if !slices.Contains(report.Classes(), w.class) {
		w.class = unclassed
	}
	switch {
	case v.Exemption != "":
		w.status = exempt
	case v.Mode == policy.Off:
		w.status = documented
	}
	if l := r.Live; l != nil {
		w.cluster, w.namespace = l.Cluster, l.Namespace
		w.owner = cmp.Or(l.Owner, objectName(r))
		return w
	}
	w.namespace = namespaceOf(r.Object)
	w.owner = report.Clean(cmp.Or(r.Place.File, "standard input"))
	return w
}

// objectName names a live object with its kind; the cluster itself has none.
func objectName(r *report.Result) string {
	l := r.Live
	switch {
	case l.Name == "" && l.Kind == "":
		return "the cluster itself"
	case l.Namespace == "":
		return l.Kind + " " + l.Name
	}
	return l.Kind + " " + l.Namespace + "/" + l.Name
}

// nameless is how a report names an object that has no name yet.
const nameless = "(without a name)"

// namespaceOf takes the namespace from how a report names an object: [OPERATION] Kind [namespace/]name.
func namespaceOf(object string) string {
	name := strings.TrimSuffix(object, nameless)
	name = name[strings.LastIndexByte(name, ' ')+1:]
	namespace, _, ok := strings.Cut(name, "/")
	if !ok {
		return ""
	}
	return namespace
}

// gravity orders the classes, gravest first.
func gravity(c provider.Consequence) int {
	if i := slices.Index(report.Classes(), c); i >= 0 {
		return i
	}
	return len(report.Classes())
}

// weight orders the modes, strongest first.
func weight(m policy.Mode) int { return -slices.Index(policy.Modes(), m) }

var statuses = []status{open, exempt, documented}

func compareRows(a, b row) int {
	return cmp.Or(
		cmp.Compare(slices.Index(statuses, a.status), slices.Index(statuses, b.status)),
		cmp.Compare(weight(a.Mode), weight(b.Mode)),
		cmp.Compare(len(a.Doubt), 0)-cmp.Compare(len(b.Doubt), 0),
		cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.owner, b.owner),
		cmp.Compare(a.Object, b.Object))
}

// compareGroups puts rules that found something open first, then the gravest class, the strongest mode, the most findings.
func compareGroups(a, b group) int {
	return cmp.Or(
		cmp.Compare(min(b.open, 1), min(a.open, 1)),
		cmp.Compare(gravity(a.rows[0].class), gravity(b.rows[0].class)),
		cmp.Compare(weight(a.rows[0].Mode), weight(b.rows[0].Mode)),
		cmp.Compare(b.open, a.open), cmp.Compare(a.rule, b.rule))
}

// clauses are those of a rule, as far as the profile knows them.
func (m *model) clauses(ids []provider.ClauseID) []provider.Clause {
	var list []provider.Clause
	for _, id := range ids {
		c := provider.Clause{ID: id, Title: string(id)}
		if m.Profile != nil {
			if known, ok := m.Profile.Clause(id); ok {
				c = known
			}
		}
		list = append(list, c)
	}
	return list
}

// customisation is a ledger entry by its ID.
func (m *model) customisation(id string) (provider.Customisation, bool) {
	if m.Profile != nil && id != "" {
		for _, c := range m.Profile.Ledger {
			if c.ID == id {
				return c, true
			}
		}
	}
	return provider.Customisation{}, false
}

// policyName is whose policy it is about.
func (m *model) policyName() string {
	if m.Profile == nil || m.Profile.Title == "" {
		return "the provider's support policy"
	}
	return "the support policy of " + m.Profile.Title
}
