// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/cli/judge"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// FuzzCheckInput: whatever is in a file, it is read, judged by every rule and reported without a fault, and nothing in
// it reaches the terminal or the workflow's log but as text.
func FuzzCheckInput(f *testing.F) {
	seed(f)
	profile := provider.AKS()
	e, err := engine.New(catalogue.All(), profile, v1alpha1.Default())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		contents := manifest.Read([]string{manifest.Stdin}, bytes.NewReader(input))
		r := &report.Report{Profile: profile}
		j := judge.New(e, judge.Options{Namespace: "kube-system", ServerVersion: "v1.34.2", Now: time.Unix(0, 0), NodeFacts: &profile.Facts})
		j.Learn(r, contents.Documents)
		j.LearnDocuments(contents.Documents)
		for _, d := range contents.Documents {
			if !json.Valid(d.Raw) {
				t.Errorf("%s is not JSON: %q", d.Place, d.Raw)
			}
			j.Judge(r, d)
		}
		for _, n := range contents.Problems {
			r.Problems = append(r.Problems, judge.Problem(n))
		}
		for _, result := range r.Results {
			for _, fault := range result.Faults {
				if fault.Rule != "" {
					t.Errorf("rule %s failed on %s: %s", fault.Rule, result.Object, fault.Error)
				}
			}
		}
		checkReport(t, r)
	})
}

func checkReport(t *testing.T, r *report.Report) {
	t.Helper()
	for name, write := range map[string]func(io.Writer) error{
		"text":   func(w io.Writer) error { return r.WriteText(w, report.TextOptions{Verbose: true}) },
		"github": r.WriteGitHub,
		"junit":  r.WriteJUnit,
		"csv":    r.WriteCSV,
		"hidden": r.Redact().WriteJSON,
		"json":   r.WriteJSON,
		"sarif":  func(w io.Writer) error { return r.WriteSARIF(w, "") },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !utf8.Valid(b.Bytes()) {
			t.Errorf("%s is not UTF-8", name)
		}
		for _, c := range b.String() {
			if c != '\n' && (c != '\r' || name != "csv") && c != utf8.RuneError && !unicode.IsPrint(c) {
				t.Errorf("%s holds %U", name, c)
			}
		}
		if name == "github" {
			for line := range strings.Lines(b.String()) {
				if !strings.HasPrefix(line, "::error ") && !strings.HasPrefix(line, "::warning ") && !strings.HasPrefix(line, "::notice ") {
					t.Errorf("a line of its own: %q", line)
				}
			}
		}
	}
}

// seed adds every case that the rules are tested with, as manifest and as request, and input that is hard to read.
func seed(f *testing.F) {
	cases, err := fixtures.Load()
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		f.Add([]byte(c.Manifest))
		review, err := c.Review()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(review)
	}
	for _, s := range []string{
		"", "---\n---\n...\n", "%YAML 1.1\n---\na: &a [*a]\n", "a: &a {b: *a}\n", "<<: [1]\n", "\xff\xfea\x00:\x00", "\xfe\xff\x00a",
		"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[null,1,{}]}", "kind: PodList\napiVersion: v1\nitems:\n- &a {}\n- *a\n",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\u202e\\e[2J\\n::error::\", labels: {a: b}}\nspec: {containers: [null, {}]}\n",
		"{\"a\":", "{}{}[]", "? a\n: b\n", "!!binary YQ==: 1\n", "a: 1e999\n", "a: .nan\n", "? {a: b}\n: c\n", "a: !!set {b}\n", "2001-01-01: 0o7\n",
	} {
		f.Add([]byte(s))
	}
}
