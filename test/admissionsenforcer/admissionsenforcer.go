// SPDX-License-Identifier: Apache-2.0

// Package admissionsenforcer does to a cluster what AKS's Admissions Enforcer was seen to do: in every webhook of every
// configuration that does not opt out, it appends the terms of the namespace selector that are missing, by server-side apply
// under the field manager admissionsenforcer. It knows nothing of demarc's own enforcer, so that the two can be tested
// against each other.
package admissionsenforcer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	admissionapply "k8s.io/client-go/applyconfigurations/admissionregistration/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// Manager is its field manager.
	Manager = "admissionsenforcer"
	// OptOut is the key of the label or annotation that keeps it away.
	OptOut = "admissions.enforcer/disabled"
)

// Enforcer is the program.
type Enforcer struct {
	Client kubernetes.Interface
	// Interval is how often it looks, half a second by default.
	Interval time.Duration
	// Wrote is called with the name of each configuration that it wrote to; Failed with what went wrong.
	Wrote  func(name string)
	Failed func(error)
}

// Required returns the terms.
func Required() []metav1.LabelSelectorRequirement {
	return []metav1.LabelSelectorRequirement{
		{Key: "control-plane", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"true"}},
		{Key: "kubernetes.azure.com/managedby", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"aks"}},
	}
}

// Satisfied says whether a selector holds every term, so that nothing is rewritten.
func Satisfied(s *metav1.LabelSelector) bool {
	_, added := complete(s)
	return !added
}

// Start works until the context ends.
func (e *Enforcer) Start(ctx context.Context) error {
	interval := e.Interval
	if interval == 0 {
		interval = 500 * time.Millisecond
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := e.round(ctx); err != nil && ctx.Err() == nil && e.Failed != nil {
			e.Failed(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (e *Enforcer) round(ctx context.Context) error {
	return errors.Join(e.validating(ctx), e.mutating(ctx))
}

func (e *Enforcer) validating(ctx context.Context) error {
	api := e.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	list, err := api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil // it ends, or tries again
	}
	var errs []error
	for i := range list.Items {
		c := &list.Items[i]
		apply, changed := admissionapply.ValidatingWebhookConfiguration(c.Name), false
		for j := range c.Webhooks {
			selector, added := complete(c.Webhooks[j].NamespaceSelector)
			changed = changed || added
			apply.WithWebhooks(admissionapply.ValidatingWebhook().WithName(c.Webhooks[j].Name).WithNamespaceSelector(selector))
		}
		if changed && !optedOut(c) {
			_, err := api.Apply(ctx, apply, metav1.ApplyOptions{FieldManager: Manager, Force: true})
			errs = append(errs, e.done(c.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (e *Enforcer) mutating(ctx context.Context) error {
	api := e.Client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	list, err := api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	var errs []error
	for i := range list.Items {
		c := &list.Items[i]
		apply, changed := admissionapply.MutatingWebhookConfiguration(c.Name), false
		for j := range c.Webhooks {
			selector, added := complete(c.Webhooks[j].NamespaceSelector)
			changed = changed || added
			apply.WithWebhooks(admissionapply.MutatingWebhook().WithName(c.Webhooks[j].Name).WithNamespaceSelector(selector))
		}
		if changed && !optedOut(c) {
			_, err := api.Apply(ctx, apply, metav1.ApplyOptions{FieldManager: Manager, Force: true})
			errs = append(errs, e.done(c.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (e *Enforcer) done(name string, err error) error {
	if apierrors.IsNotFound(err) {
		return nil // it is gone by now
	}
	if err != nil {
		return fmt.Errorf("apply %s: %w", name, err)
	}
	if e.Wrote != nil {
		e.Wrote(name)
	}
	return nil
}

func optedOut(o metav1.Object) bool {
	return o.GetLabels()[OptOut] == "true" || o.GetAnnotations()[OptOut] == "true"
}

// complete returns a selector with the terms that are missing, and whether any was. It holds the labels too: a selector is
// applied as a whole, and what is left out is taken away.
func complete(s *metav1.LabelSelector) (selector *metaapply.LabelSelectorApplyConfiguration, added bool) {
	if s == nil {
		s = &metav1.LabelSelector{}
	}
	all := slices.Clone(s.MatchExpressions)
	for _, want := range Required() {
		if !slices.ContainsFunc(all, func(r metav1.LabelSelectorRequirement) bool {
			return r.Key == want.Key && r.Operator == want.Operator && slices.Equal(r.Values, want.Values)
		}) {
			all, added = append(all, want), true
		}
	}
	selector = metaapply.LabelSelector()
	if len(s.MatchLabels) > 0 {
		selector.WithMatchLabels(s.MatchLabels)
	}
	for _, r := range all {
		selector.WithMatchExpressions(metaapply.LabelSelectorRequirement().WithKey(r.Key).WithOperator(r.Operator).WithValues(r.Values...))
	}
	return selector, added
}
