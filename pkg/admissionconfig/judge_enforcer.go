// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/policy"
)

// rewritten tells of a selector that the enforcer will complete: no harm in itself, but whoever deploys from Git sees
// drift for ever.
func (j *judge) rewritten(s subject) *opinion {
	if s.after == s.Hook {
		return nil
	}
	o := about(s.Hook, RewrittenByEnforcer, s.Path.Child("namespaceSelector"))
	o.Message = "must hold the terms that AKS's Admissions Enforcer appends, or what is deployed and what runs differ for ever"
	o.Fix = "add to its matchExpressions: " + spellTerms(j.missing(s.Hook))
	o.patch = s.set("namespaceSelector", selectorTree(&s.after.Criteria[0].NamespaceSelector))
	o.AtMost = policy.Audit
	return o
}

func (j *judge) missing(h *Hook) []metav1.LabelSelectorRequirement {
	return Missing(j.profile, &h.Criteria[0].NamespaceSelector)
}

// spellTerms spells terms of a selector as kubectl does.
func spellTerms(list []metav1.LabelSelectorRequirement) string {
	words := make([]string, 0, len(list))
	for _, t := range list {
		word := t.Key + " " + string(t.Operator)
		if len(t.Values) > 0 {
			word += " [" + strings.Join(t.Values, ", ") + "]"
		}
		words = append(words, word)
	}
	return strings.Join(words, " and ")
}

// needlessOptOut tells of a mark that keeps the enforcer away where its terms would take nothing away.
func (j *judge) needlessOptOut(s subject) *opinion {
	if !s.optedOut || j.world.Elsewhere || !j.leavesOutManaged(s.Hook) {
		return nil
	}
	mark := j.profile.Marks.Exempts
	place := "labels"
	if !mark.Matches(s.Configuration.Labels) {
		place = "annotations"
	}
	o := about(s.Hook, NeedlessOptOut, field.NewPath("metadata", place).Key(mark.Key))
	o.Message = "must not be there: the webhook gets nothing from AKS's namespaces, so the enforcer would take nothing away"
	o.Fix = "remove " + mark.Key
	o.patch = &patch{webhook: s.Name, metadata: map[string]any{place: map[string]any{mark.Key: nil}}}
	if missing := j.missing(s.Hook); len(missing) > 0 {
		o.Fix += fmt.Sprintf(", and write %s into the namespaceSelector so that nothing rewrites it", spellTerms(missing))
		completed, _ := Completed(j.profile, &s.Criteria[0].NamespaceSelector)
		o.patch.fields = map[string]any{"namespaceSelector": selectorTree(completed)}
	}
	o.AtMost = policy.Audit
	return o
}

// leavesOutManaged says whether the hook surely gets nothing from a namespace that the enforcer would take out: by its
// selector, or because all that it asks for lies in no namespace.
func (j *judge) leavesOutManaged(h *Hook) bool {
	c := &h.Criteria[0]
	if len(c.Rules) > 0 && !slices.ContainsFunc(c.Rules, inNamespaces) {
		return true
	}
	return !slices.ContainsFunc(j.managedLabels(), func(l labelSet) bool { return selects(&c.NamespaceSelector, l) != No })
}

// managedLabels are what is known of namespaces that the enforcer takes out: one mark each, and all else open.
func (j *judge) managedLabels() []labelSet {
	sets := make([]labelSet, 0, len(j.profile.Marks.HidesNamespace))
	for _, l := range j.profile.Marks.HidesNamespace {
		sets = append(sets, labelSet{labels: map[string]string{l.Key: l.Value}})
	}
	return sets
}

// inNamespaces says whether a rule may select something in a namespace, or a Namespace, which selectors judge as well.
func inNamespaces(r admissionregistrationv1.NamedRuleWithOperations) bool {
	if r.Scope != nil && *r.Scope == admissionregistrationv1.NamespacedScope {
		return true
	}
	if r.Scope != nil && *r.Scope == admissionregistrationv1.ClusterScope {
		return slices.ContainsFunc(r.Resources, func(res string) bool {
			name, _, _ := strings.Cut(res, "/")
			return name == "*" || name == "namespaces"
		}) && has(r.APIGroups, "")
	}
	return !slices.Equal(r.APIGroups, []string{""}) || slices.ContainsFunc(r.Resources, func(res string) bool {
		name, _, _ := strings.Cut(res, "/")
		return name != "nodes" && name != "persistentvolumes"
	})
}
