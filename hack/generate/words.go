// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/demarc-dev/demarc/pkg/featuregates"
	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/pseudonym"
)

// wordsFile is what a redacted report may say.
const wordsFile = "pkg/pseudonym/zz_generated_words.txt"

// lexicon collects words: those of sentences, and those that stand alone.
type lexicon struct {
	prose, data map[string]bool
}

// words collects what demarc's own texts and the provider's profile say.
func (c pages) words() error {
	l := lexicon{map[string]bool{}, map[string]bool{}}
	if err := filepath.WalkDir("pkg", l.file); err != nil {
		return err
	}
	for _, r := range object.Resources() {
		l.data[r.Kind], l.data[r.Plural], l.data[r.Group] = true, true, true
		l.add(r.GroupResource().String() + " " + r.GroupKind().String())
	}
	for gate := range featuregates.All() {
		l.data[gate] = true
	}
	delete(l.data, "")
	for word := range l.data {
		delete(l.prose, word)
	}
	return write(wordsFile, []byte(spelt(l.prose)+"\n"+spelt(l.data)))
}

func spelt(words map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(words)), "\n") + "\n"
}

// file reads the texts of one file: of a program its strings, of the profile its values.
func (l lexicon) file(path string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	switch {
	case d.IsDir() && (d.Name() == "testdata" || path == "pkg/cli"): // whose examples speak of customers
		return fs.SkipDir
	case d.IsDir():
		return nil
	case strings.HasSuffix(path, ".yaml"):
		return l.profile(path)
	case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
		return l.program(path)
	}
	return nil
}

func (l lexicon) program(path string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if _, ok := n.(*ast.ImportSpec); ok {
			return false
		}
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				l.add(text)
			}
		}
		return true
	})
	return nil
}

func (l lexicon) profile(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var whole yaml.Node
	if err := yaml.Unmarshal(raw, &whole); err != nil {
		return err
	}
	l.values(&whole)
	return nil
}

func (l lexicon) values(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		l.add(n.Value)
	}
	for i, below := range n.Content {
		// Sources are nobody's words in a report.
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "source" {
			continue
		}
		l.values(below)
	}
}

// add takes the words of a text. One that is the whole text stands alone; what it is joined of is no more than prose.
func (l lexicon) add(text string) {
	into := l.data
	if strings.ContainsAny(strings.TrimSpace(text), " \n") {
		into = l.prose
	}
	pseudonym.Words(text, func(string) {}, func(word string, _ bool) {
		word = strings.Trim(word, ".:-=/@")
		if word == "" || !utf8.ValidString(word) || strings.ContainsFunc(word, func(c rune) bool { return !unicode.IsPrint(c) }) {
			return
		}
		into[word] = true
		for _, part := range strings.FieldsFunc(word, func(c rune) bool { return strings.ContainsRune("/:=@", c) }) {
			l.prose[part] = true
		}
	})
}
