// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"iter"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/demarc-dev/demarc/pkg/kubecomponent"
)

// texts yields what a container says in command, args and variables.
func texts(c *corev1.Container) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, list := range [][]string{c.Command, c.Args} {
			for _, text := range list {
				if !yield(text) {
					return
				}
			}
		}
		for i := range c.Env {
			if !yield(c.Env[i].Name) || !yield(c.Env[i].Value) {
				return
			}
		}
	}
}

// writtenBy yields what a command of a script may write: its words and its input, but nothing for one that only looks.
func writtenBy(c *kubecomponent.Command) iter.Seq[string] {
	return func(yield func(string) bool) {
		if c.Quotes() {
			return
		}
		for _, w := range c.Words {
			if !yield(w.Text) {
				return
			}
		}
		yield(c.Input)
	}
}

// alphaAssignments yields the alpha gates that a text turns on, each once, in whatever language: Gate=true,
// .Gate = true, "Gate": true, ["Gate"]=True.
func (g gateCheck) alphaAssignments(text string, v gateVersions) iter.Seq[string] {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for at := 0; at < len(text); {
			end := nameEnd(text, at)
			if end == at {
				at++
				continue
			}
			name := text[at:end]
			at = end
			if name[0] < 'A' || name[0] > 'Z' || !setsTrue(text[end:]) || g.allowed[name] || seen[name] {
				continue
			}
			seen[name] = true
			if _, alpha := v.alpha(name); alpha && !neverKnown(name) && !yield(name) {
				return
			}
		}
	}
}

func nameEnd(text string, at int) int {
	for at < len(text) && isNameRune(rune(text[at])) {
		at++
	}
	return at
}

// setsTrue says whether a text begins by setting the name before it to true. Quotes may be escaped, and a comparison
// sets nothing.
func setsTrue(rest string) bool {
	rest = strings.TrimLeft(rest[:min(len(rest), 32)], `"'\])`)
	rest = strings.TrimPrefix(strings.TrimLeft(rest, " "), "|")
	if rest == "" || (rest[0] != '=' && rest[0] != ':') {
		return false
	}
	rest = strings.TrimLeft(rest[1:], ` "'\`)
	const yes = "true"
	return len(rest) >= len(yes) && strings.EqualFold(rest[:len(yes)], yes) &&
		(len(rest) == len(yes) || !isNameRune(rune(rest[len(yes)])))
}
