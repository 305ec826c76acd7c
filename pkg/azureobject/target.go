// SPDX-License-Identifier: Apache-2.0

package azureobject

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
)

// Target is where in Azure an object takes effect, as far as it can be told.
type Target struct {
	Role Role
	// ID has the subscription if it is known, which it is not for an object that names its group in the cluster and was
	// never reconciled: the credential decides then. Without a resource group nothing is certain.
	ID
	// Owner is the object that had to be known to go on, where the resource group is not told.
	Owner Reference
	path  path
}

// Known says whether the resource group is told.
func (t Target) Known() bool { return t.ResourceGroup != "" }

// Path is the field of the object that decides where it takes effect.
func (t Target) Path() *field.Path { return t.path.field() }

// Locate follows an object through its owners, nearest first, to the place in Azure where it takes effect. It is false
// for kinds that this package does not know, and for objects that can't be read.
func Locate(o *object.Object, owners []*object.Object) (Target, bool) {
	k, tree, ok := read(o)
	if !ok {
		return Target{}, false
	}
	t := Target{Role: k.role, path: k.place(tree)}
	walked := 0
	for here := o; ok; walked++ {
		next, more := t.step(k, here, tree)
		if !more {
			break
		}
		if walked == len(owners) || !next.is(owners[walked]) {
			t.Owner = next
			break
		}
		here = owners[walked]
		k, tree, ok = read(here)
	}
	t.complete(o)
	for _, owner := range owners[:walked] {
		t.complete(owner)
	}
	return t, true
}

// step takes from one object of the chain what it tells, and says which one to go on with.
func (t *Target) step(k kind, o *object.Object, tree map[string]any) (Reference, bool) {
	switch name := k.azureName(o, tree); k.level {
	case aGroup:
		t.ResourceGroup = name
		return Reference{}, false
	case inGroup:
		fill(&t.Resource, name)
	case inner:
		fill(&t.Child, name)
	}
	parameters := at(tree, "spec", "forProvider")
	if k.outer != "" {
		fill(&t.Resource, text(parameters, k.outer))
	}
	stated := text(parameters, k.field)
	if !k.crossplane {
		stated = text(tree, "spec", "owner", "armId")
	}
	if k.field == groupName && stated != "" {
		t.ResourceGroup = stated
		return Reference{}, false
	}
	if stated != "" {
		if id, ok := ParseID(stated); ok {
			t.take(id)
		}
		return Reference{}, false
	}
	return k.reference(o, tree)
}

func (t *Target) take(id ID) {
	t.Subscription, t.ResourceGroup = id.Subscription, id.ResourceGroup
	fill(&t.Resource, id.Resource)
	fill(&t.Child, id.Child)
}

func fill(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// complete asks the ID that the project wrote down once the resource was there: for the subscription, and for all else
// where the chain broke off.
func (t *Target) complete(o *object.Object) {
	if t.Subscription != "" {
		return
	}
	k, tree, ok := read(o)
	if !ok {
		return
	}
	id, ok := k.recorded(tree)
	switch {
	case !ok:
	case !t.Known():
		t.take(id)
	case strings.EqualFold(t.ResourceGroup, id.ResourceGroup):
		t.Subscription = id.Subscription
	}
}

// What the projects' annotations are called.
const (
	externalName    = "crossplane.io/external-name"
	paused          = "crossplane.io/paused"
	resourceID      = "serviceoperator.azure.com/resource-id"
	reconcilePolicy = "serviceoperator.azure.com/reconcile-policy"
)

// recorded returns the ID that the project wrote on an object. Status comes first: users don't write it.
func (k kind) recorded(tree map[string]any) (ID, bool) {
	if k.crossplane {
		return ParseID(text(tree, "status", "atProvider", "id"))
	}
	if id, ok := ParseID(text(tree, "status", "id")); ok {
		return id, true
	}
	return ParseID(text(tree, "metadata", "annotations", resourceID))
}

func (k kind) azureName(o *object.Object, tree map[string]any) string {
	name := text(tree, "spec", "azureName")
	if k.crossplane {
		name = o.Meta.Annotations[externalName]
	}
	if name == "" {
		name = o.Meta.Name
	}
	return name
}

// path is a field as its names, made into a field.Path only when there is something to say of it.
type path struct {
	members [3]string
	key     string
}

func (p path) field() *field.Path {
	f := field.NewPath(p.members[0])
	for _, name := range p.members[1:] {
		if name != "" {
			f = f.Child(name)
		}
	}
	if p.key != "" {
		f = f.Key(p.key)
	}
	return f
}

// place finds the field that decides where an object takes effect.
func (k kind) place(tree map[string]any) path {
	switch {
	case k.level == aGroup && k.crossplane && text(tree, "metadata", "annotations", externalName) != "":
		return path{members: [3]string{"metadata", "annotations"}, key: externalName}
	case k.level == aGroup && !k.crossplane && text(tree, "spec", "azureName") != "":
		return path{members: [3]string{"spec", "azureName"}}
	case k.level == aGroup:
		return path{members: [3]string{"metadata", "name"}}
	case !k.crossplane && text(tree, "spec", "owner", "armId") != "":
		return path{members: [3]string{"spec", "owner", "armId"}}
	case !k.crossplane:
		return path{members: [3]string{"spec", "owner", "name"}}
	case text(tree, "spec", "forProvider", k.field) == "" && text(tree, "spec", "forProvider", k.ref, "name") != "":
		return path{members: [3]string{"spec", "forProvider", k.ref}}
	}
	return path{members: [3]string{"spec", "forProvider", k.field}}
}
