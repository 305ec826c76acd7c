// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// SupportObject is a role or binding that the provider's support acts through, known by kind and name. It belongs to the
// RBAC group and to no namespace.
type SupportObject struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Superseded is true where only an old edition of the policy names it: a doubt.
	Superseded bool   `json:"superseded,omitempty"`
	Source     Source `json:"source"`
}

// SupportObjectNamed returns the role or binding of the provider's support that has this kind and name.
func (p *Profile) SupportObjectNamed(kind, name string) (SupportObject, bool) {
	i := slices.IndexFunc(p.SupportAccess, func(o SupportObject) bool { return o.Kind == kind && o.Name == name })
	if i < 0 {
		return SupportObject{}, false
	}
	return p.SupportAccess[i], true
}

func (v *validator) supportAccess() {
	for i, o := range v.profile.SupportAccess {
		path := field.NewPath("supportAccess").Index(i)
		oneOf(v, path.Child("kind"), o.Kind, "ClusterRole", "ClusterRoleBinding")
		v.required(path.Child("name"), o.Name, "the object's name")
		v.unique(path.Child("name"), "support's "+o.Kind, o.Name)
		v.source(path, o.Source)
	}
}
