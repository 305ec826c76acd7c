// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"
)

// The bounds of Calico's selectors: they are text of the user's, and read once for each managed namespace. What is beyond
// them counts as selecting all.
const (
	longestExpression = 16 << 10
	deepestExpression = 64
)

// chosenByExpression reads a selector of Calico's, such as `app == 'web' && !has(draft)`; an empty one selects all. What
// can't be read selects nothing, since Calico refuses it.
func chosenByExpression(text string, label labelAsked) choice {
	if strings.TrimSpace(text) == "" || len(text) > longestExpression {
		return notLeftOut
	}
	e := expression{rest: text, label: label}
	chosen := e.or(true)
	if e.tooDeep {
		return notLeftOut
	}
	if e.skip(); e.broken || e.rest != "" {
		return leftOut
	}
	return chosen
}

// expression answers a selector while it reads it. A negation is carried down to the terms, wanted being false below it:
// what some pod has, another may not have, so the opposite of an answer is not the answer to the opposite.
type expression struct {
	rest    string
	label   labelAsked
	depth   int
	broken  bool
	tooDeep bool
}

func (e *expression) or(wanted bool) choice {
	chosen := e.and(wanted)
	for e.word("||") {
		chosen = join(chosen, e.and(wanted), !wanted)
	}
	return chosen
}

func (e *expression) and(wanted bool) choice {
	chosen := e.term(wanted)
	for e.word("&&") {
		chosen = join(chosen, e.term(wanted), wanted)
	}
	return chosen
}

// join takes both answers, or either.
func join(a, b choice, both bool) choice {
	if both {
		return a.and(b)
	}
	return max(a, b)
}

func (e *expression) term(wanted bool) choice {
	for e.word("!") {
		wanted = !wanted
	}
	if e.word("(") {
		return e.group(wanted)
	}
	name := e.name()
	switch {
	case name == "":
		e.broken = true
	case e.word("("):
		return e.function(name, wanted)
	}
	return e.comparison(name, wanted)
}

func (e *expression) group(wanted bool) choice {
	if e.depth++; e.depth > deepestExpression {
		e.tooDeep, e.broken, e.rest = true, true, ""
		return notLeftOut
	}
	chosen := e.or(wanted)
	e.need(")")
	e.depth--
	return chosen
}

// function reads all(), global(), which is what is in no namespace, and has(label).
func (e *expression) function(name string, wanted bool) choice {
	argument := e.name()
	e.need(")")
	switch {
	case name == "has" && argument != "":
		return e.label(argument, wanted, nil)
	case name == "all" && argument == "" && wanted, name == "global" && argument == "" && !wanted:
		return notLeftOut
	case name != "all" && name != "global" || argument != "":
		e.broken = true
	}
	return leftOut
}

func (e *expression) comparison(key string, wanted bool) choice {
	switch {
	case e.word("=="):
		value := e.literal()
		return e.label(key, wanted, func(v string) bool { return v == value })
	case e.word("!="):
		value := e.literal()
		return e.label(key, !wanted, func(v string) bool { return v == value })
	case e.word("contains"):
		value := e.literal()
		return e.label(key, wanted, func(v string) bool { return strings.Contains(v, value) })
	case e.words("starts", "with"):
		value := e.literal()
		return e.label(key, wanted, func(v string) bool { return strings.HasPrefix(v, value) })
	case e.words("ends", "with"):
		value := e.literal()
		return e.label(key, wanted, func(v string) bool { return strings.HasSuffix(v, value) })
	case e.words("not", "in"):
		values := e.set()
		return e.label(key, !wanted, func(v string) bool { return slices.Contains(values, v) })
	case e.word("in"):
		values := e.set()
		return e.label(key, wanted, func(v string) bool { return slices.Contains(values, v) })
	}
	e.broken = true
	return leftOut
}

func (e *expression) set() []string {
	var values []string
	e.need("{")
	for !e.broken && !e.word("}") {
		values = append(values, e.literal())
		if !e.word(",") {
			e.need("}")
			break
		}
	}
	return values
}

// literal reads a string in single or double quotes. There are no escapes.
func (e *expression) literal() string {
	e.skip()
	if e.rest == "" || e.rest[0] != '\'' && e.rest[0] != '"' {
		e.broken = true
		return ""
	}
	value, rest, closed := strings.Cut(e.rest[1:], e.rest[:1])
	e.broken = e.broken || !closed
	e.rest = rest
	return value
}

// name reads a label's key, or the word before a parenthesis.
func (e *expression) name() string {
	e.skip()
	end := strings.IndexFunc(e.rest, func(c rune) bool { return !isLabelRune(c) })
	if end < 0 {
		end = len(e.rest)
	}
	name := e.rest[:end]
	e.rest = e.rest[end:]
	return name
}

func isLabelRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '/' || c == '-'
}

func (e *expression) skip() { e.rest = strings.TrimLeft(e.rest, " \t") }

func (e *expression) need(word string) { e.broken = !e.word(word) || e.broken }

func (e *expression) word(word string) bool { return e.words(word) }

// words takes the words off the front, if they are there. A word of letters must end where it ends.
func (e *expression) words(words ...string) bool {
	rest := e.rest
	for _, word := range words {
		var ok bool
		if rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " \t"), word); !ok {
			return false
		}
	}
	if last := words[len(words)-1]; isLabelRune(rune(last[0])) && rest != "" && isLabelRune(rune(rest[0])) {
		return false
	}
	e.rest = rest
	return true
}
