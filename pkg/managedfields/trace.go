// SPDX-License-Identifier: Apache-2.0

package managedfields

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// trace is how far an entry's fields follow a path.
type trace struct {
	entry entry
	// depth counts the steps that the entry knows.
	depth int
	// owns says that the entry owns what is there, and not only something below it.
	owns bool
}

// follow goes down the fields of an entry. It reads them as they stand instead of making a set of them, so that its work
// grows with their size only, whoever wrote them.
func follow(e entry, elements []element) trace {
	t := trace{entry: e}
	fields := e.FieldsV1
	for _, el := range elements {
		below := find(fields, el.matches)
		if below == nil {
			break
		}
		fields = below
		t.depth++
	}
	t.owns = t.depth > 0 && owned(fields)
	return t
}

// owned says whether fields make what they lie in a member of the set: it is a leaf, or says so by a dot.
func owned(fields jsontext.Value) bool {
	leaf, dot := true, false
	each(fields, func(name string, _ jsontext.Value) bool {
		leaf = false
		dot = name == "."
		return !dot
	})
	return leaf || dot
}

// member returns a member of a JSON object; nil if it has none of that name or is no object.
func member(object jsontext.Value, name string) jsontext.Value {
	return find(object, func(n string) bool { return n == name })
}

// find returns the first member whose name matches.
func find(object jsontext.Value, matches func(name string) bool) (found jsontext.Value) {
	each(object, func(name string, v jsontext.Value) bool {
		if matches(name) {
			found = bytes.Clone(v)
		}
		return found == nil
	})
	return found
}

// each goes through the members of a JSON object until it is told to stop or what comes is no JSON. A value is the
// callee's for the call only.
func each(object jsontext.Value, f func(name string, v jsontext.Value) (more bool)) {
	d := jsontext.NewDecoder(bytes.NewBuffer(object), lenient)
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return
	}
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return
		}
		name := t.String()
		v, err := d.ReadValue()
		if err != nil || !f(name, v) {
			return
		}
	}
}

// item returns an item of a JSON list by its position.
func item(list jsontext.Value, position string) jsontext.Value {
	at, err := strconv.Atoi(position)
	if err != nil || at < 0 {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(list), lenient)
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	for ; d.PeekKind() != ']'; at-- {
		v, err := d.ReadValue()
		if err != nil {
			return nil
		}
		if at == 0 {
			return bytes.Clone(v)
		}
	}
	return nil
}
