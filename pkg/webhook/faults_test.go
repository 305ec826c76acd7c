// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/metrics"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/webhook"
	"github.com/demarc-dev/demarc/pkg/webhook/server"
)

// faulty makes a lawful rule around a check that is not.
func faulty(id policy.ID, check policy.Check) policy.Rule {
	return policy.Rule{ID: id, Title: "test", Clauses: []provider.ClauseID{"system-metadata"}, Since: "v0.1.0", Default: policy.Deny,
		Doc:   policy.Doc{Why: "It is a test.", Fix: "Do nothing."},
		Match: policy.OnEach([]object.Resource{object.ConfigMaps}, policy.Create, policy.Update), Check: check}
}

func handlerOf(t *testing.T, rules ...policy.Rule) *webhook.Handler {
	t.Helper()
	cfg := v1alpha1.Default()
	cfg.Mode = policy.Deny
	e, err := engine.New(rules, provider.AKS(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return webhook.NewHandler(e, contextOf(t), &authorizer{}, metrics.New(prometheus.NewRegistry()), logr.Discard())
}

// creation is a review of a new ConfigMap: on an update, what was there already would only be warned about.
func creation(t *testing.T) []byte {
	t.Helper()
	return []byte(strings.Replace(string(reviewOf(t, denied)), `"operation":"UPDATE"`, `"operation":"CREATE"`, 1))
}

// A rule that breaks refuses nobody, tells nothing of what broke it, and keeps no other rule from its work.
func TestFaultsOfRules(t *testing.T) {
	const secret = "hunter2"
	panics := faulty("panics", func(policy.Input) []policy.Finding { panic(secret) })
	nothing := faulty("nothing", func(policy.Input) []policy.Finding { return nil })
	empty := faulty("empty", func(policy.Input) []policy.Finding { return []policy.Finding{} })
	index := faulty("index", func(in policy.Input) []policy.Finding { return []policy.Finding{{}}[len(in.Name):] })
	nilMap := faulty("nil-pointer", func(policy.Input) []policy.Finding { var o *object.Object; _ = o.Meta.Name; return nil })
	finds := faulty("finds", func(policy.Input) []policy.Finding { return []policy.Finding{{Message: "must not be there"}} })
	for _, c := range []struct {
		name    string
		rules   []policy.Rule
		allowed bool
	}{
		{"nil and empty results", []policy.Rule{nothing, empty}, true},
		{"panics alone", []policy.Rule{panics, index, nilMap}, true},
		{"panics before one that finds", []policy.Rule{panics, index, nilMap, finds}, false},
		{"panics behind one that finds", []policy.Rule{finds, panics, index, nilMap}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, handlerOf(t, c.rules...), server.Options{})
			code, answer, err := s.post(creation(t))
			if err != nil {
				t.Fatal(err)
			}
			r := response(t, code, answer)
			if r.Allowed != c.allowed || !c.allowed && !strings.Contains(r.Result.Message, "finds") {
				t.Errorf("got %+v, want allowed: %t", r, c.allowed)
			}
			// Which rule broke is in the audit log. What it said as it broke may be the object's own text: only our log has
			// that, and neither the user nor whoever reads the audit log has a part in it.
			told := strings.Join(r.Warnings, " ") + fmt.Sprint(r.AuditAnnotations)
			if r.Result != nil {
				told += r.Result.Message
			}
			if strings.Contains(told, secret) || strings.Contains(told, "goroutine") || strings.Contains(told, "runtime error") {
				t.Errorf("others are told what broke: %s", told)
			}
			if len(c.rules) > 2 && !strings.Contains(r.AuditAnnotations["faults"], "panics: the rule broke; ") {
				t.Errorf("the annotation does not name the rule: %v", r.AuditAnnotations)
			}
			if got := s.panics(t); got != 0 {
				t.Errorf("panics that reached the server: got %v, want 0", got)
			}
		})
	}
}

// A rule that does not come back costs the one request its answer, which is no verdict, and nobody else anything.
func TestSlowRule(t *testing.T) {
	entered, release := make(chan struct{}, 1), make(chan struct{})
	slow := faulty("slow", func(in policy.Input) []policy.Finding {
		if in.Operation == policy.Update {
			entered <- struct{}{}
			<-release
		}
		return []policy.Finding{{Message: "must not be there"}}
	})
	s := serve(t, handlerOf(t, slow), server.Options{WriteTimeout: time.Second})
	type result struct {
		code   int
		answer []byte
		err    error
	}
	waiting := make(chan result, 1)
	go func() {
		code, answer, err := s.post(reviewOf(t, denied))
		waiting <- result{code, answer, err}
	}()
	<-entered
	code, answer, err := s.post(creation(t))
	if err != nil {
		t.Fatal(err)
	}
	if r := response(t, code, answer); r.Allowed {
		t.Errorf("another request meanwhile: got %+v, want the verdict", r)
	}
	time.Sleep(1100 * time.Millisecond) // until nobody waits for it any more
	close(release)
	if r := <-waiting; r.err == nil && isVerdict(r.code, r.answer) {
		t.Errorf("after the timeout: got %d %s, want no verdict", r.code, r.answer)
	}
}

// A handler that panics is no rule's fault, and no verdict either.
func TestPanicOfTheHandler(t *testing.T) {
	s := serve(t, server.HandlerFunc(func(context.Context, []byte, []byte) ([]byte, error) { panic("hunter2") }), server.Options{})
	code, answer, err := s.post(reviewOf(t, denied))
	if err != nil {
		t.Fatal(err)
	}
	if code != http.StatusInternalServerError || strings.Contains(string(answer), "hunter2") {
		t.Errorf("got %d %s at %s, want 500 and nothing of the cause", code, answer, registration.CustomersPath)
	}
	if got := s.panics(t); got != 1 {
		t.Errorf("panics: got %v, want 1", got)
	}
}
