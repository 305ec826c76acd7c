// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// configuration is what both kinds of webhook configurations have in common, as far as it is asked here.
type configuration struct {
	resource  object.Resource
	meta      *metav1.ObjectMeta
	selectors []*metav1.LabelSelector
}

func configurations(s policy.State) []configuration {
	var all []configuration
	for i := range s.Admission.Validating {
		c := &s.Admission.Validating[i]
		one := configuration{resource: validating, meta: &c.ObjectMeta}
		for j := range c.Webhooks {
			one.selectors = append(one.selectors, c.Webhooks[j].NamespaceSelector)
		}
		all = append(all, one)
	}
	for i := range s.Admission.Mutating {
		c := &s.Admission.Mutating[i]
		one := configuration{resource: mutating, meta: &c.ObjectMeta}
		for j := range c.Webhooks {
			one.selectors = append(one.selectors, c.Webhooks[j].NamespaceSelector)
		}
		all = append(all, one)
	}
	return all
}

func resourceOf(kind string) object.Resource {
	if kind == mutating.Kind {
		return mutating
	}
	return validating
}

func guardThere(s policy.State, g provider.Guard) bool {
	return slices.ContainsFunc(configurations(s), func(c configuration) bool {
		return c.resource.Kind == g.Kind && provider.MatchName(g.Name, c.meta.Name)
	})
}

// ofProvider says whether the provider runs this cluster: one of its webhooks is there, or a node lies in its cloud.
func ofProvider(s policy.State) bool {
	owned := slices.ContainsFunc(configurations(s), func(c configuration) bool {
		return s.Provider.Guards.Owns(c.resource.Kind, c.meta.Name, c.meta.Labels)
	})
	return owned || slices.ContainsFunc(s.Nodes, func(n policy.NodeState) bool {
		return labelsOf(n.Subject)[s.Provider.NodeImages.Label.Key] != ""
	})
}

// notRewritten tells of webhooks that AKS's enforcer would have rewritten, had it seen them: it is slow, or not there.
func notRewritten(s policy.State) []policy.Sighting {
	var reach []string
	others := 0
	for _, c := range configurations(s) {
		ours := c.meta.Name == policy.CustomersRegistration || c.meta.Name == policy.ManagedRegistration || c.meta.Labels[nameLabel] == "demarc"
		if ours || s.Provider.Guards.Owns(c.resource.Kind, c.meta.Name, c.meta.Labels) ||
			admissionconfig.OptedOut(s.Provider, c.meta.Labels, c.meta.Annotations) {
			continue
		}
		others++
		if slices.ContainsFunc(c.selectors, func(sel *metav1.LabelSelector) bool { return !written(s, sel) }) {
			reach = append(reach, c.meta.Name)
		}
	}
	if len(reach) == 0 || !ofProvider(s) {
		return nil
	}
	return []policy.Sighting{{Finding: policy.Finding{
		Message: fmt.Sprintf("should have been rewritten by AKS's enforcer: %d of %s without its terms: %s",
			len(reach), are(others, "webhook configuration"), few(reach)),
		Fix:   "put the terms into their namespace selectors, so that nothing rewrites them",
		Doubt: "the enforcer may not have come to them yet", AtMost: policy.Audit}}}
}

// written says whether a selector has one of the forms that the enforcer writes, or leaves as it is: each mark is left out.
func written(s policy.State, selector *metav1.LabelSelector) bool {
	terms := selectorTerms(selector)
	if excludesAll(s, terms) {
		return true
	}
	for _, w := range s.Provider.Guards.Written {
		if w.Operator == string(metav1.LabelSelectorOpDoesNotExist) && slices.ContainsFunc(terms, func(t metav1.LabelSelectorRequirement) bool {
			return t.Key == w.Key && string(t.Operator) == w.Operator
		}) {
			return true
		}
	}
	return false
}
