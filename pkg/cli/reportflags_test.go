// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBaseline: what a run found is known to the next, in each format; what comes later is not.
func TestBaseline(t *testing.T) {
	check := []string{"check", "-f", "testdata/pods.yaml", "-f", "testdata/review.yaml", "--context-objects", "testdata/context.yaml", "--fail-on", "Audit"}
	first := run(t, "", append(check, "-o", "json")...)
	file := filepath.Join(t.TempDir(), "baseline.json")
	if err := os.WriteFile(file, []byte(first.stdout), 0o644); err != nil {
		t.Fatal(err)
	}
	const summary = "demarc: 4 findings are in the baseline, 0 of the baseline are gone\n"
	again := run(t, "", append(check, "--baseline", file)...)
	if again.code != exitClean || again.stdout != "" || again.stderr != summary {
		t.Errorf("again: exit code %d, stdout %q, stderr %q", again.code, again.stdout, again.stderr)
	}
	for _, format := range []string{"json", "sarif", "junit", "csv", "github"} {
		got := run(t, "", append(check, "--baseline", file, "-o", format)...)
		if got.code != exitClean || strings.Contains(got.stdout, "must stay") {
			t.Errorf("%s: exit code %d, and output:\n%s", format, got.code, got.stdout)
		}
	}
	more := run(t, "", append(check, "-f", "testdata/warned.yaml", "--baseline", file)...)
	if more.code != exitFindings || !strings.Contains(more.stdout, "testdata/warned.yaml") || strings.Contains(more.stdout, "testdata/pods.yaml") {
		t.Errorf("more: exit code %d, and output:\n%s", more.code, more.stdout)
	}
}

// TestNoBaseline: a file that would hide nothing, or everything, is refused.
func TestNoBaseline(t *testing.T) {
	check := []string{"check", "-f", "testdata/warned.yaml", "-o", "json"}
	for what, flags := range map[string][]string{"redacted": {"--redact"}, "new to another baseline": {"--baseline", "testdata/warned.json"}} {
		file := filepath.Join(t.TempDir(), "baseline.json")
		if err := os.WriteFile(file, []byte(run(t, "", append(check, flags...)...).stdout), 0o644); err != nil {
			t.Fatal(err)
		}
		got := run(t, "", append(check, "--baseline", file)...)
		if got.code != exitBad || got.stdout != "" || !strings.Contains(got.stderr, what) {
			t.Errorf("%s: exit code %d, stderr %q", what, got.code, got.stderr)
		}
	}
}
