// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// TestFixturesControl shows that the API server accepts every case while the webhook is off: else a manifest that the
// server itself refuses would count as our success.
func TestFixturesControl(t *testing.T) {
	count := 0
	for _, c := range cases(t) {
		t.Run(c.ID(), func(t *testing.T) {
			a := withSetUp(t, c)
			if a.err != nil {
				t.Errorf("the API server itself refuses this case: %v", a.err)
			}
		})
		count++
	}
	t.Logf("%d fixtures went to the API server without the webhook", count)
}

// TestFixtures asks with the webhook on and every rule on Deny, and compares with what the engine says.
func TestFixtures(t *testing.T) {
	i := install(t, strict())
	e := engineOf(t, strict())
	count := 0
	for _, c := range cases(t) {
		t.Run(c.ID(), func(t *testing.T) {
			i.drain()
			a := withSetUp(t, c)
			compare(t, c, decide(t, e, c), a)
		})
		count++
	}
	t.Logf("%d fixtures went to the API server with the webhook", count)
}

// cases returns the fixtures that this server can be asked: those about another version can't, nor those that know less of
// the cluster.
func cases(t *testing.T) []fixtures.Case {
	t.Helper()
	all, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	var here []fixtures.Case
	for _, c := range all {
		if c.Request.ServerVersion == fixtures.DefaultVersion && c.Request.Namespace == nil && !c.Request.NodesUnknown && !speaksAlpha(c) {
			here = append(here, c)
		}
	}
	return here
}

func withSetUp(t *testing.T, c fixtures.Case) answer {
	t.Helper()
	undo, err := setUp(t.Context(), c)
	if err != nil {
		t.Fatalf("set up: %v", err)
	}
	defer func() {
		if err := undo(); err != nil {
			t.Errorf("undo: %v", err)
		}
	}()
	return ask(t, c)
}

func engineOf(t *testing.T, cfg *v1alpha1.Configuration) *engine.Engine {
	t.Helper()
	e, err := engine.New(rules.All(), provider.AKS(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func decide(t *testing.T, e *engine.Engine, c fixtures.Case) engine.Decision {
	t.Helper()
	in, err := c.Input()
	if err != nil {
		t.Fatal(err)
	}
	return e.Evaluate(in, time.Now())
}

func compare(t *testing.T, c fixtures.Case, want engine.Decision, got answer) {
	t.Helper()
	if c.AtRest() {
		if got.err != nil && !apierrors.IsAlreadyExists(got.err) { // one has the name of ours
			t.Errorf("no webhook is asked, and the API server refuses it by itself: %v", got.err)
		}
		return
	}
	if c.Dir == fixtures.Pass && (got.err != nil || len(ours(got.warnings)) > 0) {
		t.Errorf("a pass case: got error %v and warnings %q", got.err, got.warnings)
	}
	if want.Allowed() != (got.err == nil) {
		t.Fatalf("the engine says allowed: %t, the API server says: %v", want.Allowed(), got.err)
	}
	if got.err != nil && !apierrors.IsForbidden(got.err) {
		t.Errorf("a refusal must be Forbidden; got %v", got.err)
	}
	for _, v := range want.Verdicts {
		switch v.Mode {
		case policy.Deny:
			if !strings.Contains(got.err.Error(), v.Message) || !strings.Contains(got.err.Error(), v.Where()) {
				t.Errorf("the refusal lacks %q at %q; got: %v", v.Message, v.Where(), got.err)
			}
		case policy.Warn:
			if !strings.Contains(strings.Join(got.warnings, "\n"), string(v.Rule.ID)) {
				t.Errorf("no warning names %s; got %q", v.Rule.ID, got.warnings)
			}
		}
	}
}

// ours leaves out the API server's own warnings.
func ours(warnings []string) []string {
	var list []string
	for _, w := range warnings {
		if strings.HasPrefix(w, "demarc") {
			list = append(list, w)
		}
	}
	return list
}
