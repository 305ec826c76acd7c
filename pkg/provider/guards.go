// SPDX-License-Identifier: Apache-2.0

package provider

import "k8s.io/apimachinery/pkg/util/validation/field"

// Guards are the webhook configurations by which the provider guards the cluster itself, and what its enforcer writes
// into those of others.
type Guards struct {
	// Marks are labels that the provider's own configurations carry; any one is enough.
	Marks []Label `json:"marks"`
	// Webhooks are the provider's own by name.
	Webhooks []Guard `json:"webhooks"`
	// Written are the terms that its enforcer has written into the namespace selectors of others: today's and earlier ones.
	Written []SelectorTerm `json:"written"`
}

// Guard is a webhook configuration of the provider's.
type Guard struct {
	Kind string `json:"kind"`
	// Name is exact, or a prefix and "*".
	Name string `json:"name"`
	// Does says what it is for, as the end of a sentence: "refuses changes of system labels on nodes".
	Does string `json:"does,omitempty"`
	// Everywhere is true for one that every cluster is expected to have; others come with an add-on.
	Everywhere bool `json:"everywhere,omitempty"`
	// Gets are typical requests that it surely gets as the provider made it, by the names that the reach model gives them.
	Gets   []string `json:"gets,omitempty"`
	Source Source   `json:"source"`
}

// SelectorTerm is one term of a label selector.
type SelectorTerm struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values,omitempty"`
	Source   Source   `json:"source"`
}

// Owns says whether a webhook configuration is the provider's.
func (g *Guards) Owns(kind, name string, labels map[string]string) bool {
	if _, ok := first(g.Marks, labels); ok {
		return true
	}
	for _, w := range g.Webhooks {
		if w.Kind == kind && MatchName(w.Name, name) {
			return true
		}
	}
	return false
}

func (v *validator) guards() {
	g, path := &v.profile.Guards, field.NewPath("guards")
	v.labels(path.Child("marks"), g.Marks)
	for i, w := range g.Webhooks {
		at := path.Child("webhooks").Index(i)
		oneOf(v, at.Child("kind"), w.Kind, "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
		v.pattern(at.Child("name"), w.Name)
		v.unique(at.Child("name"), w.Kind, w.Name)
		if w.Everywhere || len(w.Gets) > 0 {
			v.required(at.Child("does"), w.Does, "what is lost without it")
		}
		v.source(at, w.Source)
	}
	for i, term := range g.Written {
		at := path.Child("written").Index(i)
		v.required(at.Child("key"), term.Key, "a label key")
		oneOf(v, at.Child("operator"), term.Operator, "In", "NotIn", "Exists", "DoesNotExist")
		v.source(at, term.Source)
	}
}
