// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
)

const again = "install demarc's chart again, and see who changed it"

// judgeRegistration says what one of demarc's registrations tells by itself.
func judgeRegistration(s policy.State, c *admissionregistrationv1.ValidatingWebhookConfiguration, managed bool) []policy.Sighting {
	var found []policy.Sighting
	say := func(path *field.Path, message, fix string) {
		// Its metadata is left out: the mark that keeps the enforcer away is the one that exempts objects.
		found = append(found, policy.Sighting{
			Object:  policy.Subject{Resource: validating, Name: c.Name},
			Finding: policy.Finding{Path: path, Message: message, Fix: fix}})
	}
	meta := field.NewPath("metadata")
	if c.Labels[nameLabel] != "demarc" {
		say(meta.Child("labels").Key(nameLabel), "must be demarc, or this is somebody else's of the same name", again)
	}
	if exempt := s.Provider.Marks.Exempts; managed {
		if c.Labels[exempt.Key] != exempt.Value {
			say(meta.Child("labels").Key(exempt.Key), "must be true, or AKS takes its namespaces out of this registration", again)
		}
		if c.Annotations[exempt.Key] != exempt.Value {
			say(meta.Child("annotations").Key(exempt.Key), "must be true, or AKS takes its namespaces out of this registration", again)
		}
	}
	if len(c.Webhooks) == 0 {
		say(field.NewPath("webhooks"), "must not be empty: nothing is judged", again)
	}
	for i := range c.Webhooks {
		judgeWebhook(s, &c.Webhooks[i], field.NewPath("webhooks").Index(i), managed, say)
	}
	return found
}

func judgeWebhook(s policy.State, w *admissionregistrationv1.ValidatingWebhook, path *field.Path, managed bool,
	say func(*field.Path, string, string)) {
	if w.ClientConfig.Service != nil && len(w.ClientConfig.CABundle) == 0 {
		say(path.Child("clientConfig", "caBundle"), "must be set, or the API server trusts no answer and judges nothing",
			"see the log of demarc's pods for why its certificate is missing")
	}
	if managed && (w.FailurePolicy == nil || *w.FailurePolicy != admissionregistrationv1.Ignore) {
		say(path.Child("failurePolicy"), "must be Ignore: failing closed over kube-system can keep a cluster from coming back", again)
	}
	if len(w.Rules) == 0 {
		say(path.Child("rules"), "must not be empty: nothing is judged", again)
	}
	if len(w.MatchConditions) == 0 {
		say(path.Child("matchConditions"), "must keep AKS's own requests out", again)
	}
	if o := w.ObjectSelector; o != nil && len(o.MatchLabels)+len(o.MatchExpressions) > 0 {
		say(path.Child("objectSelector"), "must be empty: objects that it leaves out are not judged", again)
	}
	terms := selectorTerms(w.NamespaceSelector)
	switch hides := s.Provider.Marks.HidesNamespace; {
	case managed:
		if !slices.ContainsFunc(terms, wants) {
			say(path.Child("namespaceSelector"), "must select AKS's namespaces by their label, and selects none", again)
		}
		if excludesAll(s, terms) {
			say(path.Child("namespaceSelector"), "must not leave AKS's namespaces out: its enforcer has rewritten the selector", again)
		}
	default:
		for _, mark := range hides {
			if !slices.ContainsFunc(terms, func(t metav1.LabelSelectorRequirement) bool {
				return t.Key == mark.Key && leavesOut(t, mark.Value)
			}) {
				say(path.Child("namespaceSelector"), "must leave out namespaces labelled "+mark.Key+": "+mark.Value+
					", or AKS rewrites it and Git sees drift", again)
			}
		}
	}
}

// selectorTerms are the expressions of a selector; nil for none.
func selectorTerms(selector *metav1.LabelSelector) []metav1.LabelSelectorRequirement {
	if selector == nil {
		return nil
	}
	return selector.MatchExpressions
}

// wants says whether a term demands a label, leavesOut whether it turns a value of one away.
func wants(t metav1.LabelSelectorRequirement) bool {
	return t.Operator == metav1.LabelSelectorOpIn || t.Operator == metav1.LabelSelectorOpExists
}

func leavesOut(t metav1.LabelSelectorRequirement, value string) bool {
	return t.Operator == metav1.LabelSelectorOpDoesNotExist || t.Operator == metav1.LabelSelectorOpNotIn && slices.Contains(t.Values, value)
}

// excludesAll says whether the terms leave out every namespace that carries one of the marks.
func excludesAll(s policy.State, terms []metav1.LabelSelectorRequirement) bool {
	for _, mark := range s.Provider.Marks.HidesNamespace {
		if !slices.ContainsFunc(terms, func(t metav1.LabelSelectorRequirement) bool { return t.Key == mark.Key && leavesOut(t, mark.Value) }) {
			return false
		}
	}
	return true
}
