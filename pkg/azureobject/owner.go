// SPDX-License-Identifier: Apache-2.0

package azureobject

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
)

// Reference names an object in the cluster. Namespace is empty for a cluster-scoped one.
type Reference struct {
	Kind            schema.GroupKind
	Namespace, Name string
}

// maxChain bounds a chain: the longest that the kinds allow is an association, its subnet and that one's group.
const maxChain = 8

// Owner returns the object that o names as what it lies in. It is false where o names none, names it by its place in
// Azure, or leaves the choice to a selector, which the provider resolves later.
func Owner(o *object.Object) (Reference, bool) {
	k, tree, ok := read(o)
	if !ok || k.level == aGroup {
		return Reference{}, false
	}
	return k.reference(o, tree)
}

// Chain follows what o names as its owner, what that names, and so on, nearest first. It stops where find knows no such
// object, and where a chain comes back to itself.
func Chain(o *object.Object, find func(Reference) *object.Object) []*object.Object {
	var chain []*object.Object
	var seen []Reference
	for len(chain) < maxChain {
		next, ok := Owner(o)
		if !ok || slices.Contains(seen, next) {
			return chain
		}
		if o = find(next); o == nil {
			return chain
		}
		chain, seen = append(chain, o), append(seen, next)
	}
	return chain
}

func read(o *object.Object) (kind, map[string]any, bool) {
	if o == nil {
		return kind{}, nil, false
	}
	k, ok := kinds[o.GVK.GroupKind()]
	if !ok {
		return kind{}, nil, false
	}
	tree, err := o.Tree()
	return k, tree, err == nil
}

// reference returns the object that is named. An ID or a name of Azure's own wins over it, as it does with the projects:
// they fill it in once they have resolved the reference.
func (k kind) reference(o *object.Object, tree map[string]any) (Reference, bool) {
	r := Reference{Kind: k.owner, Namespace: o.Meta.Namespace}
	if !k.crossplane {
		if text(tree, "spec", "owner", "armId") != "" {
			return Reference{}, false
		}
		r.Name = text(tree, "spec", "owner", "name")
		return r, r.Name != ""
	}
	parameters := at(tree, "spec", "forProvider")
	if text(parameters, k.field) != "" {
		return Reference{}, false
	}
	ref := at(parameters, k.ref)
	r.Name = text(ref, "name")
	if namespace := text(ref, "namespace"); namespace != "" && r.Namespace != "" {
		r.Namespace = namespace
	}
	return r, r.Name != ""
}

// is says whether an object is the one that is referred to.
func (r Reference) is(o *object.Object) bool {
	return o != nil && o.GVK.GroupKind() == r.Kind && o.Meta.Namespace == r.Namespace && o.Meta.Name == r.Name
}

// at returns the map at a path; nil where there is none.
func at(tree map[string]any, path ...string) map[string]any {
	for _, name := range path {
		tree, _ = tree[name].(map[string]any)
	}
	return tree
}

// text returns the text at a path; empty where there is none.
func text(tree map[string]any, path ...string) string {
	last := len(path) - 1
	s, _ := at(tree, path[:last]...)[path[last]].(string)
	return s
}
