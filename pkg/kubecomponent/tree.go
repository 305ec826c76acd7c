// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import (
	"iter"

	"go.yaml.in/yaml/v3"
)

// tree is a YAML node, or none. Aliases are not followed: no honest configuration of a component has any, and they make
// small text large.
type tree struct{ node *yaml.Node }

func (t tree) is(kind yaml.Kind) bool { return t.node != nil && t.node.Kind == kind }

// members yields the members of a mapping.
func (t tree) members() iter.Seq2[string, tree] {
	return func(yield func(string, tree) bool) {
		if !t.is(yaml.MappingNode) {
			return
		}
		for i := 0; i+1 < len(t.node.Content); i += 2 {
			if !yield(t.node.Content[i].Value, tree{t.node.Content[i+1]}) {
				return
			}
		}
	}
}

// get returns the member of a mapping, or none.
func (t tree) get(name string) tree {
	for member, value := range t.members() {
		if member == name {
			return value
		}
	}
	return tree{}
}

// items yields the items of a list.
func (t tree) items() iter.Seq[tree] {
	return func(yield func(tree) bool) {
		if !t.is(yaml.SequenceNode) {
			return
		}
		for _, item := range t.node.Content {
			if !yield(tree{item}) {
				return
			}
		}
	}
}

// text returns a scalar as it is written, else nothing.
func (t tree) text() string {
	if !t.is(yaml.ScalarNode) {
		return ""
	}
	return t.node.Value
}

// isTrue says whether the node is the boolean true, in one of the spellings that Kubernetes' YAML takes for it. A quoted
// one is a string.
func (t tree) isTrue() bool {
	if !t.is(yaml.ScalarNode) || t.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return false
	}
	switch t.node.Value {
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y":
		return true
	}
	return false
}
