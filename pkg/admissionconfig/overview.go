// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// Owner says whose a configuration is.
type Owner string

// The owners that are told apart.
const (
	Others    Owner = ""
	Providers Owner = "provider"
	Demarcs   Owner = "demarc"
)

// OwnerOf says whose a hook is: the provider's, demarc's, or somebody else's.
func OwnerOf(p *provider.Profile, h *Hook) Owner {
	switch {
	case p.Guards.Owns(string(h.Configuration.Kind), h.Configuration.Name, h.Configuration.Labels):
		return Providers
	case ours(h):
		return Demarcs
	}
	return Others
}

// Overview is what a hook reaches and what waits for it, in short.
type Overview struct {
	Owner Owner
	// Resources are those that the rules name, in their order, each once; "*" for all, "*.apps" for all of a group.
	Resources []string
	// Namespaced is true if the hook may get requests about something in a namespace.
	Namespaced bool
	// Namespaces are those that it surely selects, once the enforcer has been there; Perhaps those that it may.
	Namespaces, Perhaps []string
	// Waits is what is refused while a hook that fails closed can't be asked, by what stops for it.
	Waits []Wait
}

// Wait is something that the cluster lives by and that waits for a hook.
type Wait struct {
	What string
	// Managed are the provider's namespaces in which it does, Own the one that the hook is served from, and Customers is
	// true if it does in others. All empty for what is in no namespace.
	Managed   []string
	Own       string
	Customers bool
}

// customersAsked bounds how many of a customer's namespaces are asked about for Waits. Those are alike.
const customersAsked = 20

// Overview says in short what a hook reaches. scope says whether a resource is namespaced, and whether that is known;
// nil knows the usual ones.
func (s *Server) Overview(p *provider.Profile, h *Hook, namespaces []Namespace, scope func(schema.GroupResource) (namespaced, known bool)) *Overview {
	o := &Overview{Owner: OwnerOf(p, h)}
	after := h
	if o.Owner == Others {
		after, _ = h.Enforced(p)
	}
	if scope == nil {
		scope = usualScope
	}
	o.resources(h, scope)
	if o.Namespaced {
		for i := range namespaces {
			switch after.selects(&namespaces[i]) {
			case Yes:
				o.Namespaces = append(o.Namespaces, namespaces[i].Name)
			case Maybe:
				o.Perhaps = append(o.Perhaps, namespaces[i].Name)
			case No:
			}
		}
	}
	if h.FailsClosed() && h.Configuration.Kind.Webhook() {
		o.Waits = s.waits(p, after, namespaces)
	}
	return o
}

// selects says whether every selector of the hook takes a namespace in.
func (h *Hook) selects(ns *Namespace) Reach {
	if h.Binding == nil && !h.Configuration.Kind.Webhook() {
		return No
	}
	r := &Request{Operation: create, Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Namespace: ns, AnyName: true}
	reach := Yes
	for i := range h.Criteria {
		reach = min(reach, h.Criteria[i].selectsNamespace(r).Reach)
	}
	return reach
}

func (o *Overview) resources(h *Hook, scope func(schema.GroupResource) (bool, bool)) {
	for i := range h.Criteria {
		c := &h.Criteria[i]
		if c.Binding && len(o.Resources) > 0 {
			continue // it narrows what the policy names
		}
		for _, rule := range c.Rules {
			for _, full := range rule.Resources {
				name, _, _ := strings.Cut(full, "/")
				o.name(name, rule.APIGroups)
				if rule.Scope != nil && *rule.Scope == "Cluster" {
					continue
				}
				for _, group := range rule.APIGroups {
					namespaced, known := scope(schema.GroupResource{Group: group, Resource: name})
					o.Namespaced = o.Namespaced || namespaced || !known
				}
			}
		}
	}
}

// name adds a resource of a rule.
func (o *Overview) name(resource string, groups []string) {
	words := []string{resource}
	if resource == "*" && !slices.Contains(groups, "*") {
		words = nil
		for _, g := range groups {
			words = append(words, "*."+cmp.Or(g, "core"))
		}
	}
	for _, w := range words {
		if !slices.Contains(o.Resources, w) {
			o.Resources = append(o.Resources, w)
		}
	}
}

// usualScope knows the resources of typical requests.
func usualScope(gr schema.GroupResource) (namespaced, known bool) {
	for _, t := range Typicals() {
		if t.request.Resource.GroupResource() == gr {
			return t.Namespaced, true
		}
	}
	return false, false
}

// waits asks which vital requests the hook surely gets.
func (s *Server) waits(p *provider.Profile, h *Hook, namespaces []Namespace) []Wait {
	own := ""
	if h.Client != nil && h.Client.Service != nil {
		own = h.Client.Service.Namespace
	}
	var asked []Namespace
	customers := 0
	for _, ns := range namespaces {
		managed := managedNamespace(p, &ns)
		if !managed && ns.Name != own && ns.Name != heartbeats {
			if customers++; customers > customersAsked {
				continue
			}
		}
		asked = append(asked, ns)
	}
	if len(namespaces) > 0 && customers == 0 {
		asked = append(asked, CustomerNamespace(p, "default"))
	}
	var list []Wait
	for _, t := range Typicals() {
		if t.Vital == "" {
			continue
		}
		if !t.Namespaced {
			if s.Reaches(h, t.In(nil)).Reach == Yes {
				list = put(list, Wait{What: noun(t.ID)})
			}
			continue
		}
		for i := range asked {
			ns := &asked[i]
			if ns.Name == heartbeats && t.ID != "leases-update" {
				continue // nothing else lives there
			}
			if s.Reaches(h, t.In(ns)).Reach != Yes {
				continue
			}
			w := Wait{What: noun(t.ID)}
			switch {
			case ns.Name == own:
				w.Own = own
			case managedNamespace(p, ns) || ns.Name == heartbeats:
				w.Managed = []string{ns.Name}
			default:
				w.Customers = true
			}
			list = put(list, w)
		}
	}
	return list
}

// put adds a wait to what is known of the same thing.
func put(list []Wait, w Wait) []Wait {
	i := slices.IndexFunc(list, func(have Wait) bool { return have.What == w.What })
	if i < 0 {
		return append(list, w)
	}
	have := &list[i]
	for _, name := range w.Managed {
		if !slices.Contains(have.Managed, name) {
			have.Managed = append(have.Managed, name)
		}
	}
	have.Own, have.Customers = cmp.Or(have.Own, w.Own), have.Customers || w.Customers
	return list
}

func managedNamespace(p *provider.Profile, ns *Namespace) bool {
	for _, l := range p.Marks.ManagedNamespace {
		if ns.Labels[l.Key] == l.Value {
			return true
		}
	}
	return false
}

// noun names what a typical request is about.
func noun(id string) string {
	what, _, _ := strings.Cut(id, "-")
	switch what {
	case "csr":
		return "certificate requests"
	case "crds":
		return "CRDs"
	case "serviceaccount":
		return "service account tokens"
	}
	return what
}
