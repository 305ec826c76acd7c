// SPDX-License-Identifier: Apache-2.0

package kubecomponent

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// maxExpanded bounds the bytes of all words of one ScriptReader.
const maxExpanded = 4 * MaxScript

// variables are what the script knows of its variables at the place that is read.
type variables struct {
	outer, own map[string]Word
	// expanded counts the bytes of all words that were made: variables that hold variables would grow without end.
	expanded *int
}

// assign takes note of `name=value`. A variable that is set twice, or is added to, is not known: which value holds
// depends on the way the script takes.
func (v *variables) assign(list []*syntax.Assign) {
	for _, a := range list {
		if a.Name == nil || a.Naked {
			continue
		}
		_, again := v.own[a.Name.Value]
		if again || a.Append || a.Value == nil || a.Index != nil {
			v.forget(a.Name.Value)
			continue
		}
		v.set(a.Name.Value, v.text(a.Value))
	}
}

func (v *variables) forget(name string) { v.set(name, Word{}) }

func (v *variables) set(name string, value Word) {
	if v.own == nil {
		v.own = map[string]Word{}
	}
	v.own[name] = value
}

func (v *variables) get(name string) Word {
	if w, ok := v.own[name]; ok {
		return w
	}
	return v.outer[name]
}

// flat returns all variables in one map: an inner shell has them too, at least those that are exported.
func (v *variables) flat() map[string]Word {
	all := make(map[string]Word, len(v.outer)+len(v.own))
	for _, from := range []map[string]Word{v.outer, v.own} {
		for name, value := range from {
			all[name] = value
		}
	}
	return all
}

// words expands a word to what the program gets: a variable without quotes becomes as many words as its value has.
func (v *variables) words(word *syntax.Word) []Word {
	text := v.text(word)
	if len(word.Parts) != 1 || !strings.ContainsAny(text.Text, " \t\n") {
		return []Word{text}
	}
	if _, bare := word.Parts[0].(*syntax.ParamExp); !bare {
		return []Word{text}
	}
	var split []Word
	for part := range strings.FieldsSeq(text.Text) {
		split = append(split, Word{part, text.Known})
	}
	return split
}

// text expands a word without splitting it.
func (v *variables) text(word *syntax.Word) Word {
	return v.expand(word, plain)
}

func (v *variables) expand(word *syntax.Word, q quoting) Word {
	e := expansion{known: true, expanded: v.expanded}
	v.parts(&e, word.Parts, q)
	return Word{e.text.String(), e.known}
}

type expansion struct {
	text     strings.Builder
	known    bool
	expanded *int
}

func (e *expansion) add(text string) {
	if len(text) > maxExpanded-*e.expanded {
		e.known = false
		return
	}
	*e.expanded += len(text)
	e.text.WriteString(text)
}

// quoting says what a backslash does in a part of a word.
type quoting int

const (
	plain  quoting = iota // it is removed, and what follows stands for itself
	double                // only before a character that is special in double quotes
	raw                   // nothing
)

func (v *variables) parts(e *expansion, parts []syntax.WordPart, q quoting) {
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			e.add(unescape(p.Value, q))
		case *syntax.SglQuoted:
			e.add(p.Value)
		case *syntax.DblQuoted:
			v.parts(e, p.Parts, double)
		case *syntax.ParamExp:
			v.parameter(e, p, q)
		default:
			e.known = false
		}
	}
}

// parameter expands $name and ${name}. Of ${name:-default} the default stands in, as a guess, where the value is unknown.
func (v *variables) parameter(e *expansion, p *syntax.ParamExp, q quoting) {
	if p.Param == nil || p.Excl || p.Length || p.Slice != nil || p.Repl != nil || p.Index != nil || p.Names != 0 {
		e.known = false
		return
	}
	value := v.get(p.Param.Value)
	e.known = e.known && value.Known
	if p.Exp == nil {
		e.add(value.Text)
		return
	}
	e.known = false
	switch {
	case p.Exp.Op != syntax.DefaultUnset && p.Exp.Op != syntax.DefaultUnsetOrNull:
	case value.Known:
		e.add(value.Text)
	case p.Exp.Word != nil:
		v.parts(e, p.Exp.Word.Parts, q)
	}
}

// unescape removes the backslashes that the shell removes.
func unescape(s string, q quoting) string {
	if q == raw || strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (q == plain || strings.IndexByte("$`\"\\\n", s[i+1]) >= 0) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
