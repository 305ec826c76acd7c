// SPDX-License-Identifier: Apache-2.0

// Package enforcer keeps other people's webhooks away from the provider's namespaces where the provider's own enforcer
// doesn't: it adds the terms that are missing to the namespace selectors of webhook configurations. It gives up where
// somebody sets them back, and stands aside where the provider's enforcer is at work.
package enforcer

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// Terms returns what the provider's enforcer adds to a namespace selector, in its order.
func Terms(p *provider.Profile) []metav1.LabelSelectorRequirement {
	var terms []metav1.LabelSelectorRequirement
	for _, l := range p.Marks.HidesNamespace {
		term := metav1.LabelSelectorRequirement{Key: l.Key, Operator: metav1.LabelSelectorOpDoesNotExist}
		if l.Value != "" {
			term.Operator, term.Values = metav1.LabelSelectorOpNotIn, []string{l.Value}
		}
		terms = append(terms, term)
	}
	return terms
}

// Complete returns the selector with the terms that it lacks at its end, and how many those were. A term counts as there
// only in the very form in which the provider's enforcer writes it: one that says the same in other words is added
// beside it all the same. The selector that is given is not changed.
func Complete(s *metav1.LabelSelector, terms []metav1.LabelSelectorRequirement) (*metav1.LabelSelector, int) {
	complete := &metav1.LabelSelector{}
	if s != nil {
		complete = s.DeepCopy()
	}
	missing := 0
	for _, term := range terms {
		if !slices.ContainsFunc(complete.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool {
			return r.Key == term.Key && r.Operator == term.Operator && slices.Equal(r.Values, term.Values)
		}) {
			complete.MatchExpressions = append(complete.MatchExpressions, *term.DeepCopy())
			missing++
		}
	}
	return complete, missing
}

// OptedOut says whether a configuration carries the mark that keeps the provider's enforcer away, as label or annotation.
func OptedOut(o metav1.Object, mark provider.Label) bool {
	return mark.Matches(o.GetLabels()) || mark.Matches(o.GetAnnotations())
}
