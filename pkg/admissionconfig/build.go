// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What the API server fills in.
const (
	defaultTimeoutSeconds = 10
	defaultServicePort    = 443
)

// FromValidating returns the hooks of a configuration, one for each webhook, in their order.
func FromValidating(c *admissionregistrationv1.ValidatingWebhookConfiguration) []*Hook {
	hooks := make([]*Hook, 0, len(c.Webhooks))
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		hooks = append(hooks, webhookAt(refTo(ValidatingWebhook, &c.ObjectMeta), i, &webhookFields{
			name: w.Name, client: w.ClientConfig, rules: w.Rules, failure: w.FailurePolicy, match: w.MatchPolicy,
			namespaces: w.NamespaceSelector, objects: w.ObjectSelector, effects: w.SideEffects, timeout: w.TimeoutSeconds,
			versions: w.AdmissionReviewVersions, conditions: w.MatchConditions}))
	}
	return hooks
}

// FromMutating returns the hooks of a configuration, one for each webhook, in their order.
func FromMutating(c *admissionregistrationv1.MutatingWebhookConfiguration) []*Hook {
	hooks := make([]*Hook, 0, len(c.Webhooks))
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		h := webhookAt(refTo(MutatingWebhook, &c.ObjectMeta), i, &webhookFields{
			name: w.Name, client: w.ClientConfig, rules: w.Rules, failure: w.FailurePolicy, match: w.MatchPolicy,
			namespaces: w.NamespaceSelector, objects: w.ObjectSelector, effects: w.SideEffects, timeout: w.TimeoutSeconds,
			versions: w.AdmissionReviewVersions, conditions: w.MatchConditions})
		h.ReinvocationPolicy = orElse(w.ReinvocationPolicy, admissionregistrationv1.NeverReinvocationPolicy)
		hooks = append(hooks, h)
	}
	return hooks
}

// webhookFields are those that both kinds of webhook have.
type webhookFields struct {
	name       string
	client     admissionregistrationv1.WebhookClientConfig
	rules      []admissionregistrationv1.RuleWithOperations
	failure    *admissionregistrationv1.FailurePolicyType
	match      *admissionregistrationv1.MatchPolicyType
	namespaces *metav1.LabelSelector
	objects    *metav1.LabelSelector
	effects    *admissionregistrationv1.SideEffectClass
	timeout    *int32
	versions   []string
	conditions []admissionregistrationv1.MatchCondition
}

func webhookAt(configuration Ref, i int, w *webhookFields) *Hook {
	path := field.NewPath("webhooks").Index(i)
	client := w.client.DeepCopy()
	if s := client.Service; s != nil && s.Port == nil {
		s.Port = new(int32(defaultServicePort))
	}
	rules := make([]admissionregistrationv1.NamedRuleWithOperations, 0, len(w.rules))
	for _, r := range w.rules {
		rules = append(rules, admissionregistrationv1.NamedRuleWithOperations{RuleWithOperations: r})
	}
	return &Hook{
		Configuration: configuration, Name: w.name, Index: i, Path: path,
		Criteria: []Criteria{{
			Path: path, RulesField: "rules", Rules: rules,
			NamespaceSelector: orElse(w.namespaces, metav1.LabelSelector{}),
			ObjectSelector:    orElse(w.objects, metav1.LabelSelector{}),
			MatchPolicy:       orElse(w.match, admissionregistrationv1.Equivalent),
		}},
		MatchConditions: w.conditions, FailurePolicy: orElse(w.failure, admissionregistrationv1.Fail), SideEffects: w.effects,
		TimeoutSeconds: orElse(w.timeout, defaultTimeoutSeconds), ReviewVersions: w.versions, Client: client,
		conditions: newConditions(w.conditions, false),
	}
}

