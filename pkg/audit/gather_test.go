// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"net/http/httptest"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// The state is read whatever rules there are, and what can't be read is named.
func TestGather(t *testing.T) {
	s := newServer()
	s.served["policy/v1"] = []string{"poddisruptionbudgets"}
	s.lists["/api/v1/nodes"] = []string{`{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}`}
	h := httptest.NewServer(s)
	defer h.Close()
	state, unread, err := Gather(t.Context(), &rest.Config{Host: h.URL},
		Options{Name: "here", Profile: provider.AKS(), Posture: posture.New(provider.AKS()), Wants: posture.Wants()})
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Nodes) != 1 || state.Cluster.ServerVersion != "v1.34.2" || state.Budgets == nil || state.Now.IsZero() || state.Provider == nil {
		t.Errorf("got %+v", state)
	}
	if len(unread) == 0 || unread[0].What != "events" {
		t.Errorf("unread: got %v, want events among it", unread)
	}
	if _, _, err := Gather(t.Context(), &rest.Config{Host: h.URL}, Options{Namespaces: []string{"shop"}}); err == nil {
		t.Error("a state of one namespace: got no error")
	}
}
