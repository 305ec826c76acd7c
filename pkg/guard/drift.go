// SPDX-License-Identifier: Apache-2.0

// Package guard watches over demarc's own registrations: whether they are what was installed, whether the API server
// trusts what is served, and whether a request really comes. Nobody else would notice if it didn't.
package guard

import (
	"cmp"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Drift is one way in which a live registration differs from what it should be.
type Drift string

// The ways.
const (
	Deleted         Drift = "deleted"          // it is gone
	WebhookGone     Drift = "webhook-gone"     // one of its webhooks is gone
	WebhookAdded    Drift = "webhook-added"    // somebody put a webhook of his own into it
	Selector        Drift = "selector"         // it selects other namespaces or objects
	FailurePolicy   Drift = "failure-policy"   // it fails the other way
	Rules           Drift = "rules"            // it asks for other requests
	MatchConditions Drift = "match-conditions" // it leaves other requests out
	ClientConfig    Drift = "client-config"    // it calls somebody else
	Timeout         Drift = "timeout"          // it waits for another time
	OptOut          Drift = "opt-out"          // the mark that keeps AKS's Admissions Enforcer away has changed
	Bundle          Drift = "ca-bundle"        // it does not trust what is served
	Other           Drift = "other"
)

// Drifts lists every way, for metrics that must be there before anything happens.
func Drifts() []Drift {
	return []Drift{Deleted, WebhookGone, WebhookAdded, Selector, FailurePolicy, Rules, MatchConditions, ClientConfig, Timeout, OptOut, Bundle, Other}
}

type configuration = admissionregistrationv1.ValidatingWebhookConfiguration

// compare returns how a live configuration differs from what it should be, each way once. The CA bundle is left out: it
// has an owner of its own. exempts is the key of the mark that keeps the enforcer away.
func compare(want, live *configuration, exempts string) []Drift {
	if live == nil {
		return []Drift{Deleted}
	}
	found := map[Drift]bool{}
	note := func(d Drift, same bool) {
		if !same {
			found[d] = true
		}
	}
	note(Other, want.Annotations[Installed] == live.Annotations[Installed])
	note(OptOut, want.Labels[exempts] == live.Labels[exempts] && want.Annotations[exempts] == live.Annotations[exempts])
	for i := range live.Webhooks {
		note(WebhookAdded, find(want, live.Webhooks[i].Name) != nil)
	}
	for i := range want.Webhooks {
		w := defaulted(&want.Webhooks[i])
		l := find(live, w.Name)
		if l == nil {
			found[WebhookGone] = true
			continue
		}
		compareWebhooks(w, defaulted(l), note)
	}
	var list []Drift
	for _, d := range Drifts() {
		if found[d] {
			list = append(list, d)
		}
	}
	return list
}

func find(c *configuration, name string) *admissionregistrationv1.ValidatingWebhook {
	for i := range c.Webhooks {
		if c.Webhooks[i].Name == name {
			return &c.Webhooks[i]
		}
	}
	return nil
}

func compareWebhooks(want, live *admissionregistrationv1.ValidatingWebhook, note func(Drift, bool)) {
	same := equality.Semantic.DeepEqual
	note(Selector, same(want.NamespaceSelector, live.NamespaceSelector) && same(want.ObjectSelector, live.ObjectSelector))
	note(FailurePolicy, same(want.FailurePolicy, live.FailurePolicy))
	note(Rules, same(want.Rules, live.Rules) && same(want.MatchPolicy, live.MatchPolicy))
	note(MatchConditions, same(want.MatchConditions, live.MatchConditions))
	note(ClientConfig, same(want.ClientConfig, live.ClientConfig))
	note(Timeout, same(want.TimeoutSeconds, live.TimeoutSeconds))
	note(Other, same(want.SideEffects, live.SideEffects) && same(want.AdmissionReviewVersions, live.AdmissionReviewVersions))
}

// defaulted returns a copy as the API server stores it, with everything in an order of its own where order has no
// meaning, and without the CA bundle.
func defaulted(from *admissionregistrationv1.ValidatingWebhook) *admissionregistrationv1.ValidatingWebhook {
	w := from.DeepCopy()
	w.ClientConfig.CABundle = nil
	if s := w.ClientConfig.Service; s != nil && s.Port == nil {
		s.Port = new(int32(443))
	}
	set(&w.FailurePolicy, admissionregistrationv1.Fail)
	set(&w.MatchPolicy, admissionregistrationv1.Equivalent)
	set(&w.TimeoutSeconds, 10)
	w.NamespaceSelector, w.ObjectSelector = ordered(w.NamespaceSelector), ordered(w.ObjectSelector)
	for i := range w.Rules {
		r := &w.Rules[i]
		set(&r.Scope, admissionregistrationv1.AllScopes)
		slices.Sort(r.Operations)
		slices.Sort(r.Resources)
	}
	slices.SortFunc(w.Rules, func(a, b admissionregistrationv1.RuleWithOperations) int {
		return strings.Compare(a.String(), b.String())
	})
	return w
}

func set[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}

func ordered(s *metav1.LabelSelector) *metav1.LabelSelector {
	if s == nil {
		return &metav1.LabelSelector{}
	}
	for i := range s.MatchExpressions {
		slices.Sort(s.MatchExpressions[i].Values)
	}
	slices.SortFunc(s.MatchExpressions, func(a, b metav1.LabelSelectorRequirement) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.String(), b.String()))
	})
	return s
}
