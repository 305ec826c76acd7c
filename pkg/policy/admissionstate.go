// SPDX-License-Identifier: Apache-2.0

package policy

import admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

// AdmissionState is a cluster's admission configurations, without their CA bundles' history or managed fields.
type AdmissionState struct {
	Validating []admissionregistrationv1.ValidatingWebhookConfiguration
	Mutating   []admissionregistrationv1.MutatingWebhookConfiguration
}

// The names of demarc's own registrations: the one for customers' namespaces, and the one for those that the provider
// manages.
const (
	CustomersRegistration = "demarc"
	ManagedRegistration   = "demarc-managed"
)
