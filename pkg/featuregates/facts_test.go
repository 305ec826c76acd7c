// SPDX-License-Identifier: Apache-2.0

package featuregates

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mainRegistered are the gates that no package registers by itself, only the main functions of the components. The
// figures below were counted, independently of the generator, without them.
var mainRegistered = []string{
	"ComponentSLIs", "ContextualLogging", "ControllerManagerReleaseLeaderElectionLockOnExit", "LoggingAlphaOptions",
	"LoggingBetaOptions", "NativeHistograms",
}

// counts are figures of one minor version. New and Left compare with the minor version before.
type counts struct{ Gates, Alpha, New, Left int }

// counted has the figures of each minor version, and how many main-registered gates come on top of them.
var counted = map[Minor]struct {
	without    counts
	main       int
	mainAlphas int
}{
	20: {counts{87, 36, 0, 0}, 0, 0},
	21: {counts{93, 41, 23, 18}, 0, 0},
	22: {counts{127, 38, 15, 18}, 0, 0},
	23: {counts{138, 47, 18, 9}, 0, 0},
	24: {counts{137, 44, 7, 10}, 1, 1}, // ContextualLogging
	25: {counts{137, 51, 14, 7}, 3, 2}, // LoggingAlphaOptions, LoggingBetaOptions
	26: {counts{141, 57, 14, 8}, 4, 3}, // ComponentSLIs
	27: {counts{143, 52, 12, 17}, 4, 2},
	28: {counts{148, 57, 15, 10}, 4, 2},
	29: {counts{156, 62, 18, 13}, 4, 2},
	30: {counts{163, 60, 13, 15}, 4, 1}, // ContextualLogging is beta
	31: {counts{161, 45, 9, 24}, 4, 1},
	32: {counts{173, 58, 22, 9}, 4, 1},
	33: {counts{185, 56, 17, 19}, 4, 1},
	34: {counts{202, 53, 11, 14}, 4, 1},
	35: {counts{213, 52, 14, 15}, 3, 1}, // ComponentSLIs is gone
	36: {counts{235, 46, 14, 20}, 5, 3}, // ControllerManagerReleaseLeaderElectionLockOnExit, NativeHistograms
	37: {counts{247, 54, 23, 15}, 5, 2}, // NativeHistograms is beta
}

// stagesOf returns the stage of every gate in a minor version, without AllAlpha, AllBeta and the gates left out.
func stagesOf(m Minor, leftOut ...string) map[string]Stage {
	stages := map[string]Stage{}
	for gate := range All() {
		if spec, known := Lookup(gate, m); known && gate != AllAlpha && gate != "AllBeta" && !slices.Contains(leftOut, gate) {
			stages[gate] = spec.Stage
		}
	}
	return stages
}

func count(m Minor, leftOut ...string) counts {
	now, before := stagesOf(m, leftOut...), stagesOf(m-1, leftOut...)
	c := counts{Gates: len(now)}
	for gate, stage := range now {
		if stage == Alpha {
			c.Alpha++
		}
		if stage == Alpha && before[gate] != Alpha && len(before) > 0 {
			c.New++
		}
	}
	for gate, stage := range before {
		if stage == Alpha && now[gate] != Alpha {
			c.Left++
		}
	}
	return c
}

func TestCounts(t *testing.T) {
	oldest, newest := Known()
	if want := int(newest-oldest) + 1; len(counted) != want {
		t.Errorf("figures of %d minor versions, want %d", len(counted), want)
	}
	for m, want := range counted {
		if diff := cmp.Diff(want.without, count(m, mainRegistered...)); diff != "" {
			t.Errorf("%s without the main-registered gates (-want +got):\n%s", m, diff)
		}
		all := count(m)
		if got := all.Gates - want.without.Gates; got != want.main {
			t.Errorf("%s: %d main-registered gates, want %d", m, got, want.main)
		}
		if got := all.Alpha - want.without.Alpha; got != want.mainAlphas {
			t.Errorf("%s: %d main-registered alpha gates, want %d", m, got, want.mainAlphas)
		}
	}
}

// window counts the gates that are alpha in one and something else in another minor version, and those alpha in all.
func window(from, to Minor, leftOut ...string) (changing, always int) {
	seen := map[string]map[bool]int{}
	for m := from; m <= to; m++ {
		for gate, stage := range stagesOf(m, leftOut...) {
			if seen[gate] == nil {
				seen[gate] = map[bool]int{}
			}
			seen[gate][stage == Alpha]++
		}
	}
	for _, at := range seen {
		if at[true] > 0 && at[false] > 0 {
			changing++
		}
		if at[true] == int(to-from)+1 {
			always++
		}
	}
	return changing, always
}

// TestWhyMinorsMatter holds the figures that make a table without versions useless.
func TestWhyMinorsMatter(t *testing.T) {
	for name, test := range map[string]struct {
		leftOut          []string
		changing, always int
	}{
		"without main-registered gates": {mainRegistered, 78, 21},
		"all":                           {nil, 79, 22}, // NativeHistograms changes, LoggingAlphaOptions never does
	} {
		if changing, _ := window(32, 37, test.leftOut...); changing != test.changing {
			t.Errorf("%s: %d change in 1.32 to 1.37, want %d", name, changing, test.changing)
		}
		if _, always := window(32, 36, test.leftOut...); always != test.always {
			t.Errorf("%s: %d are alpha in all of 1.32 to 1.36, want %d", name, always, test.always)
		}
	}
}

