// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/demarc-dev/demarc/pkg/catalogue"
	"github.com/demarc-dev/demarc/pkg/cli/judge"
	"github.com/demarc-dev/demarc/pkg/config/v1alpha1"
	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/manifest"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// TestRedactEverythingWeHave: nothing that is written in a manifest of the fixtures or the corpus, and nowhere in demarc's own
// sources, is in any form of a redacted report about it.
func TestRedactEverythingWeHave(t *testing.T) {
	r, customers := everything(t)
	own := ownWords(t)
	for word := range customers {
		parts := strings.Split(word, ".")
		// A sentence of ours may begin with it.
		if own[word] || own[strings.ToLower(word[:1])+word[1:]] || !slices.ContainsFunc(parts, func(part string) bool { return !own[part] }) || isListed(r.Profile, word) {
			delete(customers, word)
		}
	}
	found := map[string]bool{}
	findings := 0
	for name, write := range writers() {
		var plain, redacted bytes.Buffer
		if err := write(r, &plain); err != nil {
			t.Fatal(err)
		}
		if err := write(r.Redact(), &redacted); err != nil {
			t.Fatal(err)
		}
		for word := range wordsIn(plain.String()) {
			if customers[word] {
				findings++
			}
		}
		for word := range wordsIn(redacted.String()) {
			if customers[word] && !found[word] {
				found[word] = true
				i := strings.Index(redacted.String(), word)
				t.Errorf("%s shows %q: %q", name, word, redacted.String()[max(0, i-120):min(redacted.Len(), i+60)])
			}
		}
	}
	// Without any of them in the report as it was, this would prove nothing.
	t.Logf("%d words are the customers', %d of them were in the reports, of %d objects", len(customers), findings, len(r.Results))
	if findings < 1000 {
		t.Errorf("%d words to hide, want more", findings)
	}
}

// isListed says whether a name is of the provider's lists, where revisions of a component are one entry.
func isListed(p *provider.Profile, word string) bool {
	word = strings.TrimRight(word, "-0123456789") + "-"
	return slices.ContainsFunc(p.Components, func(c provider.Component) bool { return slices.Contains(c.Names, word+"*") }) ||
		slices.ContainsFunc(p.Ledger, func(c provider.Customisation) bool { return slices.Contains(c.Where.Names, word+"*") })
}

// everything is a report on all fixtures and the corpus, and the words that stand in them as values or keys.
func everything(t *testing.T) (*report.Report, map[string]bool) {
	t.Helper()
	p := provider.AKS()
	e, err := engine.New(catalogue.All(), p, v1alpha1.Default())
	if err != nil {
		t.Fatal(err)
	}
	r, words, nobodys := &report.Report{Profile: p}, map[string]bool{}, map[string]bool{}
	cases, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for _, c := range cases {
		in, err := c.Input()
		if err != nil {
			t.Fatal(err)
		}
		r.Results = append(r.Results, report.NewResult(c.Path(".yaml")+"#1", report.Place{File: c.Path(".yaml"), Line: 1},
			report.Subject(in), e.Evaluate(in, now)))
		review, err := c.Review()
		if err != nil {
			t.Fatal(err)
		}
		collect(t, review, words, nobodys)
	}
	contents := manifest.Read([]string{"../../test/corpus"}, nil)
	j := judge.New(e, judge.Options{Namespace: "shop", Now: now, NodeFacts: &p.Facts})
	j.LearnDocuments(contents.Documents)
	for _, d := range contents.Documents {
		j.Judge(r, d)
		collect(t, d.Raw, words, nobodys)
	}
	for text := range nobodys {
		for word := range wordsIn(text) {
			delete(words, word)
		}
	}
	return r, words
}

// collect takes the words of every value, and of the keys that somebody chose. What lies in domains of Kubernetes' own, and
// kinds of groups in there, are nobody's.
func collect(t *testing.T, raw []byte, into, nobodys map[string]bool) {
	t.Helper()
	var object any
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	var walk func(v any, chosen bool)
	walk = func(v any, chosen bool) {
		switch v := v.(type) {
		case string:
			for word := range wordsIn(v) {
				into[word] = true
				if strings.HasSuffix(word, "k8s.io") || strings.HasSuffix(word, ".kubernetes.io") {
					nobodys[word] = true
				}
			}
		case []any:
			for _, item := range v {
				walk(item, false)
			}
		case map[string]any:
			group, _, _ := strings.Cut(fmt.Sprint(v["apiVersion"], v["group"]), "/")
			public := strings.Contains(group, "k8s.io")
			for key, below := range v {
				if public && (key == "apiVersion" || key == "kind" || key == "group") {
					nobodys[fmt.Sprint(below)] = true
				}
				if chosen {
					walk(key, false)
				}
				walk(below, key == "labels" || key == "annotations" || key == "data" || key == "matchLabels" || key == "nodeSelector")
			}
		}
	}
	walk(object, false)
}

// ownWords are those of demarc's own programs and of the profile, comments and all.
func ownWords(t *testing.T) map[string]bool {
	t.Helper()
	words := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") || strings.Contains(path, "pkg/cli/") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for word := range wordsIn(string(raw)) {
			words[word] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// wordsIn returns what of a text could be a name: words of three characters and more that begin with a letter, and the parts of
// those that are joined by dots.
func wordsIn(text string) map[string]bool {
	words := map[string]bool{}
	add := func(word string) {
		word = strings.Trim(word, ".-_")
		if len(word) > 2 && unicode.IsLetter(rune(word[0])) {
			words[word] = true
		}
	}
	for _, word := range strings.FieldsFunc(text, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune(".-_", c)
	}) {
		add(word)
		for part := range strings.SplitSeq(word, ".") {
			add(part)
		}
	}
	return words
}
