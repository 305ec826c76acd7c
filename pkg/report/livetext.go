// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/demarc-dev/demarc/pkg/policy"
)

const (
	// maxBunches is how many bunches of objects with the same findings are written for a rule, and maxNames how many
	// objects of each: who wants them all takes another format.
	maxBunches = 8
	maxNames   = 3
)

// section is what one rule found in live clusters.
type section struct {
	rule    *policy.Rule
	bunches []*bunch
	index   map[string]*bunch
}

// bunch is objects of one namespace in which a rule found the same.
type bunch struct {
	cluster, namespace string
	verdicts           []Verdict
	results            []*Result
	changes            []*Change // of the first verdict, by result; nil where nobody can tell
}

// live writes what was found in live clusters, by rule: the same findings in the same namespace are written once, below
// the objects that they were found on.
func (t *text) live() {
	for _, s := range t.sections() {
		t.gap()
		worst := s.bunches[0].verdicts[0]
		fmt.Fprintf(t, "%s  %s", t.style(bold, string(s.rule.ID)), s.rule.Title)
		if worst.Class != "" {
			t.WriteString("  " + t.style(dim, "["+string(worst.Class)+"]"))
		}
		t.WriteByte('\n')
		for i, g := range s.bunches {
			if i == maxBunches {
				t.rest(s.bunches[i:])
				break
			}
			t.bunch(g)
		}
		t.gap()
		t.reason(s.rule)
	}
	t.liveFaults()
	t.totals()
}

// sections sorts the findings: first by rule, the strongest mode first and then the gravest consequence; within a rule
// by mode, cluster and namespace.
func (t *text) sections() []*section {
	var list []*section
	index := map[policy.ID]*section{}
	for i := range t.report.Results {
		r := &t.report.Results[i]
		if r.Live == nil {
			continue
		}
		byRule := map[policy.ID][]Verdict{}
		var order []policy.ID
		for _, v := range t.visible(r) {
			if v.rule == nil {
				continue
			}
			if byRule[v.Rule] == nil {
				order = append(order, v.Rule)
			}
			byRule[v.Rule] = append(byRule[v.Rule], v)
		}
		for _, id := range order {
			s := index[id]
			if s == nil {
				s = &section{rule: byRule[id][0].rule, index: map[string]*bunch{}}
				index[id], list = s, append(list, s)
			}
			s.add(r, byRule[id])
		}
	}
	for _, s := range list {
		slices.SortStableFunc(s.bunches, func(a, b *bunch) int {
			return cmp.Or(compareVerdicts(a.verdicts[0], b.verdicts[0]), cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.namespace, b.namespace))
		})
	}
	slices.SortStableFunc(list, func(a, b *section) int {
		return cmp.Or(compareVerdicts(a.bunches[0].verdicts[0], b.bunches[0].verdicts[0]), cmp.Compare(a.rule.ID, b.rule.ID))
	})
	return list
}

// compareVerdicts puts what is shown unasked first, then the stronger mode, then the graver consequence.
func compareVerdicts(a, b Verdict) int {
	classes := Classes()
	return cmp.Or(compareBools(!a.Shown(), !b.Shown()), compareModes(b.Mode, a.Mode),
		cmp.Compare(slices.Index(classes, a.Class), slices.Index(classes, b.Class)))
}

func (s *section) add(r *Result, verdicts []Verdict) {
	slices.SortStableFunc(verdicts, compareVerdicts)
	key := []string{r.Live.Cluster, r.Live.Namespace}
	for _, v := range verdicts {
		key = append(key, string(v.Mode), v.Path, v.Message, v.ownFix, v.Doubt, v.Exemption, v.Customisation, v.Expired)
	}
	k := strings.Join(key, "\x00")
	g := s.index[k]
	if g == nil {
		g = &bunch{cluster: r.Live.Cluster, namespace: r.Live.Namespace, verdicts: verdicts}
		s.index[k], s.bunches = g, append(s.bunches, g)
	}
	g.results = append(g.results, r)
	g.changes = append(g.changes, verdicts[0].Change)
}

