// SPDX-License-Identifier: Apache-2.0

package featuregates

import (
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"k8s.io/component-base/cli/flag"
	"k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
)

// newRegistry returns a registry as a Kubernetes component has one.
func newRegistry(t testing.TB) featuregate.MutableVersionedFeatureGate {
	t.Helper()
	registry := featuregate.NewFeatureGate()
	err := registry.Add(map[featuregate.Feature]featuregate.FeatureSpec{
		"Alfa":    {PreRelease: featuregate.Alpha},
		"Bravo":   {PreRelease: featuregate.Beta, Default: true},
		"Charlie": {PreRelease: featuregate.Alpha, Default: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

// explicit returns what a registry was told, without the consequences of AllAlpha and AllBeta.
func explicit(registry featuregate.MutableVersionedFeatureGate) map[string]bool {
	set := map[string]bool{}
	for _, gate := range registered {
		if feature := featuregate.Feature(gate); registry.ExplicitlySet(feature) {
			set[gate] = registry.Enabled(feature)
		}
	}
	return set
}

// plain returns the settings as a registry would hold them, and whether all of them are such that it accepts them.
func plain(settings []Setting) (set map[string]bool, acceptable bool) {
	set, acceptable = map[string]bool{}, true
	for _, s := range settings {
		if s.Err != nil || s.Component != "" || !slices.Contains(registered, s.Gate) {
			acceptable = false
			continue
		}
		set[s.Gate] = s.Enabled
	}
	return set, acceptable
}

// checkAgainstSet fails the test if Parse and featuregate's Set disagree about a flag, and returns whether Set takes it.
func checkAgainstSet(t testing.TB, value string) bool {
	t.Helper()
	registry := newRegistry(t)
	err := registry.Set(value)
	got, acceptable := plain(Parse(value))
	// A registry doesn't split off components, so that even an empty one makes a name that it doesn't know.
	if acceptable = acceptable && !strings.Contains(value, ":"); acceptable != (err == nil) {
		t.Fatalf("%q: acceptable is %t, but Set says %v", value, acceptable, err)
	}
	if err != nil {
		return false
	}
	if want := explicit(registry); !maps.Equal(want, got) {
		t.Fatalf("%q (-want +got):\n%s", value, cmp.Diff(want, got))
	}
	return true
}

// needAccepted guards against a property that holds because everything was refused.
func needAccepted(t *testing.T, accepted, cases int) {
	t.Helper()
	t.Logf("%d of %d cases accepted", accepted, cases)
	if accepted < cases/5 || accepted > cases*19/20 {
		t.Errorf("%d of %d cases accepted, want neither nearly none nor nearly all", accepted, cases)
	}
}

func TestParseEqualsSet(t *testing.T) {
	cases := 100_000
	if testing.Short() {
		cases = 5_000
	}
	g := generator{rand.New(rand.NewSource(1))}
	accepted := 0
	for range cases {
		value := g.flag("", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "kube:", ":")
		if g.Intn(10) == 0 {
			value = g.noise()
		}
		if checkAgainstSet(t, value) {
			accepted++
		}
	}
	needAccepted(t, accepted, cases)
}

// TestParseEqualsComponents compares with the registry of API server, scheduler and controller manager, which splits
// off components before it splits off values.
func TestParseEqualsComponents(t *testing.T) {
	const cases = 5_000
	g := generator{rand.New(rand.NewSource(2))}
	accepted := 0
	for range cases {
		// The two ways to say kube must not be mixed.
		value := g.flag(g.pick("", ":", "kube:", " kube :"), "wardle:")
		kube, wardle, err := setComponents(t, value)
		if err != nil {
			continue
		}
		accepted++
		got := map[string]map[string]bool{"kube": {}, "wardle": {}}
		for _, s := range Parse(value) {
			if s.Component == "" {
				s.Component = "kube"
			}
			// A blank item is nothing here, but makes a kubelet refuse to start.
			if s.Err == nil {
				got[s.Component][s.Gate] = s.Enabled
			}
		}
		want := map[string]map[string]bool{"kube": kube, "wardle": wardle}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", value, diff)
		}
	}
	needAccepted(t, accepted, cases)
}

func setComponents(t *testing.T, value string) (kube, wardle map[string]bool, err error) {
	t.Helper()
	registry := compatibility.NewComponentGlobalsRegistry()
	gates := []featuregate.MutableVersionedFeatureGate{newRegistry(t), newRegistry(t)}
	for i, component := range []string{"kube", "wardle"} {
		version := compatibility.NewEffectiveVersionFromString("1.37", "1.37", "1.36")
		if err := registry.Register(component, version, gates[i]); err != nil {
			t.Fatal(err)
		}
	}
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	registry.AddFlags(flags)
	if err := flags.Set(flagName, value); err != nil {
		return nil, nil, err
	}
	if err := registry.Set(); err != nil {
		return nil, nil, err
	}
	return explicit(gates[0]), explicit(gates[1]), nil
}

// component parses arguments as a Kubernetes component does, which has no use for arguments that aren't flags.
func component(t *testing.T, args []string, allowUnknown bool) (set map[string]bool, accepted bool) {
	t.Helper()
	registry := newRegistry(t)
	flags := pflag.NewFlagSet("kube-scheduler", pflag.ContinueOnError)
	flags.SetNormalizeFunc(flag.WordSepNormalizeFunc)
	flags.ParseErrorsAllowlist.UnknownFlags = allowUnknown
	flags.Usage = func() {}
	registry.AddFlag(flags)
	if !allowUnknown {
		flags.String("text", "", "")
		flags.Bool("switch", false, "")
	}
	err := flags.Parse(args)
	return explicit(registry), err == nil && (allowUnknown || flags.NArg() == 0)
}

// TestFromArgsEqualsPflag compares with pflag where no argument has two readings.
func TestFromArgsEqualsPflag(t *testing.T) {
	const cases = 50_000
	g := generator{rand.New(rand.NewSource(3))}
	accepted := 0
	for range cases {
		args := g.args()
		for i := range args {
			if isBare(args[i]) && !strings.HasPrefix(args[i], "--feature") {
				args[i] += "=true"
			}
		}
		want, ok := component(t, args, true)
		if !ok {
			continue
		}
		accepted++
		got, acceptable := plain(FromArgs(args))
		if !acceptable || !maps.Equal(want, got) {
			t.Fatalf("%q: acceptable is %t (-want +got):\n%s", args, acceptable, cmp.Diff(want, got))
		}
	}
	needAccepted(t, accepted, cases)
}

// TestFromArgsMissesNothing lets arguments have two readings, and compares with a component that knows which is right:
// what is on there is found, and where no flag could take the next argument nothing else is.
func TestFromArgsMissesNothing(t *testing.T) {
	const cases = 50_000
	g := generator{rand.New(rand.NewSource(4))}
	accepted := 0
	for range cases {
		args := g.args()
		want, ok := component(t, args, false)
		if !ok {
			continue
		}
		accepted++
		got, _ := plain(FromArgs(args))
		for gate, enabled := range want {
			if enabled && !got[gate] {
				t.Fatalf("%q: %s is on and was missed: %v", args, gate, got)
			}
		}
		if !slices.Contains(args, "--text") && !slices.Contains(args, "--switch") && !maps.Equal(want, got) {
			t.Fatalf("%q (-want +got):\n%s", args, cmp.Diff(want, got))
		}
	}
	needAccepted(t, accepted, cases)
}

// TestPflagRefusesSingleDash pins why FromArgs passes over a single dash.
func TestPflagRefusesSingleDash(t *testing.T) {
	for _, args := range [][]string{{"-feature-gates=Alfa=true"}, {"-feature-gates", "Alfa=true"}} {
		if set, accepted := component(t, args, false); accepted {
			t.Errorf("%q: accepted as %v", args, set)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, value := range []string{"", "Alfa=true", "Alfa=1, Bravo = F,,", "kube:Alfa=true", ":=:=", "AllAlpha=T,Alfa"} {
		f.Add(value)
	}
	g := generator{rand.New(rand.NewSource(5))}
	for range 20 {
		f.Add(g.flag(""))
	}
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) <= MaxText {
			checkAgainstSet(t, value)
		}
		settings := Parse(value)
		if limit := 2 + strings.Count(value, ","); len(settings) > limit {
			t.Errorf("%d settings out of at most %d items", len(settings), limit)
		}
		if diff := diffSettings(settings, FromArgs([]string{"--feature-gates", value})); diff != "" && !strings.HasPrefix(value, "--") {
			t.Errorf("flag (-Parse +FromArgs):\n%s", diff)
		}
	})
}
