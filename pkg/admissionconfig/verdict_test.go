// SPDX-License-Identifier: Apache-2.0

package admissionconfig_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/demarc-dev/demarc/pkg/admissionconfig"
	"github.com/demarc-dev/demarc/pkg/provider"
)

var update = flag.Bool("update", false, "rewrite the .verdicts of real-world configurations")

const realWorld = "../../test/admissionconfig"

// What projects put into a cluster by default, and what is said of it: the goldens are there to be read.
func TestVerdictsOnRealWorldConfigurations(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(realWorld, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, v := range admissionconfig.Judge(&admissionconfig.Server{Minor: 36}, provider.AKS(), hooksIn(t, string(raw)), nil) {
				b.WriteString(golden(v))
			}
			name := strings.TrimSuffix(file, ".yaml") + ".verdicts"
			if *update {
				if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
		})
	}
}

func golden(v admissionconfig.Verdict) string {
	var b strings.Builder
	path := "-"
	if v.Path != nil {
		path = v.Path.String()
	}
	fmt.Fprintf(&b, "%s %s\n  at: %s\n  must: %s\n  fix: %s\n", v.Class, v.Configuration, path, v.Message, v.Fix)
	if len(v.Others) > 0 {
		fmt.Fprintf(&b, "  also: %s\n", strings.Join(v.Others, ", "))
	}
	if v.Doubt != "" {
		fmt.Fprintf(&b, "  doubt: %s\n", v.Doubt)
	}
	if v.AtMost != "" {
		fmt.Fprintf(&b, "  at most: %s\n", v.AtMost)
	}
	for line := range strings.Lines(v.YAML) {
		b.WriteString("  | " + line)
	}
	return b.String()
}

func hooksIn(t *testing.T, manifests string) []*admissionconfig.Hook {
	t.Helper()
	var set admissionconfig.Set
	for doc := range strings.SplitSeq(manifests, "\n---\n") {
		raw, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if string(raw) == "null" {
			continue
		}
		if _, err := set.Add(raw); err != nil {
			t.Fatal(err)
		}
	}
	return set.Hooks()
}
