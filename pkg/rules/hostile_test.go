// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/rules"
)

// hostile is what somebody might write where a rule reads text: it must reach no terminal, no log line and no header as
// it is.
var hostile = []string{
	"a\x1b[2Jb", "a\r\nWarning: 299 - injected", "a\u202eb", "\x00", strings.Repeat("x", 5000), "%s%d%!", "\"; ls", "ü", "::error::x",
}

// Whatever stands in the strings of an object, a rule does not fail, and what is said of it stays clean: warnings are one
// printable line of at most 256 bytes.
func TestHostileTextStaysHarmless(t *testing.T) {
	e := newEngine(t, rules.All())
	r := rand.New(rand.NewPCG(7, 11))
	asked := 0
	for _, c := range loadCases(t) {
		in := input(t, c)
		for range 12 {
			mutant := in
			mutant.Object, mutant.Old = poisoned(t, in.Object, r), poisoned(t, in.Old, r)
			if s := mutant.Subject(); s != nil {
				mutant.Name = s.Meta.Name
			}
			d := e.Evaluate(mutant, time.Unix(0, 0))
			for _, f := range d.Faults {
				if f.Rule != "" {
					t.Errorf("%s: rule %s failed: %v\n%s\n%s", c.ID(), f.Rule, f.Err, mutant.Subject().Raw(), f.Stack)
				}
			}
			for _, v := range d.Verdicts {
				asked++
				clean(t, c.ID(), report.Line(v))
				if w := report.Warning(v); len(w) > 256 {
					t.Errorf("%s: a warning of %d bytes: %q", c.ID(), len(w), w)
				}
			}
			for _, w := range report.Warnings(d) {
				clean(t, c.ID(), w)
			}
			for _, line := range strings.Split(report.Refusal(d), "\n") {
				clean(t, c.ID(), line)
			}
			for _, a := range report.AuditAnnotations(d) {
				clean(t, c.ID(), a)
			}
		}
	}
	t.Logf("%d findings were put into words", asked)
}

func clean(t *testing.T, id, text string) {
	t.Helper()
	for _, c := range text {
		if !unicode.IsPrint(c) {
			t.Errorf("%s: %U in %q", id, c, text)
			return
		}
	}
}

// poisoned replaces some strings of an object, keys among them.
func poisoned(t *testing.T, o *object.Object, r *rand.Rand) *object.Object {
	t.Helper()
	if o == nil {
		return nil
	}
	var tree map[string]any
	if err := json.Unmarshal(o.Raw(), &tree); err != nil {
		t.Fatal(err)
	}
	poison(tree, r)
	raw, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := object.Decode(raw, o.GVK)
	if err != nil {
		return o // a poisoned head: the front end refuses to read it
	}
	return decoded
}

func poison(v any, r *rand.Rand) any {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			if k == "apiVersion" || k == "kind" {
				continue
			}
			v[k] = poison(member, r)
			if r.IntN(40) == 0 {
				v[k+hostile[r.IntN(len(hostile))]] = v[k]
			}
		}
	case []any:
		for i := range v {
			v[i] = poison(v[i], r)
		}
	case string:
		if r.IntN(6) == 0 {
			return v + hostile[r.IntN(len(hostile))]
		}
	}
	return v
}
