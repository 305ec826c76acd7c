// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// row is one thing that was demanded, and what came of it.
type row struct {
	demand, figure string
	ok             bool
}

// chapter is the rows of one test.
type chapter struct {
	number int
	title  string
	test   string
	failed bool
	rows   []row
}

var results struct {
	sync.Mutex
	chapters []*chapter
}

// begin opens a test's chapter of the results. If the test fails, what the cluster looked like then is shown.
func begin(t *testing.T, number int, title string) *chapter {
	t.Helper()
	c := &chapter{number: number, title: title, test: t.Name()}
	results.Lock()
	defer results.Unlock()
	results.chapters = append(results.chapters, c)
	t.Cleanup(func() {
		if c.failed = t.Failed(); c.failed {
			showCluster(t)
		}
	})
	return c
}

// check records what came of a demand, and fails the test where it was not met.
func (c *chapter) check(t *testing.T, ok bool, demand, format string, args ...any) {
	t.Helper()
	r := row{demand, fmt.Sprintf(format, args...), ok}
	results.Lock()
	defer results.Unlock()
	c.rows = append(c.rows, r)
	if !ok {
		t.Errorf("%s: %s", r.demand, r.figure)
		return
	}
	t.Logf("%s: %s", r.demand, r.figure)
}

// note records a figure of which nothing is demanded.
func (c *chapter) note(t *testing.T, what, format string, args ...any) {
	t.Helper()
	c.check(t, true, what, format, args...)
	results.Lock()
	defer results.Unlock()
	c.rows[len(c.rows)-1].demand += " (no demand)"
}

// writeResults writes the table. It holds no date: that of the commit is the one that counts.
func writeResults(path string) error {
	version, err := admin.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	results.Lock()
	defer results.Unlock()
	slices.SortStableFunc(results.chapters, func(a, b *chapter) int { return a.number - b.number })
	var b strings.Builder
	fmt.Fprintf(&b, `# What the end-to-end tests found

Written by `+"`make e2e`"+` on a Kubernetes %s of one node, built from source, on %d cores; demarc installed by its chart with %d
replicas, called by the API server through its Service. Times hold for that machine alone; counts should hold anywhere.
`, version.GitVersion, runtime.NumCPU(), replicas)
	for _, c := range results.chapters {
		fmt.Fprintf(&b, "\n## %s\n\n`%s`\n\n| demanded | found | |\n| --- | --- | --- |\n", c.title, c.test)
		bad := false
		for _, r := range c.rows {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(r.demand), cell(r.figure), verdict(r.ok))
			bad = bad || !r.ok
		}
		if c.failed && !bad {
			fmt.Fprintf(&b, "| that the test comes to its end | it did not | %s |\n", verdict(false))
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

func verdict(ok bool) string {
	if ok {
		return "pass"
	}
	return "**FAIL**"
}

func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ") }
