// SPDX-License-Identifier: Apache-2.0

package html

import (
	"cmp"
	"slices"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
)

// tally counts open findings by what the report has figures of.
type tally struct {
	findings   int
	classes    map[provider.Consequence]*figure
	rules      map[string]*count
	namespaces map[string]*count
	clusters   map[string]*count
	modes      map[policy.Mode]*count
}

// figure is one of the big ones.
type figure struct {
	findings, doubtful int
	rules              map[policy.ID]bool
	objects            map[*report.Result]bool
	// certain are the clusters in which a finding of this class is not in doubt.
	certain map[string]bool
}

// count is one bar of a chart.
type count struct {
	name    string
	total   int
	classes map[provider.Consequence]int
}

func (t *tally) add(w row) {
	if t.classes == nil {
		t.classes = map[provider.Consequence]*figure{}
		t.rules, t.namespaces, t.clusters = map[string]*count{}, map[string]*count{}, map[string]*count{}
		t.modes = map[policy.Mode]*count{}
	}
	t.findings++
	f := t.classes[w.class]
	if f == nil {
		f = &figure{rules: map[policy.ID]bool{}, objects: map[*report.Result]bool{}, certain: map[string]bool{}}
		t.classes[w.class] = f
	}
	f.findings++
	f.rules[w.Rule], f.objects[w.Result] = true, true
	if w.Doubt != "" {
		f.doubtful++
	} else {
		f.certain[w.cluster] = true
	}
	bump(t.rules, string(w.Rule), string(w.Rule), w.class)
	bump(t.namespaces, w.namespace, cmp.Or(w.namespace, noNamespace), w.class)
	bump(t.clusters, w.cluster, w.cluster, w.class)
	bump(t.modes, w.Mode, string(w.Mode), w.class)
}

// noNamespace stands for objects that lie in none.
const noNamespace = "(cluster-scoped)"

func bump[K comparable](counts map[K]*count, k K, name string, class provider.Consequence) {
	c := counts[k]
	if c == nil {
		c = &count{name: name, classes: map[provider.Consequence]int{}}
		counts[k] = c
	}
	c.total++
	c.classes[class]++
}

// class returns the figure of a class; one with nothing in it if nothing was found.
func (t *tally) class(c provider.Consequence) figure {
	if f := t.classes[c]; f != nil {
		return *f
	}
	return figure{}
}

// count is how many objects a figure is about, those included that the report does not list by name.
func (f figure) count() int {
	n := 0
	for r := range f.objects {
		n++
		if r.Live != nil {
			n += r.Live.Same
		}
	}
	return n
}

// largest returns the counts in order, the gravest class first, and of those the most findings. What has no room is summed up.
func largest[K comparable](counts map[K]*count, room int) []count {
	list := make([]count, 0, len(counts))
	for _, c := range counts {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b count) int {
		return cmp.Or(cmp.Compare(b.total, a.total), cmp.Compare(a.gravest(), b.gravest()), cmp.Compare(a.name, b.name))
	})
	if len(list) <= room {
		return list
	}
	rest := count{name: plural(len(list)-room+1, "other"), classes: map[provider.Consequence]int{}}
	for _, c := range list[room-1:] {
		rest.total += c.total
		for class, n := range c.classes {
			rest.classes[class] += n
		}
	}
	return append(list[:room-1:room-1], rest)
}

func (c count) gravest() int {
	g := gravity(unclassed)
	for class := range c.classes {
		g = min(g, gravity(class))
	}
	return g
}
