// SPDX-License-Identifier: Apache-2.0

// Package pseudonym takes names out of what is written about a cluster, so that it can be shown to strangers. It keeps
// what demarc and the provider say, which is listed, and replaces everything else: what nobody thought of is hidden too.
package pseudonym

import (
	"strconv"
	"strings"
)

// Names gives every name a pseudonym, the same wherever it turns up. Pseudonyms are numbered as they come; the name
// can't be found out from one.
type Names struct {
	known      func(string) bool
	given      map[string]string
	used       map[string]int // how many there are of each kind
	vocabulary vocabulary
}

// New returns names of which none is taken. known says of a name whether it is public: one of the provider's.
func New(known func(string) bool) *Names {
	public := func(name string) bool { return everywhere(name) || known(name) }
	return &Names{known: public, given: map[string]string{}, used: map[string]int{}, vocabulary: words()}
}

// Name returns the pseudonym of a name, which tells its kind: namespace-1. Once a name has one, every text that holds it
// as a word is changed. A name that is public stays.
func (n *Names) Name(kind, name string) string {
	if name == "" || n.known(name) {
		return name
	}
	if p, ok := n.given[name]; ok {
		return p
	}
	n.used[kind]++
	p := kind + "-" + strconv.Itoa(n.used[kind])
	n.given[name] = p
	return p
}

// Path takes the keys out of a field path. Its members and list positions stay.
func (n *Names) Path(path string) string {
	var b strings.Builder
	afterKey := false
	for path != "" {
		members, rest, found := strings.Cut(path, "[")
		b.WriteString(n.members(members, afterKey))
		if !found {
			break
		}
		end := closing(rest)
		key := rest[:end]
		afterKey = afterKey || !number(key)
		b.WriteString("[" + n.Key(key) + "]")
		path = rest[min(end+1, len(rest)):]
	}
	return b.String()
}

// members keeps what can be members of an API's types and changes everything else. What comes after a key may be a part
// of one that holds a bracket itself, so there it must be a known word.
func (n *Names) members(s string, afterKey bool) string {
	strange := strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.'
	})
	if !strange && !afterKey {
		return s
	}
	rest := strings.TrimLeft(s, ".")
	return s[:len(s)-len(rest)] + n.Text(rest)
}

// closing finds the bracket after which a path can go on: a key may hold one itself.
func closing(s string) int {
	for i := range len(s) {
		if s[i] == ']' && (i+1 == len(s) || s[i+1] == '.' || s[i+1] == '[') {
			return i
		}
	}
	return len(s)
}

// Key returns the pseudonym of a key of a map, such as a label. Keys that the provider or Kubernetes defines stay, and so
// do positions; of others, a prefix that is public does.
func (n *Names) Key(key string) string {
	if p, ok := n.given[key]; ok {
		return p
	}
	if key == "*" || n.public(key, quoted) || number(key) {
		return key
	}
	if prefix, name, found := strings.Cut(key, "/"); found && n.public(prefix, quoted) {
		return prefix + "/" + n.Key(name)
	}
	return n.Name("key", key)
}
