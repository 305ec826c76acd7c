// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"errors"
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/json"
)

// Set collects configurations, policies and bindings, in whatever order they come, and joins policies with bindings.
// The zero value is empty.
type Set struct {
	Validating         []*admissionregistrationv1.ValidatingWebhookConfiguration
	Mutating           []*admissionregistrationv1.MutatingWebhookConfiguration
	ValidatingPolicies []*admissionregistrationv1.ValidatingAdmissionPolicy
	ValidatingBindings []*admissionregistrationv1.ValidatingAdmissionPolicyBinding
	MutatingPolicies   []*admissionregistrationv1.MutatingAdmissionPolicy
	MutatingBindings   []*admissionregistrationv1.MutatingAdmissionPolicyBinding
}

// Add reads an object from JSON and says whether it belongs in a set. The alpha and beta versions of policies have the
// same shape as v1 and are read as it.
func (s *Set) Add(raw []byte) (bool, error) {
	var t metav1.TypeMeta
	if err := json.UnmarshalCaseSensitivePreserveInts(raw, &t); err != nil {
		return false, fmt.Errorf("read an admission configuration: %w", err)
	}
	gv, err := schema.ParseGroupVersion(t.APIVersion)
	if err != nil || gv.Group != admissionregistrationv1.GroupName {
		return false, nil
	}
	webhook := Kind(t.Kind).Webhook()
	if webhook && gv.Version != "v1" || !slices.Contains([]string{"v1", "v1beta1", "v1alpha1"}, gv.Version) {
		return false, nil
	}
	switch t.Kind {
	case string(ValidatingWebhook):
		return true, add(&s.Validating, raw)
	case string(MutatingWebhook):
		return true, add(&s.Mutating, raw)
	case string(ValidatingPolicy):
		return true, add(&s.ValidatingPolicies, raw)
	case string(ValidatingPolicy) + "Binding":
		return true, add(&s.ValidatingBindings, raw)
	case string(MutatingPolicy):
		return true, add(&s.MutatingPolicies, raw)
	case string(MutatingPolicy) + "Binding":
		return true, add(&s.MutatingBindings, raw)
	}
	return false, nil
}

func add[T any, P interface {
	*T
	metav1.Object
}](to *[]P, raw []byte) error {
	o := P(new(T))
	if err := json.UnmarshalCaseSensitivePreserveInts(raw, o); err != nil {
		return fmt.Errorf("read an admission configuration: %w", err)
	}
	if o.GetName() == "" && o.GetGenerateName() == "" {
		return errors.New("read an admission configuration: it has no name")
	}
	*to = append(*to, o)
	return nil
}

// Hooks returns every hook, configurations first, each kind in the order in which they were added.
func (s *Set) Hooks() []*Hook {
	var hooks []*Hook
	for _, c := range s.Validating {
		hooks = append(hooks, FromValidating(c)...)
	}
	for _, c := range s.Mutating {
		hooks = append(hooks, FromMutating(c)...)
	}
	for _, p := range s.ValidatingPolicies {
		hooks = append(hooks, FromValidatingPolicy(p, s.ValidatingBindings...)...)
	}
	for _, p := range s.MutatingPolicies {
		hooks = append(hooks, FromMutatingPolicy(p, s.MutatingBindings...)...)
	}
	return hooks
}
