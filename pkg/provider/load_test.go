// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// small is a profile that has what it must have, and nothing else.
var small = map[string]string{
	"a.yaml": `
name: toy
title: Toy Service
clauses:
- id: one
  title: one thing
  says: It is so.
  consequence: advice
  source: &page {document: page.md, url: "https://example.com/page", confidence: A}
namespaces:
- {name: toy-system, owner: core, source: *page}
`,
	"b.yaml": `
marks:
  managedNamespace: [{key: toy.example.com/managed, value: "yes", source: &page {document: page.md, confidence: B}}]
  managed: [{key: toy.example.com/managed, source: *page}]
  exempts: {key: toy.example.com/exempt, value: "yes", source: *page}
identities:
- {user: toy, role: Provider, source: *page}
`,
}

func files(changes map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, set := range []map[string]string{small, changes} {
		for name, content := range set {
			fsys[name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return fsys
}

func TestLoad(t *testing.T) {
	p, err := Load(files(map[string]string{"README.md": "no data", "sub/c.yaml": "name: not read"}))
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "toy" || len(p.Clauses) != 1 || len(p.Marks.Managed) != 1 {
		t.Errorf("got %+v, want the fields of both files", p)
	}
	if _, ok := p.Clause("one"); !ok {
		t.Error("the clause isn't found: got no index")
	}
}

func TestLoadErrors(t *testing.T) {
	tests := []struct {
		name    string
		changes map[string]string
		want    []string
	}{
		{"unknown fields", map[string]string{"c.yaml": "ledgr: []\nledger: [{id: x, note: a word, wher: {}}]"}, []string{
			`load profile: c.yaml: unknown field "ledger[0].wher"`,
			`c.yaml: unknown field "ledgr"`}},
		{"key twice", map[string]string{"c.yaml": "ledger: []\nledger: []"}, []string{
			`load profile: c.yaml: yaml: unmarshal errors:`,
			`  line 2: key "ledger" already set in map`}},
		{"field in two files", map[string]string{"c.yaml": "name: toy\nidentities: []\nledger: []"}, []string{
			"load profile: c.yaml: identities: must be in one file, and is in b.yaml too",
			"c.yaml: name: must be in one file, and is in a.yaml too"}},
		{"field of another type", map[string]string{"c.yaml": "ledger: none"}, []string{
			"load profile: c.yaml: json: cannot unmarshal string into Go struct field Profile.ledger of type []provider.Customisation"}},
		{"two documents", map[string]string{"c.yaml": "ledger: []\n---\ncomponents: []"}, []string{
			"load profile: c.yaml: must be one YAML document: only the first would be read"}},
		{"no map", map[string]string{"c.yaml": "- ledger"}, []string{
			"load profile: c.yaml: must be a map of the profile's fields: json: cannot unmarshal array into Go value of type map[string]interface {}"}},
		{"wrong in two files", map[string]string{
			"a.yaml": strings.Replace(small["a.yaml"], "consequence: advice", "consequence: fine", 1),
			"c.yaml": "components: [{kind: Deployment, names: [x], source: {confidence: A}}]"}, []string{
			`load profile: a.yaml: clauses[0].consequence: Unsupported value: "fine": supported values: "unsupported", "reverted", "undiagnosed", "advice"`,
			"c.yaml: components[0].source.document: Required value: the page or file that says so"}},
		{"missing field", map[string]string{"a.yaml": strings.Replace(small["a.yaml"], "name: toy\n", "", 1)}, []string{
			"load profile: name: Required value: the provider's short name"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(files(tt.changes))
			if err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(tt.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadNothing(t *testing.T) {
	_, err := Load(fstest.MapFS{"a.yml": {}})
	if want := "load profile: no *.yaml file"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}