// TestNames counts over all versions.
func TestNames(t *testing.T) {
	names, everAlpha := 0, 0
	for gate := range All() {
		if slices.Contains(mainRegistered, gate) {
			continue
		}
		names++
		if len(AlphaRanges(gate)) > 0 {
			everAlpha++
		}
	}
	if names != 461 || everAlpha != 296 {
		t.Errorf("%d names, %d of them alpha at some time, want 461 and 296", names, everAlpha)
	}
}

func TestOneAlphaGateWasOn(t *testing.T) {
	oldest, newest := Known()
	var got []string
	for gate := range All() {
		for m := oldest; m <= newest; m++ {
			if spec, known := Lookup(gate, m); known && spec.Stage == Alpha && spec.Default {
				got = append(got, gate+" "+m.String())
			}
		}
	}
	var want []string
	for m := Minor(26); m <= 32; m++ {
		want = append(want, "WindowsHostNetwork "+m.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("on while alpha (-want +got):\n%s", diff)
	}
}

func TestNothingGoesBackToAlpha(t *testing.T) {
	_, newest := Known()
	for m := Minor(23); m <= newest; m++ {
		before := stagesOf(m - 1)
		for gate, stage := range stagesOf(m) {
			if stage == Alpha && before[gate] != Alpha && before[gate] != "" {
				t.Errorf("%s: %s in %s, alpha in %s", gate, before[gate], m-1, m)
			}
		}
	}
}

// shape returns what is wrong with the form of a table.
func shape(text string) []string {
	t, err := decode(text)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	last := ""
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(line, "\t")
		if name[0] == '#' || name[0] == '@' {
			continue
		}
		if name <= last {
			wrong = append(wrong, fmt.Sprintf("%s stands after %s", name, last))
		}
		last = name
		wrong = append(wrong, t.shapeOf(name)...)
	}
	return wrong
}

func (t *table) shapeOf(gate string) []string {
	var wrong []string
	before := Range{To: t.oldest - 1}
	for _, r := range t.gates[gate] {
		if !slices.Contains([]Stage{Alpha, Beta, GA, Deprecated}, r.Stage) {
			wrong = append(wrong, fmt.Sprintf("%s: stage %q is not legal", gate, r.Stage))
		}
		if r.From <= before.To || r.To < r.From || r.To > t.newest {
			wrong = append(wrong, fmt.Sprintf("%s: %s to %s is out of order", gate, r.From, r.To))
		}
		if r.From == before.To+1 && r.Spec == before.Spec {
			wrong = append(wrong, fmt.Sprintf("%s: two ranges meet at %s that are one", gate, r.From))
		}
		before = r
	}
	return wrong
}

func TestShape(t *testing.T) {
	if wrong := shape(embedded); len(wrong) > 0 {
		t.Error(strings.Join(wrong, "\n"))
	}
	if strings.Contains(embedded, "\r") || !strings.HasSuffix(embedded, "\n") || len(embedded) > 48<<10 {
		t.Errorf("the table (%d bytes) is not plain lines, or too big to embed", len(embedded))
	}
}

// TestShapeBites plants offenders.
func TestShapeBites(t *testing.T) {
	const sources = "@1.20\tv1.20.1\n@1.21\tv1.21.1\n@1.22\tv1.22.1\n"
	for name, test := range map[string]struct{ text, want string }{
		"unsorted":       {sources + "B\t1.20+ beta on\nA\t1.20+ beta on\n", "A stands after B"},
		"twice":          {sources + "A\t1.20+ beta on\nA\t1.20+ beta on\n", "gate A stands twice"},
		"overlap":        {sources + "A\t1.20-1.21 alpha off\t1.21+ beta on\n", "A: 1.21 to 1.22 is out of order"},
		"backwards":      {sources + "A\t1.22-1.21 alpha off\n", "A: 1.22 to 1.21 is out of order"},
		"too old":        {sources + "A\t1.19-1.21 alpha off\n", "A: 1.19 to 1.21 is out of order"},
		"too new":        {sources + "A\t1.20-1.23 alpha off\n", "A: 1.20 to 1.23 is out of order"},
		"illegal stage":  {sources + "A\t1.20+ gamma off\n", `A: stage "gamma" is not legal`},
		"not joined":     {sources + "A\t1.20 alpha off\t1.21+ alpha off\n", "A: two ranges meet at 1.21 that are one"},
		"no default":     {sources + "A\t1.20+ alpha\n", `"" is no default`},
		"odd default":    {sources + "A\t1.20+ alpha maybe\n", `"maybe" is no default`},
		"no range":       {sources + "A\n", `"" is no range of minor versions`},
		"odd range":      {sources + "A\t1.x+ alpha off\n", `"1.x+" is no range of minor versions`},
		"odd source":     {"@latest\tv1.20.1\n", `"latest" is no minor version`},
		"source missing": {"@1.20\tv1.20.1\n@1.22\tv1.22.1\n", "1.22 does not follow 1.20"},
	} {
		t.Run(name, func(t *testing.T) {
			if wrong := strings.Join(shape(test.text), "\n"); !strings.Contains(wrong, test.want) {
				t.Errorf("got %q, want %q in it", wrong, test.want)
			}
		})
	}
}
