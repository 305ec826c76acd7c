// SPDX-License-Identifier: Apache-2.0

// Package admissionconfig tells which requests other people's webhooks and admission policies get: a model of what the
// API server does with their rules, selectors and conditions, and of what AKS's Admissions Enforcer makes of them. A
// property test holds it against a real API server.
package admissionconfig

import (
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Kind is one of the four kinds by which somebody asks to see requests.
type Kind string

// The four kinds.
const (
	ValidatingWebhook Kind = "ValidatingWebhookConfiguration"
	MutatingWebhook   Kind = "MutatingWebhookConfiguration"
	ValidatingPolicy  Kind = "ValidatingAdmissionPolicy"
	MutatingPolicy    Kind = "MutatingAdmissionPolicy"
)

// Webhook says whether the kind calls somebody over the network; a policy runs inside the API server.
func (k Kind) Webhook() bool { return k == ValidatingWebhook || k == MutatingWebhook }

// Mutates says whether the kind may change the object.
func (k Kind) Mutates() bool { return k == MutatingWebhook || k == MutatingPolicy }

// Ref names the object that a hook is configured by, with the metadata that matters to who owns it.
type Ref struct {
	Kind        Kind
	Name        string
	UID         types.UID
	Labels      map[string]string
	Annotations map[string]string
}

// String returns the reference as kubectl prints names: kind and name.
func (r Ref) String() string { return string(r.Kind) + "/" + r.Name }

// Hook is one entry of a webhook configuration, or one policy with one of its bindings, as the API server has it after
// defaulting. Make it with FromValidating, FromMutating, FromValidatingPolicy, FromMutatingPolicy or a Set; nothing in
// it changes afterwards.
type Hook struct {
	// Configuration is the webhook configuration, or the policy.
	Configuration Ref
	// Binding is the policy's binding. It is nil for webhooks, and for a policy without any, which judges nothing.
	Binding *Ref
	// Name is the webhook's own; for a policy, the name of the binding.
	Name string
	// Index is the position in `webhooks`; -1 for a policy.
	Index int
	// Path is the entry inside the configuration: webhooks[2], or spec.
	Path *field.Path
	// Criteria select the requests; every one must. A webhook has one, a policy one of its own and one of the binding's.
	Criteria []Criteria
	// MatchConditions are what the API server evaluates on a request that the criteria select.
	MatchConditions []admissionregistrationv1.MatchCondition
	// FailurePolicy says what becomes of a request when the hook can't be asked.
	FailurePolicy admissionregistrationv1.FailurePolicyType
	// SideEffects is a webhook's; nil where a stored configuration lacks it.
	SideEffects *admissionregistrationv1.SideEffectClass
	// TimeoutSeconds is a webhook's; 0 for policies.
	TimeoutSeconds int32
	// ReinvocationPolicy is a mutating hook's.
	ReinvocationPolicy admissionregistrationv1.ReinvocationPolicyType
	// ReviewVersions are the AdmissionReview versions that a webhook takes.
	ReviewVersions []string
	// Client says where a webhook is called; nil for policies. The port of a service is filled in.
	Client *admissionregistrationv1.WebhookClientConfig
	// Actions are what a validating policy's binding does about a failed validation.
	Actions []admissionregistrationv1.ValidationAction
	// ParamKind and ParamRef say which objects a policy is given as parameters. With both set, the API server skips the
	// policy, or refuses the request, where there is none.
	ParamKind *admissionregistrationv1.ParamKind
	ParamRef  *admissionregistrationv1.ParamRef

	conditions *conditions
}

// String names the hook by configuration and entry.
func (h *Hook) String() string {
	if h.Name == "" {
		return h.Configuration.String()
	}
	return fmt.Sprintf("%s/%s", h.Configuration, h.Name)
}

// FailsClosed says whether a request is refused when the hook can't be asked.
func (h *Hook) FailsClosed() bool {
	return h.FailurePolicy != admissionregistrationv1.Ignore
}

// Criteria select requests by what they are about.
type Criteria struct {
	// Binding is true for those of a policy's binding: their fields are in that object.
	Binding bool
	// Path is the object that the fields stand in: webhooks[2], spec.matchConstraints or spec.matchResources.
	Path *field.Path
	// RulesField is the last part of the rules' path: rules, or resourceRules.
	RulesField string
	// Rules select; without any, a binding selects everything and a webhook nothing.
	Rules []admissionregistrationv1.NamedRuleWithOperations
	// Exclude takes out again what it matches. Policies only.
	Exclude           []admissionregistrationv1.NamedRuleWithOperations
	NamespaceSelector metav1.LabelSelector
	ObjectSelector    metav1.LabelSelector
	MatchPolicy       admissionregistrationv1.MatchPolicyType
}
