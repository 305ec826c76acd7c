// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"runtime/debug"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
)

// Surveyed is what posture rules say of one object of a cluster.
type Surveyed struct {
	Subject  policy.Subject
	Decision Decision
}

// Survey asks the posture rules about a cluster as it stands. The result has one entry for each object that something
// was found on, in the order in which they turn up, and first of all one for the cluster itself if a rule failed.
// namespace finds the labels of a namespace for exemptions; nil from it, or a nil function, means unknown.
func (e *Engine) Survey(s policy.State, namespace func(name string) *corev1.Namespace) []Surveyed {
	s.Provider = e.profile
	var all []Surveyed
	index := map[identity]int{}
	at := func(o policy.Subject) *Decision {
		id := identity{o.Resource, o.Namespace, o.Name}
		i, ok := index[id]
		if !ok {
			i = len(all)
			index[id] = i
			all = append(all, Surveyed{Subject: o, Decision: Decision{Profile: e.profile}})
		}
		return &all[i].Decision
	}
	for _, b := range e.surveys {
		sightings, fault := b.survey(s)
		if fault != nil {
			d := at(policy.Subject{})
			d.Faults = append(d.Faults, *fault)
		}
		for _, f := range sightings {
			in := e.about(f.Object, s, namespace)
			d := at(f.Object)
			d.Verdicts = append(d.Verdicts, e.settle(Verdict{Rule: b.rule, Finding: f.Finding}, b.mode, in, s.Now))
			if d.Mark = e.mark(in); d.Mark != nil {
				*d = d.SettleMark(true)
			}
		}
	}
	return all
}

// identity tells one object of a cluster from another.
type identity struct {
	resource        object.Resource
	namespace, name string
}

// about puts the subject of a sighting into the form that exemptions select by.
func (e *Engine) about(o policy.Subject, s policy.State, namespace func(string) *corev1.Namespace) policy.Input {
	in := policy.Input{Operation: policy.AtRest, Resource: o.Resource, Name: o.Name, NamespaceName: o.Namespace,
		Provider: e.profile, Marks: e.marks, Cluster: &s.Cluster}
	if o.Meta != nil {
		in.Object = &object.Object{GVK: o.Resource.GVK(), Meta: o.Meta}
	}
	if o.Namespace != "" && namespace != nil {
		in.Namespace = namespace(o.Namespace)
	}
	return in
}

func (b *bound) survey(s policy.State) (found []policy.Sighting, fault *Fault) {
	defer func() {
		if r := recover(); r != nil {
			fault = &Fault{Rule: b.rule.ID, Err: fmt.Errorf("panic: %v", r), Stack: string(debug.Stack())}
		}
	}()
	return b.rule.Survey(s), nil
}
