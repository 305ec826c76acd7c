// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
)

// sizes say how much one round holds.
type sizes struct{ validating, mutating, gated, validatingPolicies, mutatingPolicies, requests int }

const webhooksEach = 4 // in one configuration

// configurations fills a set with a round's random configurations. Each webhook's name begins with its id.
func (g *generator) configurations(n sizes, url func(id string) admissionregistrationv1.WebhookClientConfig) *admissionconfig.Set {
	s := &admissionconfig.Set{}
	for i := range n.validating {
		if i%webhooksEach == 0 {
			s.Validating = append(s.Validating, &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: g.meta("v", i/webhooksEach)})
		}
		c := s.Validating[len(s.Validating)-1]
		c.Webhooks = append(c.Webhooks, g.validating(fmt.Sprintf("v%d-%d", g.round, i), url))
	}
	for i := range n.mutating {
		if i%webhooksEach == 0 {
			s.Mutating = append(s.Mutating, &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: g.meta("m", i/webhooksEach)})
		}
		c := s.Mutating[len(s.Mutating)-1]
		c.Webhooks = append(c.Webhooks, g.mutating(fmt.Sprintf("m%d-%d", g.round, i), url))
	}
	gated := &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: g.meta("g", 0)}
	for i := range n.gated {
		id := fmt.Sprintf("g%d-%d", g.round, i)
		w := g.validating(id, url)
		w.FailurePolicy = pick(g, nil, new(admissionregistrationv1.Fail))
		w.MatchConditions = []admissionregistrationv1.MatchCondition{gate(id), {Name: "touchy", Expression: g.expression(touchy, 1)}}
		w.Rules = append(w.Rules, everything())
		if g.chance(70) {
			w.NamespaceSelector, w.ObjectSelector = nil, nil
		}
		gated.Webhooks = append(gated.Webhooks, w)
	}
	s.Validating = append(s.Validating, gated)
	for i := range n.validatingPolicies {
		p, b := g.boundPolicy(fmt.Sprintf("p%d-%d", g.round, i))
		s.ValidatingPolicies = append(s.ValidatingPolicies, p)
		if i > 0 { // the first does without
			s.ValidatingBindings = append(s.ValidatingBindings, b)
		}
	}
	for i := range n.mutatingPolicies {
		p, b := g.mutatingPolicy(fmt.Sprintf("q%d-%d", g.round, i))
		s.MutatingPolicies, s.MutatingBindings = append(s.MutatingPolicies, p), append(s.MutatingBindings, b)
	}
	return s
}

func (g *generator) meta(prefix string, i int) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: fmt.Sprintf("%s%d-%d", prefix, g.round, i)}
}

