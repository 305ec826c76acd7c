// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// Terms returns the terms that the provider's enforcer wants in every webhook's namespaceSelector, in its order.
func Terms(p *provider.Profile) []metav1.LabelSelectorRequirement {
	var terms []metav1.LabelSelectorRequirement
	for _, l := range p.Marks.HidesNamespace {
		if l.Value == "" {
			terms = append(terms, metav1.LabelSelectorRequirement{Key: l.Key, Operator: metav1.LabelSelectorOpDoesNotExist})
			continue
		}
		terms = append(terms, metav1.LabelSelectorRequirement{
			Key: l.Key, Operator: metav1.LabelSelectorOpNotIn, Values: []string{l.Value}})
	}
	return terms
}

// OptedOut says whether the object carries the mark, as label or as annotation, that keeps the enforcer away.
func OptedOut(p *provider.Profile, labels, annotations map[string]string) bool {
	mark := p.Marks.Exempts
	return mark.Key != "" && (mark.Matches(labels) || mark.Matches(annotations))
}

// Missing returns the terms that the enforcer would append to a namespaceSelector: those that don't stand in it word for
// word. A selector that says the same in other words, the older `DoesNotExist` for one, is completed too.
func Missing(p *provider.Profile, s *metav1.LabelSelector) []metav1.LabelSelectorRequirement {
	var missing []metav1.LabelSelectorRequirement
	for _, term := range Terms(p) {
		if s == nil || !slices.ContainsFunc(s.MatchExpressions, func(have metav1.LabelSelectorRequirement) bool {
			return have.Key == term.Key && have.Operator == term.Operator && slices.Equal(have.Values, term.Values)
		}) {
			missing = append(missing, term)
		}
	}
	return missing
}

// Completed returns the selector as the enforcer would leave it, and whether that changes it. s itself stays as it is.
func Completed(p *provider.Profile, s *metav1.LabelSelector) (*metav1.LabelSelector, bool) {
	missing := Missing(p, s)
	if len(missing) == 0 {
		return s, false
	}
	all := &metav1.LabelSelector{}
	if s != nil {
		all = s.DeepCopy()
	}
	all.MatchExpressions = append(all.MatchExpressions, missing...)
	return all, true
}

// Enforced returns a webhook configuration as the enforcer would leave it, and whether that changes it. One that opts out
// is left alone. c itself stays as it is, and is returned where nothing changes.
func Enforced[C *admissionregistrationv1.ValidatingWebhookConfiguration | *admissionregistrationv1.MutatingWebhookConfiguration](p *provider.Profile, c C) (C, bool) {
	switch c := any(c).(type) {
	case *admissionregistrationv1.ValidatingWebhookConfiguration:
		rewritten := c.DeepCopy()
		selectors := make([]**metav1.LabelSelector, 0, len(rewritten.Webhooks))
		for i := range rewritten.Webhooks {
			selectors = append(selectors, &rewritten.Webhooks[i].NamespaceSelector)
		}
		if enforce(p, &c.ObjectMeta, selectors) {
			return any(rewritten).(C), true
		}
	case *admissionregistrationv1.MutatingWebhookConfiguration:
		rewritten := c.DeepCopy()
		selectors := make([]**metav1.LabelSelector, 0, len(rewritten.Webhooks))
		for i := range rewritten.Webhooks {
			selectors = append(selectors, &rewritten.Webhooks[i].NamespaceSelector)
		}
		if enforce(p, &c.ObjectMeta, selectors) {
			return any(rewritten).(C), true
		}
	}
	return c, false
}

func enforce(p *provider.Profile, meta *metav1.ObjectMeta, selectors []**metav1.LabelSelector) (changed bool) {
	if OptedOut(p, meta.Labels, meta.Annotations) {
		return false
	}
	for _, s := range selectors {
		completed, added := Completed(p, *s)
		*s, changed = completed, changed || added
	}
	return changed
}

// Enforced returns the hook as the enforcer would leave it, and whether that changes it. It leaves policies alone, and
// configurations that opt out. h itself stays as it is, and is returned where nothing changes.
func (h *Hook) Enforced(p *provider.Profile) (*Hook, bool) {
	if !h.Configuration.Kind.Webhook() || OptedOut(p, h.Configuration.Labels, h.Configuration.Annotations) {
		return h, false
	}
	rewritten := *h
	rewritten.Criteria = slices.Clone(h.Criteria)
	changed := false
	for i := range rewritten.Criteria {
		if s, added := Completed(p, &h.Criteria[i].NamespaceSelector); added {
			rewritten.Criteria[i].NamespaceSelector, changed = *s, true
		}
	}
	if !changed {
		return h, false
	}
	return &rewritten, true
}