func (t *text) bunch(g *bunch) {
	for i, r := range g.results {
		if i == maxNames && len(g.results) > maxNames+1 {
			fmt.Fprintf(t, "  and %d more%s: -o json lists them\n", len(g.results)-i, in(g.namespace))
			break
		}
		t.WriteString("  " + t.style(bold, t.place(r.Live)) + t.style(dim, alike(r.Live)) + "\n")
	}
	for i, v := range g.verdicts {
		word, code := modeWord(v)
		path := v.Path
		if path != "" {
			path += ": "
		}
		t.WriteString("    " + t.style(code, fmt.Sprintf("%-*s", modeWidth, word)) + "  ")
		t.hanging("", path+v.Message)
		last := i == len(g.verdicts)-1
		if last || g.verdicts[i+1].Doubt != v.Doubt {
			t.detail("in doubt: ", v.Doubt)
		}
		t.detail("exempt by: ", v.Exemption)
		t.detail("this exemption has run out: ", v.Expired)
		if c, ok := t.customisation(v.Customisation); ok {
			t.detail("documented by the provider: ", Clean(c.Title)+" ["+c.ID+"]")
		}
		if v.Shown() && (last || g.verdicts[i+1].ownFix != v.ownFix) {
			t.detail("fix: ", v.ownFix)
		}
	}
	t.detail("last set by ", t.setters(g.changes))
}

// place names a live object the way that people look for it: namespace/name, then its kind. The cluster is named where
// there are several.
func (t *text) place(l *Live) string {
	s := "the cluster"
	if l.Name != "" || l.Kind != "" {
		s = cmp.Or(l.Name, "(without a name)") + " " + l.Kind
		if l.Namespace != "" {
			s = l.Namespace + "/" + s
		}
	}
	if len(t.report.Clusters) > 1 {
		s = l.Cluster + ": " + s
	}
	return s
}

// alike says what else has the same findings.
func alike(l *Live) string {
	s := ""
	if l.Owner != "" {
		s = " of " + l.Owner
	}
	switch {
	case l.Same == 0:
	case l.Owner != "":
		s += fmt.Sprintf(", and %d more like it", l.Same)
	default:
		s += fmt.Sprintf(", and %s that it controls", plural(l.Same, "object"))
	}
	return s
}

// setters says who last set the fields of a bunch: one of them by name and time, several by their names.
func (t *text) setters(changes []*Change) string {
	var latest *Change
	var managers []string
	for _, c := range changes {
		if c == nil {
			continue
		}
		if latest == nil || c.Time.After(latest.Time) {
			latest = c
		}
		if name := Clean(c.Manager); !slices.Contains(managers, name) {
			managers = append(managers, name)
		}
	}
	if latest == nil {
		return ""
	}
	if len(managers) > maxNames {
		managers = append(managers[:maxNames], "others")
	}
	s := strings.Join(managers, ", ")
	if len(managers) == 1 {
		s += " (" + Clean(latest.Operation) + ")"
	}
	if !latest.Time.IsZero() {
		when := t.since(latest.Time)
		if len(changes) > 1 {
			when = ", the latest " + when
		} else {
			when = " " + when
		}
		s += when
	}
	return s + " [" + string(latest.Confidence) + "]"
}

// since says how long ago something was.
func (t *text) since(at time.Time) string {
	if t.Now.IsZero() || at.After(t.Now) {
		return "on " + at.UTC().Format(time.DateOnly)
	}
	switch age := t.Now.Sub(at); {
	case age < time.Minute:
		return "just now"
	case age < time.Hour:
		return plural(int(age/time.Minute), "minute") + " ago"
	case age < 48*time.Hour:
		return plural(int(age/time.Hour), "hour") + " ago"
	default:
		return plural(int(age/(24*time.Hour)), "day") + " ago"
	}
}

func in(namespace string) string {
	if namespace == "" {
		return ""
	}
	return " in " + namespace
}

// rest counts the bunches that are not written.
func (t *text) rest(bunches []*bunch) {
	objects, places := 0, map[string]bool{}
	for _, b := range bunches {
		objects += len(b.results)
		if b.namespace != "" {
			places[b.cluster+"/"+b.namespace] = true
		}
	}
	where := ""
	if len(places) > 0 {
		where = " in " + plural(len(places), "namespace")
	}
	fmt.Fprintf(t, "  and %s%s: -o json lists them\n", plural(objects, "more object"), where)
}