// FromValidatingPolicy returns the hooks of a policy: one for each of the bindings that name it, or one without a
// binding if there is none.
func FromValidatingPolicy(p *admissionregistrationv1.ValidatingAdmissionPolicy,
	bindings ...*admissionregistrationv1.ValidatingAdmissionPolicyBinding) []*Hook {
	base := policyHook(refTo(ValidatingPolicy, &p.ObjectMeta), p.Spec.MatchConstraints, p.Spec.MatchConditions, p.Spec.FailurePolicy, p.Spec.ParamKind)
	var hooks []*Hook
	for _, b := range bindings {
		if b.Spec.PolicyName != p.Name {
			continue
		}
		h := base.bound(refTo(ValidatingPolicy+"Binding", &b.ObjectMeta), b.Spec.MatchResources, b.Spec.ParamRef)
		h.Actions = b.Spec.ValidationActions
		hooks = append(hooks, h)
	}
	return orUnbound(hooks, base)
}

// FromMutatingPolicy returns the hooks of a policy: one for each of the bindings that name it, or one without a binding
// if there is none.
func FromMutatingPolicy(p *admissionregistrationv1.MutatingAdmissionPolicy,
	bindings ...*admissionregistrationv1.MutatingAdmissionPolicyBinding) []*Hook {
	base := policyHook(refTo(MutatingPolicy, &p.ObjectMeta), p.Spec.MatchConstraints, p.Spec.MatchConditions, p.Spec.FailurePolicy, p.Spec.ParamKind)
	base.ReinvocationPolicy = p.Spec.ReinvocationPolicy
	var hooks []*Hook
	for _, b := range bindings {
		if b.Spec.PolicyName == p.Name {
			hooks = append(hooks, base.bound(refTo(MutatingPolicy+"Binding", &b.ObjectMeta), b.Spec.MatchResources, b.Spec.ParamRef))
		}
	}
	return orUnbound(hooks, base)
}

func orUnbound(hooks []*Hook, base *Hook) []*Hook {
	if len(hooks) == 0 {
		return []*Hook{base}
	}
	return hooks
}

func policyHook(configuration Ref, m *admissionregistrationv1.MatchResources, conditions []admissionregistrationv1.MatchCondition,
	failure *admissionregistrationv1.FailurePolicyType, params *admissionregistrationv1.ParamKind) *Hook {
	path := field.NewPath("spec")
	return &Hook{
		Configuration: configuration, Index: -1, Path: path,
		Criteria:        []Criteria{criteria(m, path.Child("matchConstraints"), false)},
		MatchConditions: conditions, FailurePolicy: orElse(failure, admissionregistrationv1.Fail), ParamKind: params,
		conditions: newConditions(conditions, params != nil),
	}
}

// bound returns the policy with one of its bindings, which narrows it. One that narrows nothing adds no criteria.
func (h *Hook) bound(binding Ref, m *admissionregistrationv1.MatchResources, params *admissionregistrationv1.ParamRef) *Hook {
	bound := *h
	bound.Binding, bound.Name, bound.ParamRef = &binding, binding.Name, params
	if m != nil {
		bound.Criteria = append(bound.Criteria[:1:1], criteria(m, field.NewPath("spec", "matchResources"), true))
	}
	return &bound
}

func criteria(m *admissionregistrationv1.MatchResources, path *field.Path, binding bool) Criteria {
	if m == nil {
		m = &admissionregistrationv1.MatchResources{}
	}
	return Criteria{
		Binding: binding, Path: path, RulesField: "resourceRules", Rules: m.ResourceRules, Exclude: m.ExcludeResourceRules,
		NamespaceSelector: orElse(m.NamespaceSelector, metav1.LabelSelector{}),
		ObjectSelector:    orElse(m.ObjectSelector, metav1.LabelSelector{}),
		MatchPolicy:       orElse(m.MatchPolicy, admissionregistrationv1.Equivalent),
	}
}

func refTo(k Kind, m *metav1.ObjectMeta) Ref {
	return Ref{Kind: k, Name: m.Name, UID: m.UID, Labels: m.Labels, Annotations: m.Annotations}
}

func orElse[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
