// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// TestFixtures is the command line's reading of the shared cases: each as the request that it stands for, and those that
// are no more than a manifest as that too. A pass case leaves no output, a fail case its golden.
func TestFixtures(t *testing.T) {
	cases, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	requests, manifests := 0, 0
	for _, c := range cases {
		t.Run(c.ID(), func(t *testing.T) {
			requests++
			args := []string{"check", "-f", "-", "--fail-on", "Audit", "--server-version", c.Request.ServerVersion,
				"--context-objects", surroundings(t, c)}
			if c.AtRest() {
				manifests++
				law(t, c, c.Manifest, args)
				return
			}
			review, err := c.Review()
			if err != nil {
				t.Fatal(err)
			}
			law(t, c, string(review), args)
			if !c.Request.Given && c.Old == nil && c.Parent == nil {
				manifests++
				law(t, c, c.Manifest, args)
			}
		})
	}
	t.Logf("%d requests and %d manifests of %d cases", requests, manifests, len(cases))
	if requests != len(cases) {
		t.Errorf("%d of %d cases ran", requests, len(cases))
	}
}

// law runs one reading of a case.
func law(t *testing.T, c fixtures.Case, document string, args []string) {
	t.Helper()
	code, stdout := runReal(t, document, args...)
	if c.Dir == fixtures.Pass {
		if code != exitClean || stdout != "" {
			t.Errorf("exit code %d, want %d, and output, want none:\n%s", code, exitClean, stdout)
		}
		return
	}
	if c.Findings == "" {
		t.Fatal("a fail case without a golden")
	}
	code, stdout = runReal(t, document, append(args, "-o", "json")...)
	var got report.Report
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	var lines []string
	skipped := map[string]bool{}
	for _, r := range got.Results {
		for _, v := range r.Verdicts {
			if v.Shown() {
				lines = append(lines, v.Line())
			}
		}
		for _, s := range r.Skipped {
			skipped[string(s.Rule)] = true
		}
	}
	// What a manifest alone can't show is not in its golden.
	want := slices.DeleteFunc(strings.Split(strings.TrimSuffix(c.Findings, "\n"), "\n"), func(line string) bool {
		return skipped[strings.Fields(line)[1]]
	})
	if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(lines, "\n")); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if wantCode := map[bool]int{true: exitFindings}[len(want) > 0]; code != wantCode {
		t.Errorf("exit code %d, want %d", code, wantCode)
	}
}

func runReal(t *testing.T, stdin string, args ...string) (int, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	if code == exitBad {
		t.Fatalf("demarc %s: %s", strings.Join(args, " "), &stderr)
	}
	return code, stdout.String()
}

// surroundings writes a file of what is in the cluster of a case.
func surroundings(t *testing.T, c fixtures.Case) string {
	t.Helper()
	docs, err := fixtures.Context()
	if err != nil {
		t.Fatal(err)
	}
	if c.Request.NodesUnknown {
		docs = slices.DeleteFunc(docs, func(doc []byte) bool {
			o, err := object.Decode(doc, schema.GroupVersionKind{})
			return err == nil && o.GVK.Kind == object.Nodes.Kind
		})
	}
	in, err := c.Input()
	if err != nil {
		t.Fatal(err)
	}
	if in.Namespace != nil {
		own, err := json.Marshal(corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: in.Namespace.ObjectMeta})
		if err != nil {
			t.Fatal(err)
		}
		docs = slices.Insert(docs, 0, own) // the first of a name counts
	}
	if c.Parent != nil {
		docs = append(docs, c.Parent)
	}
	file := filepath.Join(t.TempDir(), "context.json")
	if err := os.WriteFile(file, bytes.Join(docs, []byte("\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
