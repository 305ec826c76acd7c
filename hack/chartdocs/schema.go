// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// schema is a JSON schema. Draft 7 is what every Helm 3 and 4 reads.
type schema map[string]any

// document is the schema of all values.
func document(values []value) schema {
	s := group(values)
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "Values of the chart demarc"
	// Helm hands global values to a chart that another one depends on; demarc reads none.
	s["properties"].(schema)["global"] = schema{"type": "object", "description": "Values of the chart that depends on this one. Not read."}
	return s
}

func group(values []value) schema {
	properties := schema{}
	required := []string{}
	for _, v := range values {
		properties[v.key] = of(v)
		if needed(v) {
			required = append(required, v.key)
		}
	}
	s := schema{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// needed says whether the templates count on a value: it is there by default, and is there as long as nobody takes it out
// by null, or upgrades to a newer chart with the values of an older one alone (--reuse-values). A clear error is better
// than what the templates would make of it.
func needed(v value) bool {
	return v.group != nil || v.notes["type"] == "" && v.node.Value != "" && v.node.Value != "false"
}

func of(v value) schema {
	var s schema
	switch {
	case v.group != nil:
		s = group(v.group)
	case v.notes["type"] != "":
		make, ok := types[v.notes["type"]]
		if !ok {
			panic(fmt.Sprintf("%s: @type %s: no such type", v.path, v.notes["type"]))
		}
		s = make()
	default:
		s = scalar(v)
	}
	if v.doc != "" {
		s["description"] = v.doc
	}
	return s
}

func scalar(v value) schema {
	s := schema{"default": plain(v.node)}
	switch v.node.Tag {
	case "!!bool":
		s["type"] = "boolean"
	case "!!int":
		s["type"] = "integer"
	case "!!str":
		s["type"] = "string"
	default:
		panic(fmt.Sprintf("%s: %s: give it an @type", v.path, v.node.Tag))
	}
	if p := v.notes["pattern"]; p != "" {
		regexp.MustCompile(p)
		s["pattern"] = p
	}
	if r := v.notes["range"]; r != "" {
		low, high, _ := strings.Cut(r, " ")
		s["minimum"], s["maximum"] = number(v, low), number(v, high)
	}
	if e := v.notes["enum"]; e != "" {
		s["enum"] = strings.Fields(e)
		if strings.Contains(" "+e+" ", " Off ") {
			bareOff(s)
		}
	}
	if o := v.notes["only"]; o != "" {
		only(s, o)
	}
	return s
}

// bareOff lets in what YAML makes of Off without quotation marks.
func bareOff(s schema) {
	var list []any
	for _, e := range s["enum"].([]string) {
		list = append(list, e)
	}
	s["enum"], s["type"] = append(list, false), []string{"string", "boolean"}
}

// only allows one value. Helm's error shows a pattern and never a description, so the reason stands in the pattern, behind
// an end of the text that nothing can follow.
func only(s schema, note string) {
	allowed, reason, _ := strings.Cut(note, ": ")
	s["pattern"] = "^" + allowed + "$|$(" + reason + ")"
}

func number(v value, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(fmt.Sprintf("%s: @range: %v", v.path, err))
	}
	return n
}

// plain is a default as JSON has it.
func plain(n *yaml.Node) any {
	var v any
	if err := n.Decode(&v); err != nil {
		panic(err)
	}
	return v
}
