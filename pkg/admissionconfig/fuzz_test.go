// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/demarc-dev/demarc/pkg/provider"
)

// FuzzReaches feeds whatever JSON there is to the constructors and asks every typical request of what they make of it.
// Nothing may panic or run for long, and the enforcer's work must be done after one round.
func FuzzReaches(f *testing.F) {
	for _, seed := range []string{
		`{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"a"},"webhooks":[{"name":"w","rules":[{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["*/*"],"scope":"Namespaced"}],"namespaceSelector":{"matchExpressions":[{"key":"control-plane","operator":"NotIn","values":["true"]}]},"objectSelector":{"matchLabels":{"a":"b"}},"matchConditions":[{"name":"x","expression":"object.metadata.labels.exists(k, k == 'a') || request.name == 'x'"}],"sideEffects":"Some","clientConfig":{"service":{"name":"s","namespace":"n"}}}]}`,
		`{"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration","metadata":{"name":"a","labels":{"admissions.enforcer/disabled":"true"}},"webhooks":[{"name":"w","rules":[{"operations":["CREATE"],"apiGroups":["autoscaling"],"apiVersions":["v1"],"resources":["*"]}],"matchPolicy":"Exact"}]}`,
		`{"apiVersion":"admissionregistration.k8s.io/v1beta1","kind":"ValidatingAdmissionPolicy","metadata":{"name":"p"},"spec":{"paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"matchConstraints":{"resourceRules":[{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["pods/*"],"resourceNames":["x"]}],"excludeResourceRules":[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]},"matchConditions":[{"name":"x","expression":"size(params.data) > 1 && object == oldObject"}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s Set
		if ok, err := s.Add(raw); err != nil || !ok {
			return
		}
		for _, p := range s.ValidatingPolicies {
			b := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "b"}}
			b.Spec.PolicyName = p.Name
			s.ValidatingBindings = append(s.ValidatingBindings, b)
		}
		server, ns := &Server{Minor: 36}, &Namespace{Name: "kube-system", Labels: map[string]string{"control-plane": "true"}}
		for _, h := range s.Hooks() {
			rewritten, changed := h.Enforced(provider.AKS())
			if _, again := rewritten.Enforced(provider.AKS()); again {
				t.Fatalf("the enforcer isn't done after one round (it changed something: %t)", changed)
			}
			for _, typical := range Typicals() {
				before, after := server.Reaches(h, typical.In(ns)), server.Reaches(rewritten, typical.In(ns))
				if after.Reach > before.Reach {
					t.Fatalf("%s: the enforcer adds %s: %s before, %s after", h, typical.ID, before.Reach, after.Reach)
				}
			}
		}
	})
}
