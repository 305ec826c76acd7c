// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/report"
)

// hookRow is one line of the table, in words.
type hookRow struct {
	hook     *admissionconfig.Hook
	owner    string
	name     string // the webhook's or the binding's
	fails    string
	timeout  string
	reaches  string
	blocks   string
	verdicts []admissionconfig.Class
}

// yours stands for a customer's namespace where no cluster is asked.
const yours = "yours"

// places are the namespaces that hooks are held against: the cluster's, or where those aren't known the provider's and
// one of a customer's.
func (a *app) places(s *hookState) (namespaces []admissionconfig.Namespace, offline bool) {
	if s.World == nil || s.World.Namespaces == nil {
		return append(admissionconfig.KnownNamespaces(a.profile), admissionconfig.CustomerNamespace(a.profile, yours)), true
	}
	return s.World.Namespaces, false
}

func (a *app) overview(s *hookState, h *admissionconfig.Hook, namespaces []admissionconfig.Namespace) *admissionconfig.Overview {
	var scope func(schema.GroupResource) (bool, bool)
	if s.Served != nil {
		scope = s.Served.Namespaced
	}
	return s.Server.Overview(a.profile, h, namespaces, scope)
}

func (a *app) rows(s *hookState) []hookRow {
	namespaces, offline := a.places(s)
	rows := make([]hookRow, 0, len(s.hooks))
	for _, h := range s.hooks {
		o := a.overview(s, h, namespaces)
		r := hookRow{hook: h, owner: a.owner(o.Owner), name: cmp.Or(report.Clean(h.Name), "-"), fails: "Open", timeout: "-"}
		if h.FailsClosed() {
			r.fails = "Closed"
		}
		if h.TimeoutSeconds > 0 {
			r.timeout = fmt.Sprintf("%ds", h.TimeoutSeconds)
		}
		r.reaches = a.reachWords(o, namespaces, offline)
		if !h.Configuration.Kind.Webhook() && h.Binding == nil {
			r.reaches = "nothing: no binding"
		}
		r.blocks = a.blockWords(o.Waits, offline)
		for i := range s.verdicts {
			if v := &s.verdicts[i]; concerns(v, h) && !slices.Contains(r.verdicts, v.Class) {
				r.verdicts = append(r.verdicts, v.Class)
			}
		}
		rows = append(rows, r)
	}
	// Other people's come first: they are what one looks for.
	slices.SortStableFunc(rows, func(x, y hookRow) int { return rank(x.owner) - rank(y.owner) })
	return rows
}

// concerns says whether a verdict is about a hook.
func concerns(v *admissionconfig.Verdict, h *admissionconfig.Hook) bool {
	return v.Configuration.Kind == h.Configuration.Kind && v.Configuration.Name == h.Configuration.Name &&
		(v.Hook == "" || v.Hook == h.Name || slices.Contains(v.Others, h.Name))
}

// holdsUp says whether a verdict is about a webhook for which something waits that the cluster lives by. One that is down
// and is asked about its own kinds only holds up nothing but those.
func (a *app) holdsUp(s *hookState, v *admissionconfig.Verdict) bool {
	namespaces, _ := a.places(s)
	return slices.ContainsFunc(s.hooks, func(h *admissionconfig.Hook) bool {
		return concerns(v, h) && h.FailsClosed() && len(a.overview(s, h, namespaces).Waits) > 0
	})
}

func rank(owner string) int {
	switch owner {
	case "":
		return 0
	case "demarc":
		return 1
	}
	return 2
}

func (a *app) owner(o admissionconfig.Owner) string {
	switch o {
	case admissionconfig.Providers:
		return strings.ToUpper(a.profile.Name)
	case admissionconfig.Demarcs:
		return "demarc"
	case admissionconfig.Others:
	}
	return ""
}

// reachWords says what a hook reaches: pods, jobs and 3 more in 4 of 6 namespaces, kube-system.
func (a *app) reachWords(o *admissionconfig.Overview, namespaces []admissionconfig.Namespace, offline bool) string {
	what := firstFew(o.Resources, 2)
	if slices.Contains(o.Resources, "*") {
		what = "everything"
	}
	what = cmp.Or(report.Clean(what), "nothing: no rules")
	if !o.Namespaced || len(o.Resources) == 0 {
		return what
	}
	var managed []string
	for _, ns := range namespaces {
		if _, ours := a.profile.ManagesNamespace(ns.Labels); ours && slices.Contains(o.Namespaces, ns.Name) {
			managed = append(managed, ns.Name)
		}
	}
	return what + " " + a.whereWords(o, managed, len(namespaces), offline)
}

func (a *app) whereWords(o *admissionconfig.Overview, managed []string, total int, offline bool) string {
	switch {
	case len(o.Namespaces)+len(o.Perhaps) == 0:
		return "in no namespace"
	case offline && slices.Contains(o.Namespaces, yours):
		return joinWords("in your namespaces", a.managedWords(managed))
	case offline && slices.Contains(o.Perhaps, yours):
		return joinWords("in your namespaces, by their labels", a.managedWords(managed))
	case offline && len(managed) > 0:
		return "in " + a.managedWords(managed)
	case len(o.Namespaces) == 0:
		return "in namespaces with certain labels"
	case len(o.Namespaces) == total:
		return fmt.Sprintf("in all %d namespaces", total)
	}
	return joinWords(fmt.Sprintf("in %d of %d namespaces", len(o.Namespaces), total), a.managedWords(managed))
}

func joinWords(a, b string) string {
	if b == "" {
		return a
	}
	return a + ", " + b
}

// managedWords names the provider's namespaces in a list: kube-system always, the others where they are few.
func (a *app) managedWords(names []string) string {
	const system = "kube-system"
	whose := strings.ToUpper(a.profile.Name) + "'s"
	switch others := len(names) - 1; {
	case len(names) <= 2:
		return report.Clean(strings.Join(names, ", "))
	case slices.Contains(names, system):
		return fmt.Sprintf("%s and %d more of %s", system, others, whose)
	}
	return fmt.Sprintf("%d of %s", len(names), whose)
}

// blockWords says what waits for a hook: nodes, leases; pods in kube-system, yours.
func (a *app) blockWords(waits []admissionconfig.Wait, offline bool) string {
	type group struct {
		where string
		what  []string
	}
	var groups []group
	for _, w := range waits {
		var places []string
		if len(w.Managed) > 0 {
			places = append(places, a.managedWords(w.Managed))
		}
		if w.Own != "" {
			places = append(places, report.Clean(w.Own)+" (its own)")
		}
		if w.Customers && (!offline || w.Own == "") {
			places = append(places, "your namespaces")
		}
		where := strings.Join(places, ", ")
		i := slices.IndexFunc(groups, func(g group) bool { return g.where == where })
		if i < 0 {
			groups = append(groups, group{where: where})
			i = len(groups) - 1
		}
		groups[i].what = append(groups[i].what, w.What)
	}
	// What is in no namespace comes first: it weighs most.
	slices.SortStableFunc(groups, func(x, y group) int { return min(len(x.where), 1) - min(len(y.where), 1) })
	parts := make([]string, 0, len(groups))
	for _, g := range groups {
		text := firstFew(g.what, 3)
		if g.where != "" {
			text += " in " + g.where
		}
		parts = append(parts, text)
	}
	return cmp.Or(strings.Join(parts, "; "), "-")
}

// firstFew lists some, and counts the others.
func firstFew(list []string, n int) string {
	if len(list) <= n+1 {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}
