// SPDX-License-Identifier: Apache-2.0

package corpus_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/policy"
)

var update = flag.Bool("update", false, "rewrite the .verdicts and SUMMARY.md")

// areas are the kinds of software that the corpus must hold something of.
var areas = []string{
	"aks-guides", "applications", "autoscaling", "azure", "backup", "builds", "certificates", "cni", "csi", "devices", "gitops",
	"in-kube-system", "ingress", "meshes", "node-tools", "observability", "operators", "policy", "security",
}

// floor is how many objects the corpus must hold at least.
const floor = 120

var load = sync.OnceValues(func() ([]project, error) { return loadCorpus(here()) })

func corpus(t testing.TB) []project {
	t.Helper()
	projects, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return projects
}

func TestCorpus(t *testing.T) {
	projects := corpus(t)
	j := newJudge(t)
	s := newSummary()
	for _, p := range projects {
		t.Run(p.area+"/"+p.name, func(t *testing.T) { judgeProject(t, j.within(p), p, s) })
	}
	for _, area := range areas {
		if s.objects[area] == 0 {
			t.Errorf("%s: holds no object", area)
		}
	}
	if n := s.total(); n < floor {
		t.Errorf("got %d objects, want at least %d", n, floor)
	}
	t.Log("\n" + s.text())
	golden(t, "SUMMARY.md", s.markdown())
}

// judgeProject compares what the rules say of a project with its golden.
func judgeProject(t *testing.T, j *judge, p project, s *summary) {
	before := readVerdicts(t, p)
	var lines []string
	for _, d := range p.documents {
		found, err := j.findings(d)
		if err != nil {
			t.Errorf("%s: %s: %v", d.place(), d, err)
			continue
		}
		s.add(p.area, found)
		for _, f := range found {
			if f.mode == policy.Deny {
				t.Errorf("%s: nothing in the corpus may be refused: %s", d.place(), f.line)
			}
			if slices.Contains(lines, f.line) {
				continue
			}
			lines = append(lines, f.line)
			if f.mode.AtLeast(policy.Warn) {
				because := before[f.line]
				if because == "" {
					because = unjudged
				}
				lines = append(lines, becausePrefix+because)
				if because == unjudged && !*update {
					t.Errorf("%s: nobody has said why this is right: %s", d.place(), f.line)
				}
			}
		}
	}
	text := ""
	if len(lines) > 0 {
		text = strings.Join(lines, "\n") + "\n"
	}
	golden(t, p.path(verdictsSuffix), text)
}

// What stands below a warning, and in place of a reason that nobody has given yet.
const (
	becausePrefix = "    because: "
	unjudged      = "?"
)

// readVerdicts returns the reasons in a golden by the lines that they stand below.
func readVerdicts(t *testing.T, p project) map[string]string {
	text, err := fs.ReadFile(here(), p.path(verdictsSuffix))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	reasons, err := parseVerdicts(string(text))
	if err != nil {
		t.Errorf("%s: %v", p.path(verdictsSuffix), err)
	}
	return reasons
}

func parseVerdicts(text string) (map[string]string, error) {
	reasons, line := map[string]string{}, ""
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		reason, ok := strings.CutPrefix(l, becausePrefix)
		switch {
		case !ok:
			line = l
		case line == "" || strings.TrimSpace(reason) == "":
			return reasons, fmt.Errorf("%q: must be a reason below a verdict", l)
		default:
			reasons[line], line = reason, ""
		}
	}
	return reasons, nil
}

// golden compares a generated file, or rewrites it. No text is no file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if os.Getenv("CI") != "" {
			t.Fatal("goldens are not rewritten in CI")
		}
		err := os.Remove(file)
		if got != "" {
			err = os.WriteFile(file, []byte(got), 0o644)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return
	}
	want, err := fs.ReadFile(here(), file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale: go test ./test/corpus -update (-want +got):\n%s", file, diff)
	}
}

func TestParseVerdicts(t *testing.T) {
	const line = "Warn some-rule Pod shop/a spec: must not be"
	for name, c := range map[string]struct {
		text string
		want map[string]string
		bad  bool
	}{
		"nothing":        {want: map[string]string{}},
		"a record":       {text: "Audit some-rule Pod shop/a spec: must not be\n", want: map[string]string{}},
		"a warning":      {text: line + "\n    because: it helps\n", want: map[string]string{line: "it helps"}},
		"no verdict":     {text: "    because: it helps\n", want: map[string]string{}, bad: true},
		"an empty one":   {text: line + "\n    because: \n", want: map[string]string{}, bad: true},
		"two of a kind":  {text: line + "\n    because: it helps\n    because: so\n", want: map[string]string{line: "it helps"}, bad: true},
		"not judged yet": {text: line + "\n    because: ?\n", want: map[string]string{line: unjudged}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseVerdicts(c.text)
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.bad {
				t.Errorf("got error %v, reasons (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	warn := func(line string) finding { return finding{rule: "some-rule", mode: policy.Warn, line: line} }
	got := merge([]finding{warn("both"), warn("asked")}, []finding{warn("both"), warn("resting")}, "CREATE")
	want := []string{"both", "asked (only on CREATE)", "resting (only at rest)"}
	var lines []string
	for _, f := range got {
		lines = append(lines, f.line)
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
