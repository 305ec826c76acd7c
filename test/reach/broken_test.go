// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"maps"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
)

// match points at the fields of a webhook, a policy or a binding, by which it is broken. Some have no such field: those
// point at nothing that is read.
type match struct {
	rules, exclude      *[]admissionregistrationv1.NamedRuleWithOperations
	namespaces, objects **metav1.LabelSelector
	policy              **admissionregistrationv1.MatchPolicyType
	failure             **admissionregistrationv1.FailurePolicyType
	conditions          *[]admissionregistrationv1.MatchCondition
}

type breaker = func(r *Round, s *admissionconfig.Server)

func hooks(change func(m *match)) breaker {
	return func(r *Round, _ *admissionconfig.Server) {
		for _, c := range r.Configurations.Validating {
			for i := range c.Webhooks {
				w := &c.Webhooks[i]
				inWebhook(change, &w.Rules, &match{namespaces: &w.NamespaceSelector, objects: &w.ObjectSelector, policy: &w.MatchPolicy,
					failure: &w.FailurePolicy, conditions: &w.MatchConditions})
			}
		}
		for _, c := range r.Configurations.Mutating {
			for i := range c.Webhooks {
				w := &c.Webhooks[i]
				inWebhook(change, &w.Rules, &match{namespaces: &w.NamespaceSelector, objects: &w.ObjectSelector, policy: &w.MatchPolicy,
					failure: &w.FailurePolicy, conditions: &w.MatchConditions})
			}
		}
		for _, p := range r.Configurations.ValidatingPolicies {
			inResources(change, p.Spec.MatchConstraints, &p.Spec.FailurePolicy, &p.Spec.MatchConditions)
		}
		for _, p := range r.Configurations.MutatingPolicies {
			inResources(change, p.Spec.MatchConstraints, &p.Spec.FailurePolicy, &p.Spec.MatchConditions)
		}
		for _, b := range r.Configurations.ValidatingBindings {
			inResources(change, b.Spec.MatchResources, nil, nil)
		}
		for _, b := range r.Configurations.MutatingBindings {
			inResources(change, b.Spec.MatchResources, nil, nil)
		}
	}
}

func inWebhook(change func(m *match), list *[]admissionregistrationv1.RuleWithOperations, m *match) {
	var named, none []admissionregistrationv1.NamedRuleWithOperations
	for _, r := range *list {
		named = append(named, admissionregistrationv1.NamedRuleWithOperations{RuleWithOperations: r})
	}
	m.rules, m.exclude = &named, &none
	change(m)
	*list = nil
	for _, r := range named {
		*list = append(*list, r.RuleWithOperations)
	}
}

func inResources(change func(m *match), resources *admissionregistrationv1.MatchResources,
	failure **admissionregistrationv1.FailurePolicyType, conditions *[]admissionregistrationv1.MatchCondition) {
	if resources == nil {
		return
	}
	if failure == nil {
		failure, conditions = new(*admissionregistrationv1.FailurePolicyType), new([]admissionregistrationv1.MatchCondition)
	}
	change(&match{rules: &resources.ResourceRules, exclude: &resources.ExcludeResourceRules, namespaces: &resources.NamespaceSelector,
		objects: &resources.ObjectSelector, policy: &resources.MatchPolicy, failure: failure, conditions: conditions})
}

func rules(change func(r *admissionregistrationv1.NamedRuleWithOperations)) breaker {
	return hooks(func(m *match) {
		for i := range *m.rules {
			change(&(*m.rules)[i])
		}
		for i := range *m.exclude {
			change(&(*m.exclude)[i])
		}
	})
}

func replaced(old, with string) breaker {
	return rules(func(r *admissionregistrationv1.NamedRuleWithOperations) {
		for i := range r.Resources {
			if r.Resources[i] == old {
				r.Resources[i] = with
			}
		}
	})
}

func orElse[T any](p *T, otherwise T) *T {
	if p == nil {
		return &otherwise
	}
	return p
}

func widen(s *admissionconfig.Set) {
	for _, b := range s.ValidatingBindings {
		b.Spec.MatchResources = nil
	}
	for _, b := range s.MutatingBindings {
		b.Spec.MatchResources = nil
	}
}

func bind(s *admissionconfig.Set) {
	for _, p := range s.ValidatingPolicies {
		b := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: p.Name}}
		b.Spec.PolicyName = p.Name
		s.ValidatingBindings = append(s.ValidatingBindings, b)
	}
}

func requests(change func(q *admissionconfig.Request)) breaker {
	return func(r *Round, _ *admissionconfig.Server) {
		for _, c := range r.Calls {
			for _, q := range []*admissionconfig.Request{c.Mutating, c.Validating} {
				if q != nil {
					change(q)
				}
			}
		}
	}
}

func named(q *admissionconfig.Request) {
	if q.Name == "" {
		q.Name = "old"
	}
}

// connected takes the options of a CONNECT for an object with an empty set of labels.
func connected(q *admissionconfig.Request) {
	if q.Operation == admissionregistrationv1.Connect {
		q.Operation = admissionregistrationv1.Update
	}
}

// placed holds namespace selectors against what is in no namespace.
func placed(q *admissionconfig.Request) {
	if q.Namespace == nil && q.Resource.Resource != "namespaces" {
		q.Namespace = &admissionconfig.Namespace{}
	}
}

// kept takes the labels of a Namespace from what is stored, not from what is written.
func kept(q *admissionconfig.Request) {
	if q.Resource.Resource != "namespaces" || q.Object == nil || q.Namespace == nil {
		return
	}
	meta, _ := q.Object.Content["metadata"].(map[string]any)
	stored := map[string]any{}
	for k, v := range q.Namespace.Labels {
		stored[k] = v
	}
	changed := maps.Clone(meta)
	changed["labels"] = stored
	content := maps.Clone(q.Object.Content)
	content["metadata"] = changed
	q.Object = &admissionconfig.Object{Content: content}
}

// unnamed forgets the label by which every namespace bears its name.
func unnamed(q *admissionconfig.Request) {
	if q.Namespace != nil {
		q.Namespace = &admissionconfig.Namespace{Labels: q.Namespace.Labels}
	}
}
