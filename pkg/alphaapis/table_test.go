// SPDX-License-Identifier: Apache-2.0

package alphaapis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const small = "# comment\n@1.30\tv1.30.1\n@1.31\tv1.31.2\n@1.32\tv1.32.3\n" +
	"example.k8s.io\tthings\tThing\tCluster\tv1alpha1 1.30\tv1alpha2 1.31-1.32\tv1 1.32+\n"

func TestDecode(t *testing.T) {
	got, err := decode(small)
	if err != nil {
		t.Fatal(err)
	}
	want := []Resource{{Group: "example.k8s.io", Plural: "things", Kind: "Thing",
		Versions: []Version{{"v1alpha1", 30, 30}, {"v1alpha2", 31, 32}, {"v1", 32, 32}}}}
	if diff := cmp.Diff(want, got.resources); diff != "" || got.oldest != 30 || got.newest != 32 {
		t.Errorf("%s to %s, resources (-want +got):\n%s", got.oldest, got.newest, diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new string }{
		"a gap":                   {"@1.31\tv1.31.2\n", ""},
		"no minor":                {"@1.31", "@next"},
		"no version":              {"\tv1alpha1 1.30\tv1alpha2 1.31-1.32\tv1 1.32+", ""},
		"another scope":           {"Cluster", "Everywhere"},
		"a version without span":  {"v1alpha1 1.30", "v1alpha1"},
		"a span without version":  {"v1alpha1 1.30", " 1.30"},
		"a span that is none":     {"1.31-1.32", "1.31-"},
		"a span from back to fro": {"1.31-1.32", "1.32-1.31"},
		"before the table":        {"v1alpha1 1.30", "v1alpha1 1.29"},
		"after the table":         {"1.31-1.32", "1.31-1.33"},
		"twice":                   {"example.k8s.io\t", "example.k8s.io\tothers\tThing\tCluster\tv1 1.30\nexample.k8s.io\t"},
	} {
		text := strings.Replace(small, c.old, c.new, 1)
		if text == small {
			t.Fatalf("%s: %q is not in the table", name, c.old)
		}
		if got, err := decode(text); err == nil {
			t.Errorf("%s: no error, but %+v", name, got.resources)
		}
	}
}
