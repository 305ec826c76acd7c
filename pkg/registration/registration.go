// SPDX-License-Identifier: Apache-2.0

// Package registration derives the ValidatingWebhookConfigurations from the rules: nothing is asked for that no rule
// reads, and nothing that a rule reads is left out.
package registration

import (
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// The two configurations, and the paths that they call.
const (
	// Customers is for customers' namespaces and cluster-scoped objects.
	Customers     = policy.CustomersRegistration
	CustomersPath = "/validate"
	// Managed is for the provider's namespaces. It carries the mark that keeps AKS's Admissions Enforcer from taking
	// those namespaces out again.
	Managed     = policy.ManagedRegistration
	ManagedPath = "/validate-managed"
)

// CanaryPrefix begins the names of the PodTemplates that demarc itself asks the API server to make, by dry run, to see
// whether requests are judged. The webhook answers each with a warning that holds the name.
const CanaryPrefix = "demarc-canary-"

// Options is where the webhook is served.
type Options struct {
	// Service that the API server calls; empty for a URL.
	Namespace, Name string
	Port            int32
	// URL, for development only, is the base address of a webhook outside the cluster.
	URL      string
	CABundle []byte
	// TimeoutSeconds after which the API server goes on without an answer. Default: 3.
	TimeoutSeconds int32
}

// Build returns both configurations.
func Build(rules []policy.Rule, profile *provider.Profile, o Options) []*admissionregistrationv1.ValidatingWebhookConfiguration {
	if o.TimeoutSeconds == 0 {
		o.TimeoutSeconds = 3
	}
	conditions := matchConditions(profile)
	customers := configuration(Customers)
	customers.Webhooks = []admissionregistrationv1.ValidatingWebhook{
		webhook("customers.demarc.dev", CustomersPath, o, conditions, outside(profile), requests(rules, forCustomers)),
	}
	managed := configuration(Managed)
	exempt := profile.Marks.Exempts
	managed.Labels[exempt.Key] = exempt.Value
	managed.Annotations = map[string]string{exempt.Key: exempt.Value}
	for i, selector := range inside(profile) {
		name := strings.ReplaceAll(profile.Marks.HidesNamespace[i].Key, "/", ".") + ".managed.demarc.dev"
		managed.Webhooks = append(managed.Webhooks,
			webhook(name, ManagedPath, o, conditions, selector, requests(rules, inNamespaces)))
	}
	return []*admissionregistrationv1.ValidatingWebhookConfiguration{customers, managed}
}

func configuration(name string) *admissionregistrationv1.ValidatingWebhookConfiguration {
	return &admissionregistrationv1.ValidatingWebhookConfiguration{
		TypeMeta: metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"app.kubernetes.io/name": "demarc", "app.kubernetes.io/component": "admission"}},
	}
}

func webhook(name, path string, o Options, conditions []admissionregistrationv1.MatchCondition,
	selector *metav1.LabelSelector, rules []admissionregistrationv1.RuleWithOperations) admissionregistrationv1.ValidatingWebhook {
	return admissionregistrationv1.ValidatingWebhook{
		Name:                    name,
		ClientConfig:            o.client(path),
		Rules:                   rules,
		FailurePolicy:           new(admissionregistrationv1.Ignore),
		MatchPolicy:             new(admissionregistrationv1.Equivalent),
		NamespaceSelector:       selector,
		SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
		TimeoutSeconds:          new(o.TimeoutSeconds),
		AdmissionReviewVersions: []string{"v1"},
		MatchConditions:         conditions,
	}
}

func (o Options) client(path string) admissionregistrationv1.WebhookClientConfig {
	c := admissionregistrationv1.WebhookClientConfig{CABundle: o.CABundle}
	if o.URL != "" {
		c.URL = new(strings.TrimSuffix(o.URL, "/") + path)
		return c
	}
	c.Service = &admissionregistrationv1.ServiceReference{Namespace: o.Namespace, Name: o.Name, Path: &path, Port: new(o.Port)}
	return c
}

// outside selects the namespaces that carry none of the marks. These are the very terms that AKS's Admissions
// Enforcer would add, so it finds nothing to rewrite, and whoever deploys us from Git sees no drift.
func outside(profile *provider.Profile) *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	for _, l := range profile.Marks.HidesNamespace {
		s.MatchExpressions = append(s.MatchExpressions, without(l))
	}
	return s
}

// inside selects the namespaces that carry a mark, each exactly once: terms of a selector are joined by "and", so there
// is one selector for each mark, without the marks before it.
func inside(profile *provider.Profile) []*metav1.LabelSelector {
	var selectors []*metav1.LabelSelector
	marks := profile.Marks.HidesNamespace
	for i, l := range marks {
		s := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: l.Key, Operator: metav1.LabelSelectorOpIn, Values: []string{l.Value}}}}
		for _, earlier := range marks[:i] {
			s.MatchExpressions = append(s.MatchExpressions, without(earlier))
		}
		selectors = append(selectors, s)
	}
	return selectors
}

func without(l provider.Label) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: l.Key, Operator: metav1.LabelSelectorOpNotIn, Values: []string{l.Value}}
}

// forCustomers lets through what has something to say outside the provider's namespaces; inNamespaces what a namespace
// selector can choose: namespaced objects, and namespaces themselves. Other cluster-scoped objects match every selector,
// and would come twice.
func forCustomers(m policy.Match) bool { return !m.ManagedOnly }
func inNamespaces(m policy.Match) bool {
	return m.Namespaced || m.Plural == "namespaces" && m.Group == ""
}

// sorted returns the operations of a rule in the order in which the API documents them.
func sorted(ops map[policy.Operation]bool) []admissionregistrationv1.OperationType {
	var list []admissionregistrationv1.OperationType
	for _, op := range []policy.Operation{policy.Create, policy.Update, policy.Delete, policy.Connect} {
		if ops[op] {
			list = append(list, admissionregistrationv1.OperationType(op))
		}
	}
	return slices.Clip(list)
}
