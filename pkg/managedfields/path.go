// SPDX-License-Identifier: Apache-2.0

package managedfields

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// split takes a spelt path apart: members between dots, and what stands in brackets, which is a position or a key. A
// bracket ends a key only where a path can go on, for a key may hold one itself.
func split(path string) []string {
	var steps []string
	for path != "" {
		path = strings.TrimPrefix(path, ".")
		if strings.HasPrefix(path, "[") {
			end := closing(path)
			steps = append(steps, path[1:end])
			path = path[min(end+1, len(path)):]
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		steps = append(steps, path[:end])
		path = path[end:]
	}
	return steps
}

func closing(path string) int {
	for i := 1; i < len(path); i++ {
		if path[i] == ']' && (i+1 == len(path) || path[i+1] == '.' || path[i+1] == '[') {
			return i
		}
	}
	return len(path)
}

// element is a step of a path, as FieldsV1 may spell it.
type element struct {
	name string
	// inList says that the step is into a list, of which item is the element; nil if it is not there.
	inList bool
	item   *value.Value
}

// resolve finds out which steps lead into lists, and what stands there: FieldsV1 names an item by its keys.
func resolve(raw jsontext.Value, steps []string) []element {
	elements := make([]element, len(steps))
	for i, step := range steps {
		elements[i].name = step
		if raw.Kind() != '[' {
			raw = member(raw, step)
			continue
		}
		elements[i].inList = true
		raw = item(raw, step)
		elements[i].item = decoded(raw)
	}
	return elements
}

func decoded(raw jsontext.Value) *value.Value {
	if raw == nil {
		return nil
	}
	var content any
	if err := json.Unmarshal(raw, &content, lenient); err != nil {
		return nil
	}
	v := value.NewValueInterface(content)
	return &v
}

// matches says whether a name in FieldsV1 means this element: f:member, k:{"name":"x"} for an item with these members,
// v:"x" for an item of a set, or i:0.
func (e element) matches(name string) bool {
	if !e.inList {
		spelt, ok := strings.CutPrefix(name, "f:")
		return ok && spelt == e.name
	}
	if e.item == nil {
		return false
	}
	p, err := fieldpath.DeserializePathElement(name)
	switch {
	case err != nil:
		return false
	case p.Key != nil:
		return hasKeys(*e.item, *p.Key)
	case p.Value != nil:
		return value.Equals(*p.Value, *e.item)
	case p.Index != nil:
		return strconv.Itoa(*p.Index) == e.name
	}
	return false
}

func hasKeys(item value.Value, keys value.FieldList) bool {
	if !item.IsMap() {
		return false
	}
	for _, key := range keys {
		v, ok := item.AsMap().Get(key.Name)
		if !ok || !value.Equals(v, key.Value) {
			return false
		}
	}
	return len(keys) > 0
}
