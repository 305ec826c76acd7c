// SPDX-License-Identifier: Apache-2.0

package azureobject

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/object"
)

// Held returns the field by which the object keeps its project from changing anything in Azure: when it is applied, or,
// for a deletion, when it goes. It is nil where nothing does.
func Held(o *object.Object, deletion bool) *field.Path {
	k, tree, ok := read(o)
	if !ok {
		return nil
	}
	annotations := field.NewPath("metadata", "annotations")
	if !k.crossplane {
		// Other values, in other spellings too, mean the same as none.
		policy := o.Meta.Annotations[reconcilePolicy]
		if policy == "skip" || policy == "detach-on-delete" && deletion {
			return annotations.Key(reconcilePolicy)
		}
		return nil
	}
	if o.Meta.Annotations[paused] == "true" {
		return annotations.Key(paused)
	}
	spec := at(tree, "spec")
	actions, managed := spec["managementPolicies"].([]any)
	all := !managed || slices.Contains(actions, any("*"))
	switch {
	case all && deletion && text(spec, "deletionPolicy") == "Orphan":
		return field.NewPath("spec", "deletionPolicy")
	case all, deletion && slices.Contains(actions, any("Delete")),
		!deletion && (slices.Contains(actions, any("Create")) || slices.Contains(actions, any("Update"))):
		return nil
	}
	return field.NewPath("spec", "managementPolicies")
}

// Alike says whether two states of an object ask the same of Azure: their specs are equal, and so is what their
// annotations say. Projects update the rest of their objects all the time.
func Alike(before, after *object.Object) bool {
	_, a, ok := read(before)
	if !ok {
		return false
	}
	_, b, ok := read(after)
	if !ok {
		return false
	}
	for _, name := range []string{externalName, paused, reconcilePolicy} {
		if before.Meta.Annotations[name] != after.Meta.Annotations[name] {
			return false
		}
	}
	return reflect.DeepEqual(a["spec"], b["spec"])
}

// Parameter returns what an object says of its resource under that name, if that is a text.
func Parameter(o *object.Object, name string) string {
	k, tree, ok := read(o)
	switch {
	case !ok:
		return ""
	case k.crossplane:
		return text(tree, "spec", "forProvider", name)
	}
	return text(tree, "spec", name)
}
