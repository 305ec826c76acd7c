// SPDX-License-Identifier: Apache-2.0

package posture_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	posturecases "github.com/demarc-dev/demarc/test/posture"
)

var update = flag.Bool("update", false, "rewrite the .findings of the fail cases")

// folder is where the cases stand, for writing; reading goes through the embedded copy.
const folder = "../../test/posture"

// A pass case is clean by its rule; a fail case says what its golden does.
func TestCases(t *testing.T) {
	for _, c := range loadCases(t) {
		t.Run(c.ID(), func(t *testing.T) {
			got := findings(t, newEngine(t, only(c.Rule)), state(t, c))
			if *update && c.Dir == posturecases.Fail {
				write(t, c, got)
				return
			}
			if diff := cmp.Diff(c.Findings, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if (c.Dir == posturecases.Fail) != (got != "") {
				t.Errorf("a %s case has these findings:\n%s", c.Dir, got)
			}
		})
	}
}

// findings returns what the golden holds: a line for each verdict, with its object before it, and what to do below.
func findings(t *testing.T, e *engine.Engine, s policy.State) string {
	t.Helper()
	var lines strings.Builder
	for _, o := range e.Survey(s, nil) {
		for _, f := range o.Decision.Faults {
			t.Errorf("fault in %q: %v\n%s", f.Rule, f.Err, f.Stack)
		}
		for _, v := range o.Decision.Verdicts {
			lines.WriteString(named(o.Subject) + ": " + report.Line(v) + "\n")
			if v.Doubt != "" {
				lines.WriteString("  in doubt: " + v.Doubt + "\n")
			}
			lines.WriteString("  " + v.Fix + "\n")
		}
	}
	return lines.String()
}

func named(o policy.Subject) string {
	if o.Name == "" {
		return "the cluster"
	}
	if o.Namespace != "" {
		return o.Resource.Kind + " " + o.Namespace + "/" + o.Name
	}
	return o.Resource.Kind + " " + o.Name
}

func only(id string) []policy.Rule {
	return slices.DeleteFunc(posture.All(), func(r policy.Rule) bool { return string(r.ID) != id })
}

func write(t *testing.T, c posturecases.Case, golden string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("goldens are not rewritten in CI")
	}
	if err := os.WriteFile(filepath.Join(folder, c.ID()+".findings"), []byte(golden), 0o644); err != nil {
		t.Fatal(err)
	}
}

func newEngine(t testing.TB, rules []policy.Rule) *engine.Engine {
	t.Helper()
	e, err := engine.New(rules, provider.AKS(), v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func loadCases(t testing.TB) []posturecases.Case {
	t.Helper()
	cases, err := posturecases.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func state(t testing.TB, c posturecases.Case) policy.State {
	t.Helper()
	s, err := c.State()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
