// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// Certainty is how sure it is that something is the provider's.
type Certainty int

// The certainties, weakest first.
const (
	NotManaged    Certainty = iota // the customer's
	ManagedByName                  // on the profile's list, but its labels do not say so, or are not known: a doubt
	Managed                        // carries the provider's label
)

// The doubts that rest on a name alone.
const (
	DoubtNamespaceName = "the namespace is known by its name only: its labels do not say that the provider manages it"
	DoubtObjectName    = "the object is known by its name only: it carries none of the provider's labels"
)

// ManagedNamespace says whether the namespace of the object is the provider's. For a request on a Namespace it says so
// of the namespace itself, judged on its old labels, which the request may be about to strip.
func (in Input) ManagedNamespace() Certainty {
	name, labels := in.NamespaceName, map[string]string(nil)
	switch {
	case in.Resource == object.Namespaces:
		name = in.Name
		if before := in.Before(); before != nil {
			labels = before.Meta.Labels
		}
	case in.Namespace != nil:
		labels = in.Namespace.Labels
	}
	if _, ok := in.Provider.ManagesNamespace(labels); ok {
		return Managed
	}
	if _, ok := in.Provider.NamespaceNamed(name); ok {
		return ManagedByName
	}
	return NotManaged
}

// Doubt returns the doubt that a namespace known by its name only brings; empty for a certain one.
func (c Certainty) Doubt() string {
	if c == ManagedByName {
		return DoubtNamespaceName
	}
	return ""
}

// Before returns the state that a change starts from: the old object, or the new one where there is none.
func (in Input) Before() *object.Object {
	if in.Old != nil {
		return in.Old
	}
	return in.Object
}

// Subject returns the object that is judged: the new state, or the old one where the request leaves none (DELETE).
func (in Input) Subject() *object.Object {
	if in.Object != nil {
		return in.Object
	}
	return in.Old
}

// Marked returns the provider's mark on the object, old or new: a mark that the request strips still counts. For a
// subresource it is the mark of the object that the subresource belongs to.
func (in Input) Marked() (provider.Label, bool) {
	for _, o := range []*object.Object{in.Old, in.Object, in.Parent} {
		if o == nil {
			continue
		}
		if l, ok := in.Provider.Marked(o.Meta.Labels); ok {
			return l, true
		}
	}
	return provider.Label{}, false
}

// ForPods turns a check of one pod into a check of every kind that holds one. A DELETE leaves no pod to judge.
func ForPods(check func(Input, object.Pod) []Finding) Check {
	return func(in Input) []Finding {
		pod, ok := in.Object.Pod()
		if !ok {
			return nil
		}
		return check(in, pod)
	}
}
