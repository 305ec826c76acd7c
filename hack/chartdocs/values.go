// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one key of values.yaml: a group of further values, or something that a user sets.
type value struct {
	key, path string
	// doc is the comment, in one line; notes are its lines that begin with @, by their first word.
	doc   string
	notes map[string]string
	node  *yaml.Node
	// group holds what is below; nil for what a user sets.
	group []value
}

// annotations are the words after an @: what the comment says to the schema alone.
var annotations = []string{"enum", "only", "pattern", "range", "type"}

// parse reads values.yaml and reports everything that is wrong with its comments.
func parse(raw []byte) ([]value, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("must be a mapping")
	}
	return parseGroup(doc.Content[0], "")
}

func parseGroup(node *yaml.Node, above string) ([]value, error) {
	var group []value
	var errs []error
	for i := 0; i+1 < len(node.Content); i += 2 {
		v, err := parseValue(node.Content[i], node.Content[i+1], above)
		group, errs = append(group, v), append(errs, err)
	}
	return group, errors.Join(errs...)
}

func parseValue(key, node *yaml.Node, above string) (value, error) {
	v := value{key: key.Value, path: above + key.Value, node: node, notes: map[string]string{}}
	var errs []error
	for line := range strings.Lines(lastParagraph(key.HeadComment)) {
		text := strings.TrimSpace(strings.TrimPrefix(line, "#"))
		note, ok := strings.CutPrefix(text, "@")
		if !ok {
			v.doc = strings.TrimSpace(v.doc + " " + text)
			continue
		}
		name, rest, _ := strings.Cut(note, " ")
		if !slices.Contains(annotations, name) {
			errs = append(errs, fmt.Errorf("%s: @%s: must be one of %v", v.path, name, annotations))
		}
		v.notes[name] = rest
	}
	if node.Kind == yaml.MappingNode && v.notes["type"] == "" {
		group, err := parseGroup(node, v.path+".")
		v.group = group
		return v, errors.Join(append(errs, err)...)
	}
	if v.doc == "" {
		errs = append(errs, fmt.Errorf("%s: must have a comment", v.path))
	}
	return v, errors.Join(errs...)
}

// lastParagraph leaves out what stands above a comment, with an empty line between: it is about something else.
func lastParagraph(comment string) string {
	paragraphs := strings.Split(comment, "\n\n")
	return paragraphs[len(paragraphs)-1]
}
