// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/netip"
	"slices"
	"strings"
)

// index holds the lookups that the request path makes, built once when the profile is loaded.
type index struct {
	clauses    map[ClauseID]*Clause
	namespaces map[string]*ManagedNamespace
	identities map[string]*Identity
	prefixed   []*Identity
	accounts   map[serviceAccount]*Identity
	labels     keys
	notes      keys
	taints     keys
	thirdParty thirdPartyIndex

	addresses map[netip.Addr]*PlatformAddress
	nodeFiles nodeTree
}

// keys finds metadata keys: exact ones in a map, prefixes from the longest to the shortest.
type keys struct {
	exact    map[string]*MetadataKey
	prefixes []*MetadataKey
}

func (p *Profile) build() {
	p.index = index{
		clauses:    map[ClauseID]*Clause{},
		namespaces: map[string]*ManagedNamespace{},
		identities: map[string]*Identity{},
		accounts:   map[serviceAccount]*Identity{},
		labels:     newKeys(p.NodeMetadata.Labels),
		notes:      newKeys(p.NodeMetadata.Annotations),
		taints:     newKeys(p.NodeMetadata.Taints),
		thirdParty: newThirdPartyIndex(&p.ThirdParty),

		addresses: platformAddresses(p.PlatformAddresses),
		nodeFiles: newNodeTree(&p.NodeFiles),
	}
	for i := range p.Clauses {
		p.index.clauses[p.Clauses[i].ID] = &p.Clauses[i]
	}
	for i := range p.Namespaces {
		p.index.namespaces[p.Namespaces[i].Name] = &p.Namespaces[i]
	}
	for i := range p.Identities {
		id := &p.Identities[i]
		if strings.HasSuffix(id.User, "*") {
			p.index.prefixed = append(p.index.prefixed, id)
			continue
		}
		p.index.identities[id.User] = id
		if account, ok := parseAccount(id.User); ok {
			p.index.accounts[account] = id
		}
	}
}

func newKeys(list []MetadataKey) keys {
	k := keys{exact: map[string]*MetadataKey{}}
	for i := range list {
		if strings.HasSuffix(list[i].Key, "*") {
			k.prefixes = append(k.prefixes, &list[i])
			continue
		}
		k.exact[list[i].Key] = &list[i]
	}
	slices.SortStableFunc(k.prefixes, func(a, b *MetadataKey) int { return len(b.Key) - len(a.Key) })
	return k
}

func (k keys) find(key string) (MetadataKey, bool) {
	if m, ok := k.exact[key]; ok {
		return *m, true
	}
	for _, m := range k.prefixes {
		if MatchName(m.Key, key) {
			return *m, true
		}
	}
	return MetadataKey{}, false
}

// MatchName says whether name is pattern, or begins with it where the pattern ends in "*".
func MatchName(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

// MatchAny says whether one of the patterns matches name.
func MatchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return MatchName(p, name) })
}

// Clause returns the clause with that id.
func (p *Profile) Clause(id ClauseID) (Clause, bool) {
	c, ok := p.index.clauses[id]
	if !ok {
		return Clause{}, false
	}
	return *c, true
}

// Identify returns the profile's identity for a user, if it is one: only the exact user name counts, and where the
// entry names a group, that too.
func (p *Profile) Identify(user string, groups []string) (Identity, bool) {
	if id, ok := p.index.identities[user]; ok && id.holds(groups) {
		return *id, true
	}
	for _, id := range p.index.prefixed {
		if MatchName(id.User, user) && id.holds(groups) {
			return *id, true
		}
	}
	return Identity{}, false
}

func (id *Identity) holds(groups []string) bool {
	return id.Group == "" || slices.Contains(groups, id.Group)
}

// NamespaceNamed returns the managed namespace of that name. The name alone proves nothing: see ManagesNamespace.
func (p *Profile) NamespaceNamed(name string) (ManagedNamespace, bool) {
	n, ok := p.index.namespaces[name]
	if !ok {
		return ManagedNamespace{}, false
	}
	return *n, true
}

// ManagesNamespace returns the mark that makes a namespace with these labels the provider's.
func (p *Profile) ManagesNamespace(labels map[string]string) (Label, bool) {
	return first(p.Marks.ManagedNamespace, labels)
}

// Marked returns the mark that makes an object with these labels the provider's: one that the customer may not edit. A
// label that says so of itself comes before the legacy one, which counts only where no label speaks of a mode.
func (p *Profile) Marked(labels map[string]string) (Label, bool) {
	if len(labels) == 0 || p.Editable(labels) {
		return Label{}, false
	}
	if l, ok := first(p.Marks.Managed, labels); ok {
		return l, true
	}
	for _, key := range p.Marks.ModeKeys {
		if _, ok := labels[key]; ok {
			return Label{}, false
		}
	}
	return first(p.Marks.Legacy, labels)
}

// Editable says whether an object with these labels was made by the provider for the customer to edit.
func (p *Profile) Editable(labels map[string]string) bool {
	_, ok := first(p.Marks.Editable, labels)
	return ok
}

// Matches says whether the labels carry this one.
func (l Label) Matches(labels map[string]string) bool {
	v, ok := labels[l.Key]
	return ok && (l.Value == "" || v == l.Value)
}

func first(marks []Label, labels map[string]string) (Label, bool) {
	for i := range marks {
		if marks[i].Matches(labels) {
			return marks[i], true
		}
	}
	return Label{}, false
}

// OwnsKey says whether a label or annotation key lies below a prefix of the provider's.
func (p *Profile) OwnsKey(key string) bool {
	return slices.ContainsFunc(p.Marks.Prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// CustomersKey says whether a customer is told to set this key, on Label or Annotation, on objects of this kind.
func (p *Profile) CustomersKey(on, kind, key string) bool {
	return slices.ContainsFunc(p.CustomerKeys, func(c CustomerKey) bool {
		return c.On == on && MatchName(c.Key, key) && (len(c.Kinds) == 0 || slices.Contains(c.Kinds, kind))
	})
}

// KnownComponent says whether an object of that name is one that the provider is known to manage.
func (p *Profile) KnownComponent(namespace, group, kind, name string) (Component, bool) {
	for i := range p.Components {
		c := &p.Components[i]
		if c.Kind == kind && c.Group == group && c.Namespace == namespace && MatchAny(c.Names, name) {
			return *c, true
		}
	}
	return Component{}, false
}

// NodeLabel returns what is known of a label key on nodes.
func (p *Profile) NodeLabel(key string) (MetadataKey, bool) { return p.index.labels.find(key) }

// NodeAnnotation returns what is known of an annotation key on nodes.
func (p *Profile) NodeAnnotation(key string) (MetadataKey, bool) { return p.index.notes.find(key) }

// NodeTaint returns what is known of a taint key on nodes.
func (p *Profile) NodeTaint(key string) (MetadataKey, bool) { return p.index.taints.find(key) }
