// SPDX-License-Identifier: Apache-2.0

package object

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// serverFields are the members of metadata kept by the API server itself: a change in them is nobody's.
var serverFields = map[string]bool{
	"managedFields": true, "resourceVersion": true, "generation": true, "uid": true, "creationTimestamp": true,
	"selfLink": true, "deletionTimestamp": true, "deletionGracePeriodSeconds": true,
}

// Changes returns the fields in which two states of one object differ, each as deep as it can be told apart: at most
// limit of them, in the order of their names. Fields that the server keeps and the status do not count. List items
// are paired by their name where they have one, else by position. The second result is false where a body is
// malformed, and then nothing is known.
func Changes(before, after *Object, limit int) ([]*field.Path, bool) {
	a, err := before.Tree()
	if err != nil {
		return nil, false
	}
	b, err := after.Tree()
	if err != nil {
		return nil, false
	}
	d := &differ{limit: limit}
	d.maps(at{}, a, b)
	return d.paths, true
}

type differ struct {
	paths []*field.Path
	limit int
}

// at is a place in the tree: its path, the name of its last member, and how deep it lies.
type at struct {
	path  *field.Path
	name  string
	depth int
}

func (d *differ) maps(here at, a, b map[string]any) {
	names := slices.Collect(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if len(d.paths) >= d.limit {
			return
		}
		if !ignored(here, name) {
			d.values(here.member(name), a[name], b[name])
		}
	}
}

// ignored says whether a field is the server's own. Besides the fields of the metadata that is an annotation in which it
// counts the generations of a DaemonSet's template.
func ignored(here at, name string) bool {
	switch here.depth {
	case 0:
		return name == "status"
	case 1:
		return here.name == "metadata" && serverFields[name]
	}
	return here.depth == 2 && here.name == "annotations" && name == appsv1.DeprecatedTemplateGeneration
}

func (d *differ) values(here at, a, b any) {
	am, aMap := a.(map[string]any)
	bm, bMap := b.(map[string]any)
	// A map that comes or goes is told key by key: an added label is that label and not "metadata.labels".
	if (aMap || a == nil) && (bMap || b == nil) && (len(am) > 0 || len(bm) > 0) {
		d.maps(here, am, bm)
		return
	}
	al, aList := a.([]any)
	bl, bList := b.([]any)
	if aList && bList && named(al) && named(bl) {
		d.lists(here, al, bl)
		return
	}
	if !reflect.DeepEqual(a, b) && len(d.paths) < d.limit {
		d.paths = append(d.paths, here.path)
	}
}

// lists compares two lists whose items have names. An item that only one side has is a change as a whole.
func (d *differ) lists(here at, a, b []any) {
	for i, item := range b {
		old, _ := find(a, item)
		d.values(here.item(i), old, item)
	}
	for i, item := range a {
		if _, ok := find(b, item); !ok {
			d.values(here.item(i), item, nil)
		}
	}
}

func find(list []any, like any) (any, bool) {
	name := like.(map[string]any)["name"]
	for _, item := range list {
		if item.(map[string]any)["name"] == name {
			return item, true
		}
	}
	return nil, false
}

// named says whether every item is a map with a name of its own. A long list is compared whole: pairing is quadratic
// and the input hostile.
func named(list []any) bool {
	if len(list) > 256 {
		return false
	}
	seen := make(map[string]bool, len(list))
	for _, item := range list {
		m, _ := item.(map[string]any)
		name, ok := m["name"].(string)
		if !ok || seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}

func (a at) member(name string) at {
	path := a.path.Key(name)
	if !freeKeys[a.name] && !strings.ContainsAny(name, "./ ") || a.depth == 0 {
		path = a.path.Child(name)
	}
	return at{path, name, a.depth + 1}
}

func (a at) item(i int) at { return at{a.path.Index(i), "", a.depth + 1} }

// freeKeys are the maps whose keys the user chooses; their members are written in brackets.
var freeKeys = map[string]bool{
	"labels": true, "annotations": true, "data": true, "binaryData": true, "stringData": true, "matchLabels": true,
	"nodeSelector": true, "limits": true, "requests": true,
}
