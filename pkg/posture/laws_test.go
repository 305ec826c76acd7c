// SPDX-License-Identifier: Apache-2.0

package posture_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/posture"
	"github.com/demarc-dev/demarc/pkg/provider"
	posturecases "github.com/demarc-dev/demarc/test/posture"
)

func TestRulesAreLawful(t *testing.T) {
	if err := policy.Validate(posture.All(), provider.AKS()); err != nil {
		t.Error(err)
	}
	for _, r := range posture.All() {
		if r.Default.AtLeast(policy.Deny) {
			t.Errorf("rule %s denies: an audit refuses nothing", r.ID)
		}
	}
}

// One rule, one file, one folder of cases, one page; at least six cases each way.
func TestNamesAgree(t *testing.T) {
	var ids []string
	counts := map[string]int{}
	for _, c := range loadCases(t) {
		counts[c.Rule+"/"+c.Dir]++
	}
	for _, r := range posture.All() {
		id := string(r.ID)
		ids = append(ids, id)
		file := strings.ReplaceAll(id, "-", "_") + ".go"
		src, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("rule %s has no file of its name: %v", id, err)
		} else if !bytes.Contains(src, []byte(`"`+id+`"`)) {
			t.Errorf("%s does not hold rule %s", file, id)
		}
		if _, err := os.Stat(filepath.Join("..", "..", "docs", "rules", id+".md")); err != nil {
			t.Errorf("rule %s has no page: run make generate", id)
		}
		for _, dir := range []string{posturecases.Pass, posturecases.Fail} {
			if n := counts[id+"/"+dir]; n < 6 {
				t.Errorf("rule %s has %d %s cases, want 6 or more", id, n, dir)
			}
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	if diff := cmp.Diff(ids, folders); diff != "" {
		t.Errorf("rules and folders (-rules +folders):\n%s", diff)
	}
}

// A rule that never finds anything, or always does, must break its own cases: a suite that can't fail is none.
func TestCasesBite(t *testing.T) {
	always := func(policy.State) []policy.Sighting {
		return []policy.Sighting{{Finding: policy.Finding{Message: "always"}}}
	}
	never := func(policy.State) []policy.Sighting { return nil }
	cases := loadCases(t)
	for _, r := range posture.All() {
		for dir, survey := range map[string]policy.Survey{posturecases.Pass: always, posturecases.Fail: never} {
			changed := r
			changed.Survey = survey
			e := newEngine(t, []policy.Rule{changed})
			for _, c := range cases {
				if c.Rule == string(r.ID) && c.Dir == dir && findings(t, e, state(t, c)) == c.Findings {
					t.Errorf("%s does not notice a rule that is replaced", c.ID())
				}
			}
		}
	}
}

// Rules run in parallel on the same state with the same answer, and change nothing. The race detector watches.
func TestRulesArePure(t *testing.T) {
	e := newEngine(t, posture.All())
	for _, c := range loadCases(t) {
		s := state(t, c)
		before := snapshot(t, s)
		answers := make([]string, 4)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = findings(t, e, s) })
		}
		wg.Wait()
		if len(slices.Compact(answers)) != 1 {
			t.Errorf("%s: the answers differ: %q", c.ID(), answers)
		}
		if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
			t.Errorf("%s: the rules changed the state (-before +after):\n%s", c.ID(), diff)
		}
	}
}

func snapshot(t *testing.T, s policy.State) string {
	t.Helper()
	s.Provider = nil
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Whatever the order in which objects come, or in which a state holds them, the findings are the same, and in the same order.
func TestOrderDoesNotMatter(t *testing.T) {
	e := newEngine(t, posture.All())
	r := rand.New(rand.NewPCG(3, 5))
	for _, c := range loadCases(t) {
		want := findings(t, e, state(t, c))
		for range 5 {
			k := c
			k.Objects = slices.Clone(c.Objects)
			r.Shuffle(len(k.Objects), func(i, j int) { k.Objects[i], k.Objects[j] = k.Objects[j], k.Objects[i] })
			if diff := cmp.Diff(want, findings(t, e, state(t, k))); diff != "" {
				t.Errorf("%s: another order of objects gives others (-want +got):\n%s", c.ID(), diff)
			}
		}
	}
}

// hostile is what somebody might write where a rule reads text: it must reach no terminal as it is.
var hostile = []string{
	"a\x1b[2Jb", "a\r\nb", "a\u202eb", "\x00", strings.Repeat("x", 5000), "%s%d%!", "\"; ls", "ü", "$(reboot)", " -n victim", "`id`", "::error::x",
}

func TestHostileTextStaysHarmless(t *testing.T) {
	e := newEngine(t, posture.All())
	r := rand.New(rand.NewPCG(7, 11))
	asked := 0
	for _, c := range loadCases(t) {
		for range 25 {
			k := c
			k.Objects = nil
			for _, raw := range c.Objects {
				k.Objects = append(k.Objects, poisoned(t, raw, r))
			}
			s, err := k.State()
			if err != nil {
				continue // the front end refuses to read it
			}
			for _, o := range e.Survey(s, nil) {
				for _, f := range o.Decision.Faults {
					t.Errorf("%s: rule %s failed: %v\n%s", c.ID(), f.Rule, f.Err, f.Stack)
				}
				for _, v := range o.Decision.Verdicts {
					asked++
					harmless(t, c.ID(), v.Message, v.Fix, v.Doubt)
				}
			}
		}
	}
	if asked < 1000 {
		t.Errorf("only %d findings were put into words", asked)
	}
}

func harmless(t *testing.T, id string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if len(text) > 800 {
			t.Errorf("%s: %d bytes: %q", id, len(text), text)
		}
		if strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) || c > unicode.MaxASCII }) {
			t.Errorf("%s: unclean: %q", id, text)
		}
	}
	if fix := texts[1]; strings.ContainsAny(fix, "$`\"\\") || strings.Contains(fix, "victim") {
		t.Errorf("%s: a command that somebody may copy holds foreign text: %q", id, fix)
	}
}

// poisoned replaces some of an object's strings, keys among them.
func poisoned(t *testing.T, raw []byte, r *rand.Rand) []byte {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	poison(tree, r)
	changed, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func poison(v any, r *rand.Rand) any {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			if k == "apiVersion" || k == "kind" || strings.Contains(strings.ToLower(k), "time") {
				continue
			}
			v[k] = poison(member, r)
			if r.IntN(30) == 0 {
				v[k+hostile[r.IntN(len(hostile))]] = v[k]
			}
		}
	case []any:
		for i := range v {
			v[i] = poison(v[i], r)
		}
	case string:
		if r.IntN(5) == 0 {
			return v + hostile[r.IntN(len(hostile))]
		}
	}
	return v
}
