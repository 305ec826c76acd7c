// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
)

// gatherer keeps the names of nodes, and the metrics that it is given.
type gatherer struct {
	nodes   []policy.NodeState
	metrics map[string]string
	unread  []string
}

var events = object.Resource{Version: "v1", Kind: "Event", Plural: "events", Namespaced: true}

func (g *gatherer) Unread(r object.Resource) { g.unread = append(g.unread, r.Plural) }

func (g *gatherer) Add(o *object.Object) error {
	if o.GVK.Kind == "Event" {
		return errors.New("decode " + o.Meta.Name)
	}
	g.nodes = append(g.nodes, policy.NodeState{Subject: policy.Subject{Resource: object.Nodes, Name: o.Meta.Name, Meta: o.Meta}})
	return nil
}

func (g *gatherer) State() policy.State { return policy.State{Nodes: g.nodes} }

func (g *gatherer) Metrics(source policy.Subject, text io.Reader) error {
	raw, err := io.ReadAll(text)
	if g.metrics == nil {
		g.metrics = map[string]string{}
	}
	g.metrics[source.Name] = string(raw)
	return err
}

func TestSurvey(t *testing.T) {
	var state policy.State
	rule := policy.Rule{ID: "old-node", Title: "old nodes", Clauses: []provider.ClauseID{"managed-components"}, Since: "v0.1.0",
		Default: policy.Warn, Doc: policy.Doc{Why: "Nodes grow old.", Fix: "Replace them."},
		Survey: func(s policy.State) []policy.Sighting {
			state = s
			return []policy.Sighting{{Object: s.Nodes[0].Subject, Finding: policy.Finding{Message: "must be new"}},
				{Finding: policy.Finding{Message: "must be newer"}}}
		}}
	s := newServer()
	s.served["storage.k8s.io/v1alpha1"] = []string{"volumeattributesclasses"}
	s.lists["/apis/storage.k8s.io/v1alpha1/volumeattributesclasses"] = []string{`{}`, `{}`, `{}`}
	node := `{"metadata":{"name":%q,"uid":"u","labels":{"agentpool":"a"}},"status":{"conditions":[{"type":"Ready","status":%q}]}}`
	s.lists["/api/v1/nodes"] = []string{fmt.Sprintf(node, "n1", "False"), fmt.Sprintf(node, "n2", "True"), fmt.Sprintf(node, "n3", "True")}
	s.served["v1"] = append(s.served["v1"], "events")
	s.lists["/api/v1/events"] = []string{`{"metadata":{"name":"a"}}`, `{"metadata":{"name":"b"}}`}
	const lines = "# HELP kubernetes_feature_enabled x\n# TYPE kubernetes_feature_enabled gauge\nkubernetes_feature_enabled{name=\"A\"} 1\n"
	s.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		switch r.URL.Path {
		case "/metrics", "/api/v1/nodes/n2/proxy/metrics":
			fmt.Fprint(w, "go_goroutines 5\nkubernetes_feature_enabled_x 1\n"+lines+"last 1")
		default:
			return false
		}
		return true
	}
	g := &gatherer{}
	r, err := run(t, s, Options{Posture: g, Wants: []object.Resource{object.Nodes, events}, NodeMetrics: true}, rule)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Node n1", "cluster"}, names(r)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if live := r.Results[0].Live; live.APIVersion != "v1" || live.UID != "u" || live.Cluster != "acme" {
		t.Errorf("got %+v", live)
	}
	if diff := cmp.Diff(map[string]string{"": lines, "n2": lines}, g.metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if len(state.AlphaUse) != 1 || state.AlphaUse[0].Objects != 3 || state.Cluster.ServerVersion != "v1.34.2" || state.Now.IsZero() {
		t.Errorf("state: got %+v", state)
	}
	if diff := cmp.Diff(map[string]string{"events that can't be read": "decode a"}, missed(r)); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
	s.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		return slices.Contains([]string{"/metrics", "/api/v1/events", "/api/v1/nodes", "/apis/storage.k8s.io/v1alpha1/volumeattributesclasses"},
			r.URL.Path) && refuse(w, http.StatusForbidden, "Forbidden", "no", "")
	}
	g = &gatherer{nodes: g.nodes}
	if r, err = run(t, s, Options{Posture: g, Wants: []object.Resource{object.Nodes, events, object.PodDisruptionBudgets}}, rule); err != nil {
		t.Fatal(err)
	}
	if got := missed(r); len(got) != 5 || state.AlphaUse[0].Objects != -1 {
		t.Errorf("unread: got %v, %+v", got, state.AlphaUse)
	}
	if diff := cmp.Diff([]string{"poddisruptionbudgets", "nodes", "events"}, g.unread); diff != "" {
		t.Errorf("told of (-want +got):\n%s", diff)
	}
}
