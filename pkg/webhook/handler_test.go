// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/pkg/webhook"
	"github.com/demarc-dev/demarc/pkg/webhook/server"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// directory knows the namespaces of the fixtures.
type directory map[string]*corev1.Namespace

func (d directory) Namespace(name string) *corev1.Namespace               { return d[name] }
func (d directory) Parent(object.Resource, string, string) *object.Object { return nil }
func (d directory) Owners(*object.Object) []*object.Object                { return nil }
func (d directory) Cluster() *policy.ClusterFacts {
	return &policy.ClusterFacts{ServerVersion: "v1.36.3"}
}

// authorizer answers always the same, and counts.
type authorizer struct {
	allowed bool
	err     error
	asked   int
}

func (a *authorizer) MayExempt(context.Context, *authenticationv1.UserInfo, string) (bool, error) {
	a.asked++
	return a.allowed, a.err
}

func contextOf(t testing.TB) directory {
	t.Helper()
	docs, err := fixtures.Context()
	if err != nil {
		t.Fatal(err)
	}
	d := directory{}
	for _, doc := range docs {
		ns := &corev1.Namespace{}
		if err := json.Unmarshal(doc, ns); err != nil {
			t.Fatal(err)
		}
		if ns.Kind == "Namespace" {
			d[ns.Name] = ns
		}
	}
	return d
}

func newHandler(t testing.TB, d webhook.Directory, a webhook.Authorizer) (*webhook.Handler, *prometheus.Registry) {
	t.Helper()
	e, err := engine.New(rules.All(), provider.AKS(), v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	return webhook.NewHandler(e, d, a, metrics.New(registry), logr.Discard()), registry
}

func reviewOf(t testing.TB, id string) []byte {
	t.Helper()
	cases, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.ID() == id {
			raw, err := c.Review()
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}
	}
	t.Fatalf("no case %s", id)
	return nil
}

func answer(t *testing.T, h *webhook.Handler, body []byte) *admissionv1.AdmissionResponse {
	t.Helper()
	raw, err := h.ServeReview(t.Context(), body, nil)
	if err != nil {
		t.Fatal(err)
	}
	var r admissionv1.AdmissionReview
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	if r.Kind != "AdmissionReview" || r.APIVersion != "admission.k8s.io/v1" || r.Response == nil {
		t.Fatalf("not an AdmissionReview: %s", raw)
	}
	return r.Response
}

const (
	denied = "managed-component/fail/corefile-edited"
	warned = "managed-namespace-workload/fail/deployment"
	passed = "managed-component/pass/rollout-restart"
	marked = "exemption-mark/fail/namespace-label-on-create"
)

func TestAnswers(t *testing.T) {
	h, registry := newHandler(t, contextOf(t), &authorizer{})
	if r := answer(t, h, reviewOf(t, denied)); r.Allowed || r.Result.Code != http.StatusForbidden || r.UID == "" ||
		!strings.Contains(r.Result.Message, "managed-component") || r.AuditAnnotations["decision"] != "denied" {
		t.Errorf("denied: got %+v", r)
	}
	if r := answer(t, h, reviewOf(t, warned)); !r.Allowed || len(r.Warnings) != 1 || len(r.Warnings[0]) > 256 {
		t.Errorf("warned: got %+v", r)
	}
	if r := answer(t, h, reviewOf(t, passed)); !r.Allowed || len(r.Warnings) != 0 {
		t.Errorf("passed: got %+v", r)
	}
	if got := testutil.ToFloat64(gathered(t, registry, "refused")); got != 1 {
		t.Errorf("refused requests counted: got %v, want 1", got)
	}
}

// gathered finds the counter of a decision.
func gathered(t *testing.T, r *prometheus.Registry, decision string) prometheus.Collector {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "got"})
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "demarc_decisions_total" && m.Label[0].GetValue() == decision {
				g.Set(m.Counter.GetValue())
			}
		}
	}
	return g
}