func everything() admissionregistrationv1.RuleWithOperations {
	return admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*/*"}},
	}
}

func (g *generator) sideEffects() *admissionregistrationv1.SideEffectClass {
	return new(pick(g, admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.SideEffectClassNoneOnDryRun))
}

// failing returns a failure policy and conditions that go with it: under Fail, none that makes the API server refuse.
func (g *generator) failing() (*admissionregistrationv1.FailurePolicyType, []admissionregistrationv1.MatchCondition) {
	switch {
	case g.chance(5):
		return new(admissionregistrationv1.Ignore), g.conditions(curious)
	case g.chance(50):
		return new(admissionregistrationv1.Ignore), g.conditions(touchy)
	}
	return pick(g, nil, new(admissionregistrationv1.Fail)), g.conditions(calm)
}

func (g *generator) validating(id string, url func(string) admissionregistrationv1.WebhookClientConfig) admissionregistrationv1.ValidatingWebhook {
	failure, conditions := g.failing()
	return admissionregistrationv1.ValidatingWebhook{
		Name: id + ".reach.demarc.dev", ClientConfig: url(id), Rules: g.rules(anyRule), FailurePolicy: failure, MatchPolicy: g.matchPolicy(),
		NamespaceSelector: g.selector(true), ObjectSelector: g.selector(false), SideEffects: g.sideEffects(),
		AdmissionReviewVersions: []string{"v1"}, MatchConditions: conditions,
	}
}

func (g *generator) mutating(id string, url func(string) admissionregistrationv1.WebhookClientConfig) admissionregistrationv1.MutatingWebhook {
	failure, conditions := g.failing()
	return admissionregistrationv1.MutatingWebhook{
		Name: id + ".reach.demarc.dev", ClientConfig: url(id), Rules: g.rules(anyRule), FailurePolicy: failure, MatchPolicy: g.matchPolicy(),
		NamespaceSelector: g.selector(true), ObjectSelector: g.selector(false), SideEffects: g.sideEffects(),
		AdmissionReviewVersions: []string{"v1"}, MatchConditions: conditions,
	}
}

// matchResources narrow: those of a policy must have rules, those of a binding may do without.
func (g *generator) matchResources(kind ruleKind, policy bool) *admissionregistrationv1.MatchResources {
	m := &admissionregistrationv1.MatchResources{MatchPolicy: g.matchPolicy(),
		NamespaceSelector: g.selector(true), ObjectSelector: g.selector(false)}
	if policy || g.chance(60) {
		m.ResourceRules = g.namedRules(kind, 15)
	}
	if g.chance(40) {
		m.NamespaceSelector, m.ObjectSelector = nil, nil
	}
	if g.chance(40) {
		m.ExcludeResourceRules = g.namedRules(anyRule, 30)[:1]
	}
	return m
}

// says is what a validation that ran leaves in the warning; one that fails by an error leaves other words.
const says = "x"

func (g *generator) boundPolicy(id string) (*admissionregistrationv1.ValidatingAdmissionPolicy, *admissionregistrationv1.ValidatingAdmissionPolicyBinding) {
	p := &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: id}}
	p.Spec.FailurePolicy = pick(g, nil, new(admissionregistrationv1.Fail), new(admissionregistrationv1.Ignore))
	p.Spec.MatchConditions = g.conditions(pick(g, calm, touchy))
	p.Spec.MatchConstraints = g.matchResources(anyRule, true)
	p.Spec.Validations = []admissionregistrationv1.Validation{{Expression: "false", Message: says}}
	b := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: id}}
	b.Spec.PolicyName, b.Spec.ValidationActions = id, []admissionregistrationv1.ValidationAction{admissionregistrationv1.Warn}
	if g.chance(60) {
		b.Spec.MatchResources = g.matchResources(anyRule, false)
	}
	return p, b
}

// mark is the annotation by which a mutating policy shows that it ran.
func mark(id string) string { return "reach.demarc.dev/" + id }

func (g *generator) mutatingPolicy(id string) (*admissionregistrationv1.MutatingAdmissionPolicy, *admissionregistrationv1.MutatingAdmissionPolicyBinding) {
	p := &admissionregistrationv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: id}}
	p.Spec.FailurePolicy = new(admissionregistrationv1.Ignore)
	p.Spec.MatchConditions = g.conditions(pick(g, calm, touchy))
	p.Spec.MatchConstraints = g.matchResources(mutatesInProcess, true)
	p.Spec.ReinvocationPolicy = admissionregistrationv1.NeverReinvocationPolicy
	p.Spec.Mutations = []admissionregistrationv1.Mutation{{PatchType: admissionregistrationv1.PatchTypeJSONPatch,
		JSONPatch: &admissionregistrationv1.JSONPatch{Expression: fmt.Sprintf(
			`(has(object.metadata.annotations) ? [] : [JSONPatch{op: "add", path: "/metadata/annotations", value: {}}]) + `+
				`[JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("%s"), value: "ran"}]`, mark(id))}}}
	b := &admissionregistrationv1.MutatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: id}}
	b.Spec.PolicyName = id
	if g.chance(60) {
		b.Spec.MatchResources = g.matchResources(mutatesInProcess, false)
	}
	return p, b
}

// markers are hooks that get every new ConfigMap: once they are asked, so is every other. The API server reads the
// bindings of policies all at once, but the policies one by one while it works through them. So the first markers say that every
// policy has arrived, and the second that every binding made after that has.
type markers struct{ first, second []string }

func (g *generator) markers(s *admissionconfig.Set, url func(id string) admissionregistrationv1.WebhookClientConfig) markers {
	rule := admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
	}
	name := func(s string) string { return fmt.Sprintf("z%s%d", s, g.round) }
	v := g.validating(name("v"), url)
	v.Rules, v.NamespaceSelector, v.ObjectSelector, v.MatchConditions = []admissionregistrationv1.RuleWithOperations{rule}, nil, nil, nil
	s.Validating = append(s.Validating, &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name("v")}, Webhooks: []admissionregistrationv1.ValidatingWebhook{v}})
	m := g.mutating(name("m"), url)
	m.Rules, m.NamespaceSelector, m.ObjectSelector, m.MatchConditions = v.Rules, nil, nil, nil
	s.Mutating = append(s.Mutating, &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name("m")}, Webhooks: []admissionregistrationv1.MutatingWebhook{m}})
	all := func() *admissionregistrationv1.MatchResources {
		return &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: rule}}}
	}
	for _, id := range []string{name("p-second"), name("p-first")} {
		p, b := g.boundPolicy(id)
		p.Spec.MatchConstraints, p.Spec.MatchConditions, b.Spec.MatchResources = all(), nil, nil
		s.ValidatingPolicies, s.ValidatingBindings = append(s.ValidatingPolicies, p), append(s.ValidatingBindings, b)
	}
	for _, id := range []string{name("q-second"), name("q-first")} {
		p, b := g.mutatingPolicy(id)
		p.Spec.MatchConstraints, p.Spec.MatchConditions, b.Spec.MatchResources = all(), nil, nil
		s.MutatingPolicies, s.MutatingBindings = append(s.MutatingPolicies, p), append(s.MutatingBindings, b)
	}
	return markers{[]string{name("v"), name("m"), name("p-first"), name("q-first")}, []string{name("p-second"), name("q-second")}}
}
