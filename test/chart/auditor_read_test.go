// SPDX-License-Identifier: Apache-2.0

//go:build integration

package chart

import (
	"net/http"
	"testing"

	"github.com/demarc-dev/demarc/pkg/audit"
	"github.com/demarc-dev/demarc/pkg/auditor"
	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/openreports"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// TestAuditorMayRead audits for real: what the chart's role names is all that an audit asks for.
func TestAuditorMayRead(t *testing.T) {
	a := newAudits(t, openreports.OpenReports)
	profile, rules := provider.AKS(), catalogue.All()
	e, err := engine.New(rules, profile, v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.Run(t.Context(), a.cluster.As(auditorAccount), audit.Options{Name: "in-cluster", Engine: e, Rules: rules, Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range r.Clusters[0].Unread {
		t.Errorf("may not read %s: %s", u.What, u.Why)
	}
	a.found(r.Results...)
	a.start("one")
	a.ask("1")
	if _, there := a.reports(openreports.OpenReports)["demarc"]; !there {
		t.Error("there is no summary")
	}
	for _, e := range a.asked() {
		if e.ResponseStatus.Code == http.StatusForbidden {
			t.Errorf("the chart's rights do not suffice: %s %s", e.Verb, e.RequestURI)
		}
		if e.Verb == "watch" && e.ObjectRef.Name != auditor.RequestName {
			t.Errorf("watches %s", e.RequestURI)
		}
	}
}
