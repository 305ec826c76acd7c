// SPDX-License-Identifier: Apache-2.0

package posture_test

import (
	"encoding/json"
	"testing"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/rules"
)

// What demarc itself registers is found in order: this rule and the registration say the same of selectors and marks.
func TestOwnRegistrationsAreInOrder(t *testing.T) {
	g := posture.New(provider.AKS())
	for _, c := range registration.Build(rules.All(), provider.AKS(), registration.Options{
		Namespace: "demarc", Name: "demarc", Port: 443, CABundle: []byte("certificate")}) {
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Add(decode(t, string(raw))); err != nil {
			t.Fatal(err)
		}
	}
	s := g.State()
	if s.Admission == nil || len(s.Admission.Validating) != 2 {
		t.Fatalf("got %+v, want both registrations", s.Admission)
	}
	for _, r := range posture.All() {
		if r.ID != "admission-coverage" {
			continue
		}
		for _, f := range r.Survey(s) {
			t.Errorf("%s %s: %s", named(f.Object), f.Where(), f.Message)
		}
	}
	s.Admission.Validating[1].Webhooks[0].NamespaceSelector = s.Admission.Validating[0].Webhooks[0].NamespaceSelector
	if got := findings(t, newEngine(t, only("admission-coverage")), policy.State{Admission: s.Admission, Provider: s.Provider}); got == "" {
		t.Error("a managed registration that selects no managed namespace is found in order")
	}
}
