// SPDX-License-Identifier: Apache-2.0

package posture

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var admissionCoverage = policy.Rule{
	ID:    "admission-coverage",
	Title: "webhook registration of demarc or AKS that is gone, or sees too little",
	Doc: policy.Doc{
		Why: "AKS's Admissions Enforcer takes AKS's namespaces out of webhooks without a word, and anybody who may edit webhook " +
			"configurations can blind demarc or remove the webhook by which AKS guards its nodes. Nothing else would show it.",
		Fix: "Install demarc's chart again, which restores its registrations. What AKS made comes back by itself, or with a ticket.",
		Note: "What is judged is what the configurations tell by themselves; the running demarc compares its own with what was " +
			"installed, byte by byte. Where demarc is not installed, that is a note.",
	},
	Clauses: []provider.ClauseID{"admissions-enforcer"},
	Since:   "v0.1.0",
	Default: policy.Warn,
	Survey:  surveyAdmissionCoverage,
}

// nameLabel is the label that the chart gives to demarc's registrations.
const nameLabel = "app.kubernetes.io/name"

func surveyAdmissionCoverage(s policy.State) []policy.Sighting {
	if s.Admission == nil {
		return nil
	}
	return slices.Concat(ownRegistrations(s), guardsGone(s), notRewritten(s))
}

// ownRegistrations judges demarc's own: whether they are there, and what each tells by itself.
func ownRegistrations(s policy.State) []policy.Sighting {
	customers, managed := registered(s, policy.CustomersRegistration), registered(s, policy.ManagedRegistration)
	switch {
	case customers == nil && managed == nil:
		return []policy.Sighting{{Finding: policy.Finding{
			Message: "has no registration of demarc: no request is judged, and this audit is all there is",
			Fix:     "install demarc's chart", AtMost: policy.Audit}}}
	case customers == nil:
		return append(gone(policy.CustomersRegistration, policy.Finding{
			Message: "must be there: without it no request outside of AKS's namespaces is judged",
			Fix:     "install demarc's chart again"}), judgeRegistration(s, managed, true)...)
	case managed == nil:
		return append(judgeRegistration(s, customers, false), gone(policy.ManagedRegistration, policy.Finding{
			Message: "is not there, so no request in AKS's namespaces is judged",
			Fix:     "set registration.managed.enabled in demarc's chart",
			Doubt:   "it may be switched off on purpose: AKS Automatic refuses such requests by itself", AtMost: policy.Audit})...)
	}
	return append(judgeRegistration(s, customers, false), judgeRegistration(s, managed, true)...)
}

func registered(s policy.State, name string) *admissionregistrationv1.ValidatingWebhookConfiguration {
	i := slices.IndexFunc(s.Admission.Validating, func(c admissionregistrationv1.ValidatingWebhookConfiguration) bool {
		return c.Name == name
	})
	if i < 0 {
		return nil
	}
	return &s.Admission.Validating[i]
}

func gone(name string, f policy.Finding) []policy.Sighting {
	return []policy.Sighting{{Object: policy.Subject{Resource: validating, Name: name}, Finding: f}}
}

// guardsGone finds AKS's own webhooks that every cluster is expected to have. Where none of them is, the cluster is
// another's.
func guardsGone(s policy.State) []policy.Sighting {
	guards := &s.Provider.Guards
	if !ofProvider(s) {
		return nil
	}
	var found []policy.Sighting
	for _, g := range guards.Webhooks {
		if !g.Everywhere || guardThere(s, g) {
			continue
		}
		found = append(found, policy.Sighting{Object: policy.Subject{Resource: resourceOf(g.Kind), Name: g.Name}, Finding: policy.Finding{
			Message: "must be there: it " + g.Does,
			Fix:     "open a ticket if AKS does not make it again, and see who may delete webhook configurations",
			Doubt:   "AKS does not document which clusters have it"}})
	}
	return found
}
