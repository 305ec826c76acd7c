// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// Row is one typical request in one namespace, and whether a hook gets it.
type Row struct {
	Typical *Typical
	// Namespace is empty for a request about something in no namespace.
	Namespace string
	// Before is the answer for the configuration as it is, After for what the provider's enforcer would make of it.
	Before, After Answer
}

// Summary is what a hook gets of the typical requests.
type Summary struct {
	Hook *Hook
	// Rewritten is true if the provider's enforcer would change the configuration's selector.
	Rewritten bool
	// Rows are those that the hook gets, or may get, before or after; in the order of the namespaces, then of the requests.
	Rows []Row
}

// Summarise asks for each typical request, in each namespace if it is about something in one, whether the hook gets it.
func (s *Server) Summarise(p *provider.Profile, h *Hook, namespaces []Namespace, typicals []*Typical) *Summary {
	enforced, rewritten := h.Enforced(p)
	sum := &Summary{Hook: h, Rewritten: rewritten}
	ask := func(t *Typical, ns *Namespace) {
		row := Row{Typical: t}
		r := t.In(ns)
		if t.Namespaced {
			row.Namespace = ns.Name
		}
		row.Before = s.Reaches(h, r)
		if row.After = row.Before; rewritten {
			row.After = s.Reaches(enforced, r)
		}
		if row.Before.Reach != No || row.After.Reach != No {
			sum.Rows = append(sum.Rows, row)
		}
	}
	for _, t := range typicals {
		if !t.Namespaced {
			ask(t, nil)
		}
	}
	for i := range namespaces {
		for _, t := range typicals {
			if t.Namespaced {
				ask(t, &namespaces[i])
			}
		}
	}
	return sum
}

// Namespaces returns the names of those in which the hook surely gets something, before or after the enforcer.
func (s *Summary) Namespaces(after bool) []string {
	var names []string
	seen := map[string]bool{}
	for _, r := range s.Rows {
		a := r.Before
		if after {
			a = r.After
		}
		if r.Namespace != "" && a.Reach == Yes && !seen[r.Namespace] {
			seen[r.Namespace] = true
			names = append(names, r.Namespace)
		}
	}
	return names
}

// Lost returns the rows that the enforcer takes away.
func (s *Summary) Lost() []Row {
	var lost []Row
	for _, r := range s.Rows {
		if r.After.Reach < r.Before.Reach {
			lost = append(lost, r)
		}
	}
	return lost
}

// KnownNamespaces returns the provider's namespaces as its profile knows them, for where no cluster can be asked. Those
// that are surely the provider's carry its mark; of a name that customers use as well, only the name is known.
func KnownNamespaces(p *provider.Profile) []Namespace {
	list := make([]Namespace, 0, len(p.Namespaces))
	for _, n := range p.Namespaces {
		ns := Namespace{Name: n.Name, Labels: map[string]string{corev1.LabelMetadataName: n.Name}, Partial: true}
		if !n.AlsoCustomers {
			for _, l := range p.Marks.ManagedNamespace {
				ns.Labels[l.Key] = l.Value
			}
		}
		list = append(list, ns)
	}
	return list
}

// CustomerNamespace returns a namespace as a customer makes one: of its labels only its name is sure, and that it bears
// none of the provider's marks.
func CustomerNamespace(p *provider.Profile, name string) Namespace {
	return Namespace{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}, Partial: true, Without: hides(p)}
}

func hides(p *provider.Profile) []string {
	var keys []string
	for _, l := range p.Marks.HidesNamespace {
		keys = append(keys, l.Key)
	}
	return keys
}
