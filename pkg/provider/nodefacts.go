// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// NodeFacts says where a Node tells of its pool and of what the cloud keeps it in.
type NodeFacts struct {
	// Machines are the forms that spec.providerID may have.
	Machines []MachineForm `json:"machines,omitempty"`
	// ResourceGroup are labels whose value is the resource group. The first that is there counts, and only where the
	// providerID says nothing.
	ResourceGroup []Label `json:"resourceGroup,omitempty"`
	// Pool are labels whose value is the pool's name. The first that is there counts.
	Pool []Label `json:"pool,omitempty"`
	// System are labels of a pool that the provider's own components run in; any one is enough.
	System []Label `json:"system,omitempty"`
	// Dedicated are taints that keep customers' pods out of a pool; any one is enough.
	Dedicated []NodeTaint `json:"dedicated,omitempty"`
	// Virtual are labels of Nodes that are no machines: any one is enough.
	Virtual []Label `json:"virtual,omitempty"`
	// Hosted are labels of machines that the provider runs and updates by itself: any one is enough.
	Hosted []Label `json:"hosted,omitempty"`
}

// CustomersMachine says whether a Node with these labels is a machine that the customer keeps up to date.
func (f *NodeFacts) CustomersMachine(labels map[string]string) bool {
	_, virtual := first(f.Virtual, labels)
	_, hosted := first(f.Hosted, labels)
	return !virtual && !hosted
}

// MachineForm is a form of spec.providerID: segments between slashes, of which those in braces stand for names. The
// others are compared without regard to case.
type MachineForm struct {
	Form   string `json:"form"`
	Source Source `json:"source"`
}

// The names that a MachineForm may hold.
const (
	FormSubscription  = "{subscription}"
	FormResourceGroup = "{resourceGroup}"
	FormScaleSet      = "{scaleSet}"
	FormMachine       = "{machine}"
)

// NodeTaint is a taint of a node.
type NodeTaint struct {
	Key string `json:"key"`
	// Value must be this one, if set: a taint keeps pods out whatever its value.
	Value string `json:"value,omitempty"`
	// Effects of which it must have one.
	Effects []string `json:"effects"`
	Source  Source   `json:"source"`
}

func (v *validator) nodeFacts() {
	f, path := &v.profile.Facts, field.NewPath("facts")
	v.machines(path.Child("machines"), f.Machines)
	v.valueless(path.Child("resourceGroup"), f.ResourceGroup)
	v.valueless(path.Child("pool"), f.Pool)
	v.labels(path.Child("system"), f.System)
	v.labels(path.Child("virtual"), f.Virtual)
	v.labels(path.Child("hosted"), f.Hosted)
	for i, l := range f.System {
		v.required(path.Child("system").Index(i).Child("value"), l.Value, "the value that says so")
	}
	for i, t := range f.Dedicated {
		at := path.Child("dedicated").Index(i)
		v.required(at.Child("key"), t.Key, "a taint key")
		v.notEmpty(at.Child("effects"), len(t.Effects), "the effects that keep pods out")
		for j, effect := range t.Effects {
			oneOf(v, at.Child("effects").Index(j), effect, "NoSchedule", "NoExecute")
		}
		v.source(at, t.Source)
	}
}

// valueless is for labels whose value is the fact.
func (v *validator) valueless(list *field.Path, labels []Label) {
	v.labels(list, labels)
	for i, l := range labels {
		if l.Value != "" {
			v.invalid(list.Index(i).Child("value"), l.Value, "must be empty: the value is what the label tells")
		}
	}
}

func (v *validator) machines(list *field.Path, forms []MachineForm) {
	for i, m := range forms {
		path := list.Index(i).Child("form")
		v.unique(path, "form of machines", strings.ToLower(m.Form))
		segments := strings.Split(m.Form, "/")
		if !slices.Contains(segments, FormResourceGroup) {
			v.invalid(path, m.Form, "must have the segment "+FormResourceGroup)
		}
		seen := map[string]bool{}
		for _, s := range segments {
			if !strings.ContainsAny(s, "{}") {
				continue
			}
			oneOf(v, path, s, FormSubscription, FormResourceGroup, FormScaleSet, FormMachine)
			if seen[s] {
				v.add(field.Duplicate(path, s))
			}
			seen[s] = true
		}
		v.source(list.Index(i), m.Source)
	}
}
