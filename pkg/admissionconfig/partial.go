// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"fmt"
	"reflect"

	celtypes "github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// partial is a map of which only some entries are known. Asked for another it fails and takes that down; asked as a
// whole, too.
type partial struct {
	known map[string]any
	// only, if set, are the entries that aren't known; every other is as in known. nil: any may be there.
	only map[string]bool
	path string
	vars *variables
}

var (
	_ traits.Mapper = (*partial)(nil)
	_ ref.Val       = (*partial)(nil)
)

func (p *partial) unknown(what string) ref.Val {
	p.vars.doubt(what)
	return celtypes.NewErr("%s is not known", what)
}

// Find returns an entry. An error among the values is passed on by whoever asks, presence tests included.
func (p *partial) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.Value().(string)
	if !ok {
		return celtypes.MaybeNoSuchOverloadErr(key), false
	}
	if v, ok := p.known[name]; ok {
		return celtypes.DefaultTypeAdapter.NativeToValue(v), true
	}
	if p.only != nil && !p.only[name] {
		return nil, false
	}
	return p.unknown(p.path + "." + name), false
}

// Get returns an entry, or an error.
func (p *partial) Get(key ref.Val) ref.Val {
	v, found := p.Find(key)
	if !found && v == nil {
		return celtypes.NewErr("no such key: %v", key)
	}
	return v
}

// Contains says whether there is an entry, or fails.
func (p *partial) Contains(key ref.Val) ref.Val {
	v, found := p.Find(key)
	if v != nil && celtypes.IsUnknownOrError(v) {
		return v
	}
	return celtypes.Bool(found)
}

// Iterator has no way to fail, so that the result of whoever walks over the map counts for nothing.
func (p *partial) Iterator() traits.Iterator {
	p.unknown(p.path)
	p.vars.poisoned = true
	return celtypes.NewDynamicMap(celtypes.DefaultTypeAdapter, p.known).Iterator()
}

// Size fails.
func (p *partial) Size() ref.Val { return p.unknown(p.path) }

// Equal fails.
func (p *partial) Equal(ref.Val) ref.Val {
	p.vars.poisoned = true // equality of what contains this doesn't pass an error on
	return p.unknown(p.path)
}

// ConvertToNative fails.
func (p *partial) ConvertToNative(reflect.Type) (any, error) {
	p.vars.poisoned = true
	p.unknown(p.path)
	return nil, fmt.Errorf("%s is not known", p.path)
}

// ConvertToType knows its own type only.
func (p *partial) ConvertToType(t ref.Type) ref.Val {
	if t == celtypes.TypeType {
		return celtypes.MapType
	}
	return p.unknown(p.path)
}

// Type is a map's.
func (p *partial) Type() ref.Type { return celtypes.MapType }

// Value returns what is known, and counts for nothing.
func (p *partial) Value() any {
	p.vars.poisoned = true
	p.unknown(p.path)
	return p.known
}
