// SPDX-License-Identifier: Apache-2.0

package report

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrorLines takes an error apart: one line for each of those that were joined, with what was wrapped around the join put
// before each.
func ErrorLines(err error) []string {
	if s, ok := err.(*json.SemanticError); ok { //nolint:errorlint // this very error: the prefix of one around it is kept
		return []string{oneLine(wrongType(s))}
	}
	if parts := parts(err); parts != nil {
		var all []string
		for _, part := range parts {
			all = append(all, ErrorLines(part)...)
		}
		return all
	}
	inner := errors.Unwrap(err)
	if inner == nil {
		return []string{oneLine(err.Error())}
	}
	prefix, ok := strings.CutSuffix(err.Error(), inner.Error())
	if !ok {
		return []string{oneLine(err.Error())}
	}
	all := ErrorLines(inner)
	for i := range all {
		all[i] = oneLine(prefix) + all[i]
	}
	return all
}

// errorText is an error on one line.
func errorText(err error) string { return strings.Join(ErrorLines(err), "; ") }

// parts returns what an error joins; nil if it is one alone.
func parts(err error) []error {
	switch e := err.(type) { //nolint:errorlint // this very error: what it wraps is taken apart by itself
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	case interface{ Errors() []error }: // apimachinery's aggregate
		return e.Errors()
	}
	return nil
}

// wrongType says in words what a decoder found where. Its own message names Go types, and is worded differently from one
// run to the next so that nobody relies on it.
func wrongType(s *json.SemanticError) string {
	problem := "must be " + goWord(s.GoType) + ", not " + jsonWord(s.JSONKind)
	if s.Err != nil {
		problem = s.Err.Error()
	}
	if s.JSONPointer == "" {
		return problem
	}
	return dotted(s.JSONPointer) + ": " + problem
}

// dotted spells a JSON pointer as a field path.
func dotted(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		switch _, err := strconv.Atoi(token); {
		case err == nil:
			b.WriteString("[" + token + "]")
		case b.Len() == 0:
			b.WriteString(token)
		default:
			b.WriteString("." + token)
		}
	}
	return b.String()
}

func goWord(t reflect.Type) string {
	if t == nil {
		return "of another type"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a mapping"
	}
	return "of another type"
}

func jsonWord(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	case '[':
		return "a list"
	case '{':
		return "a mapping"
	}
	return "this"
}

func oneLine(s string) string { return Clean(strings.ReplaceAll(s, "\n", " ")) }