// Whatever is wrong with a body, the answer is a status outside 2xx: never allowed, never a refusal with the uid.
func TestMalformedIsAnError(t *testing.T) {
	h, _ := newHandler(t, contextOf(t), &authorizer{})
	good := string(reviewOf(t, denied))
	for name, body := range map[string]string{
		"empty":                "",
		"no review":            `{"kind":"Pod","apiVersion":"v1"}`,
		"object's name":        strings.Replace(good, `"metadata":{`, `"metadata":{"name":7,`, 1),
		"object's api version": strings.Replace(good, `"apiVersion":"v1"`, `"apiVersion":"a/b/c"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := h.ServeReview(t.Context(), []byte(body), nil)
			var e *server.Error
			if !errors.As(err, &e) || e.Code != http.StatusBadRequest || raw != nil {
				t.Errorf("got %s, %v; want status 400", raw, err)
			}
		})
	}
}

func TestMarkAsksOnce(t *testing.T) {
	for name, c := range map[string]struct {
		authorizer authorizer
		allowed    bool
	}{
		"may exempt":     {authorizer{allowed: true}, true},
		"may not exempt": {authorizer{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHandler(t, contextOf(t), &c.authorizer)
			if r := answer(t, h, reviewOf(t, marked)); r.Allowed != c.allowed {
				t.Errorf("got %+v, want allowed: %t", r, c.allowed)
			}
			if c.authorizer.asked != 1 {
				t.Errorf("asked %d times, want once", c.authorizer.asked)
			}
			answer(t, h, reviewOf(t, denied))
			if c.authorizer.asked != 1 {
				t.Error("asked though no mark was set")
			}
		})
	}
}

// owned remembers whose owners it was asked for.
type owned struct {
	directory
	asked *[]string
}

func (o owned) Owners(of *object.Object) []*object.Object {
	*o.asked = append(*o.asked, of.GVK.Kind)
	return nil
}

// Owners are looked up for custom resources only, on a DELETE too; built-in kinds have none.
func TestOwnersAreAskedFor(t *testing.T) {
	var asked []string
	h, _ := newHandler(t, owned{contextOf(t), &asked}, &authorizer{})
	answer(t, h, reviewOf(t, denied))
	const group = `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"GatewayClass","metadata":{"name":"g"}}`
	for operation, member := range map[string]string{"CREATE": "object", "DELETE": "oldObject"} {
		answer(t, h, []byte(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"`+operation+`","name":"g",
			"kind":{"group":"gateway.networking.k8s.io","version":"v1","kind":"GatewayClass"},
			"resource":{"group":"gateway.networking.k8s.io","version":"v1","resource":"gatewayclasses"},"userInfo":{"username":"ada"},"`+member+`":`+group+`}}`))
	}
	if !slices.Equal(asked, []string{"GatewayClass", "GatewayClass"}) {
		t.Errorf("asked for the owners of %q", asked)
	}
}

// If nobody can be asked, that is our fault and not the user's: the failure policy decides.
func TestMarkUnanswered(t *testing.T) {
	h, _ := newHandler(t, contextOf(t), &authorizer{err: errors.New("connection refused")})
	if raw, err := h.ServeReview(t.Context(), reviewOf(t, marked), nil); err == nil {
		t.Errorf("got %s, want an error", raw)
	}
}

// A namespace that the watch has not shown yet may be exempt: nothing is refused there.
func TestUnknownNamespaceNeverRefuses(t *testing.T) {
	h, _ := newHandler(t, directory{}, &authorizer{})
	cases, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		in, err := c.Input()
		if err != nil {
			t.Fatal(err)
		}
		if in.NamespaceName == "" {
			continue
		}
		body, err := c.Review()
		if err != nil {
			t.Fatal(err)
		}
		if r := answer(t, h, body); !r.Allowed {
			t.Errorf("%s: refused though its namespace is not known: %s", c.ID(), r.Result.Message)
		}
	}
}

// FuzzServeReview: whatever the bytes, the handler answers with the uid it was given, or not at all.
func FuzzServeReview(f *testing.F) {
	for _, id := range []string{denied, warned, passed, marked} {
		f.Add(reviewOf(f, id))
	}
	f.Add([]byte(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"\n","operation":"CONNECT","kind":{"version":"v1","kind":"Pod"},"resource":{"version":"v1","resource":"pods"}}}`))
	h, _ := newHandler(f, contextOf(f), &authorizer{})
	f.Fuzz(func(t *testing.T, body []byte) {
		raw, err := h.ServeReview(t.Context(), body, nil)
		if err != nil {
			if raw != nil {
				t.Errorf("an error and an answer: %s", raw)
			}
			return
		}
		var r admissionv1.AdmissionReview
		if err := json.Unmarshal(raw, &r); err != nil || r.Response == nil || r.Response.UID == "" {
			t.Errorf("%v in %s", err, raw)
			return
		}
		for _, w := range r.Response.Warnings {
			if len(w) > 256 || strings.ContainsFunc(w, func(c rune) bool { return c < ' ' }) {
				t.Errorf("a warning that the API server would cut or drop: %q", w)
			}
		}
	})
}
