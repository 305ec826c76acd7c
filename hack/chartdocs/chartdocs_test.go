// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `# About the file.

# How many, of
# all.
# @range 1 9
replicas: 2
image:
  # Which one.
  # @enum a b
  name: a
  # Whether | or not.
  on: false
# What is looked after.
group:
  # Bare is fine.
  # @enum Deny Off
  mode: Deny
  # Only one.
  # @only Ignore: because of it
  policy: Ignore
  # Free.
  # @pattern ^x*$
  text: ""
  # By key.
  # @type annotations
  map: {a: b}
`

func parsed(t *testing.T, raw string) []value {
	t.Helper()
	values, err := parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestTable(t *testing.T) {
	want := strings.TrimSpace(`
| value | default | meaning |
| --- | --- | --- |
| ` + "`replicas` | `2` | How many, of all. From 1 to 9. |\n| `image.name` | `\"a\"` | Which one. One of `a`, `b`. |\n| `image.on` | `false` | Whether \\| or not. |\n" +
		"| `group.*` | | What is looked after. |\n| `group.mode` | `\"Deny\"` | Bare is fine. One of `Deny`, `Off`. |\n| `group.policy` | `\"Ignore\"` | Only one. |\n" +
		"| `group.text` | `\"\"` | Free. |\n| `group.map` | `{\"a\":\"b\"}` | By key. |")
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(table(parsed(t, sample)), "\n")); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestSchema(t *testing.T) {
	const want = `{
  "$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the chart demarc",
  "type": "object", "additionalProperties": false, "required": ["replicas", "image", "group"],
  "properties": {
    "global": {"type": "object", "description": "Values of the chart that depends on this one. Not read."},
    "replicas": {"type": "integer", "default": 2, "minimum": 1, "maximum": 9, "description": "How many, of all."},
    "image": {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
      "name": {"type": "string", "default": "a", "enum": ["a", "b"], "description": "Which one."},
      "on": {"type": "boolean", "default": false, "description": "Whether | or not."}}},
    "group": {"type": "object", "additionalProperties": false, "required": ["mode", "policy"], "description": "What is looked after.", "properties": {
      "mode": {"type": ["string", "boolean"], "default": "Deny", "enum": ["Deny", "Off", false], "description": "Bare is fine."},
      "policy": {"type": "string", "default": "Ignore", "pattern": "^Ignore$|$(because of it)", "description": "Only one."},
      "text": {"type": "string", "default": "", "pattern": "^x*$", "description": "Free."},
      "map": {"type": "object", "additionalProperties": false, "description": "By key.",
        "patternProperties": {"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$": {"type": "string"}}}}}
  }
}`
	raw, err := marshal(document(parsed(t, sample)))
	if err != nil {
		t.Fatal(err)
	}
	var got, wanted any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

// Everything that is wrong is told at once.
func TestParseRefuses(t *testing.T) {
	_, err := parse([]byte("a: 1\n# Well.\n# @enums x\nb: x\nc:\n  d: true\n"))
	for _, want := range []string{"a: must have a comment", "b: @enums: must be one of", "c.d: must have a comment"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := parse([]byte("- a\n")); err == nil {
		t.Error("a list is no set of values")
	}
}

// A type that is named and not there, or a default that says nothing of the type, stops the generator.
func TestSchemaPanics(t *testing.T) {
	for _, raw := range []string{"# X.\n# @type nothing\na: {}\n", "# X.\na: []\n", "# X.\na: null\n", "# X.\n# @range a b\na: 1\n"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q: got a schema", raw)
				}
			}()
			document(parsed(t, raw))
		}()
	}
}

// The page holds the table and leaves braces, which Helm and the shell use, alone.
func TestRender(t *testing.T) {
	got, err := render("a {{ b }}\n<<.Values>>\n", parsed(t, "# X.\na: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "a {{ b }}\n| value | default | meaning |\n| --- | --- | --- |\n| `a` | `1` | X. |\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
