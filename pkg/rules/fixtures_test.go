// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/rules"
	"github.com/demarc-dev/demarc/test/fixtures"
)

var update = flag.Bool("update", false, "rewrite the .findings of the fail cases")

// folder is where the fixtures stand, for writing; reading goes through the embedded copy.
const folder = "../../test/fixtures"

func TestFixtures(t *testing.T) {
	e := newEngine(t, rules.All())
	for _, c := range loadCases(t) {
		t.Run(c.ID(), func(t *testing.T) {
			got := findings(t, e, c)
			if *update && c.Dir == fixtures.Fail {
				write(t, c, got)
				return
			}
			if diff := cmp.Diff(c.Findings, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if c.Dir == fixtures.Fail && !slices.ContainsFunc(strings.Split(got, "\n"), func(l string) bool {
				words := strings.Fields(l)
				return len(words) > 1 && words[1] == c.Rule
			}) {
				t.Errorf("a fail case of %s must find something by that rule; got:\n%s", c.Rule, got)
			}
		})
	}
}

// findings returns what the golden holds: a line for every verdict that is not dropped.
func findings(t *testing.T, e *engine.Engine, c fixtures.Case) string {
	t.Helper()
	in, err := c.Input()
	if err != nil {
		t.Fatal(err)
	}
	d := e.Evaluate(in, time.Unix(0, 0))
	for _, f := range d.Faults {
		t.Errorf("fault in %q: %v\n%s", f.Rule, f.Err, f.Stack)
	}
	if d.Identity != nil {
		t.Errorf("the request is %s's, so no rule ran", d.Identity.User)
	}
	var lines strings.Builder
	for _, v := range d.Verdicts {
		if v.Clause != "" && !slices.Contains(v.Rule.Clauses, v.Clause) {
			t.Errorf("a finding names clause %s, which %s doesn't guard", v.Clause, v.Rule.ID)
		}
		if v.Mode != policy.Off && v.Exemption == "" {
			lines.WriteString(report.Line(v) + "\n")
		}
	}
	return lines.String()
}

func write(t *testing.T, c fixtures.Case, golden string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("goldens are not rewritten in CI")
	}
	if err := os.WriteFile(filepath.Join(folder, c.Path(".findings")), []byte(golden), 0o644); err != nil {
		t.Fatal(err)
	}
}

func newEngine(t testing.TB, list []policy.Rule) *engine.Engine {
	t.Helper()
	e, err := engine.New(list, provider.AKS(), v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func loadCases(t testing.TB) []fixtures.Case {
	t.Helper()
	cases, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cases
}
