// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	yamlv3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// maxNesting bounds lists within lists.
const maxNesting = 8

// head is what tells an object from other data.
type head struct {
	APIVersion jsontext.Value `json:"apiVersion"`
	Kind       jsontext.Value `json:"kind"`
	Items      jsontext.Value `json:"items"`
}

// Every name is taken as it is spelt, and of two that are the same the last counts, as in the API server.
var headOptions = jsontext.AllowDuplicateNames(true)

// document keeps one value as an object, takes it apart if it is a list, or says why it is neither.
func (c *Contents) document(at Place, v value, depth int) {
	var h head
	if jsontext.Value(v.raw).Kind() != '{' || json.Unmarshal(v.raw, &h, headOptions) != nil {
		if !bytes.Equal(v.raw, []byte("null")) {
			c.skip(at, "not a Kubernetes object: it is no mapping")
		}
		return
	}
	gvk, missing := h.gvk()
	switch {
	case missing != "":
		c.skip(at, "not a Kubernetes object: "+missing)
	case gvk.Group == "kustomize.config.k8s.io":
		c.skip(at, "a file of kustomize's own: check what `kustomize build` makes of it")
	case h.isList(gvk) && depth < maxNesting:
		c.items(at, v, gvk, h.Items, depth)
	default:
		c.Documents = append(c.Documents, Document{Place: at, GVK: gvk, Raw: v.raw})
	}
}

func (h head) gvk() (gvk schema.GroupVersionKind, missing string) {
	apiVersion, kind := text(h.APIVersion), text(h.Kind)
	switch {
	case apiVersion == "" && kind == "":
		return gvk, "it has neither apiVersion nor kind"
	case apiVersion == "":
		return gvk, "it has no apiVersion"
	case kind == "":
		return gvk, "it has no kind"
	}
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return gvk, fmt.Sprintf("its apiVersion is %.64q", apiVersion)
	}
	return gv.WithKind(kind), ""
}

// text returns a string; anything else is none.
func text(v jsontext.Value) string {
	var s string
	if v.Kind() != '"' || json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

// isList tells a list from an object whose kind happens to end so.
func (h head) isList(gvk schema.GroupVersionKind) bool {
	return strings.HasSuffix(gvk.Kind, "List") && h.Items.Kind() == '['
}

// items takes a list apart. Items of a typed list may leave out what the list says for all of them.
func (c *Contents) items(at Place, list value, gvk schema.GroupVersionKind, items jsontext.Value, depth int) {
	var raws []jsontext.Value
	if err := json.Unmarshal(items, &raws, headOptions); err != nil {
		c.problem(at, "not readable: "+err.Error())
		return
	}
	if len(raws) > MaxDocuments {
		c.problem(at, fmt.Sprintf("a list of more than %d objects: split it", MaxDocuments))
		return
	}
	lines := itemLines(list, len(raws))
	prefix := at.Item
	for i, raw := range raws {
		at.Item, at.Line = fmt.Sprintf("%s.items[%d]", prefix, i), lines[i]
		c.document(at, value{raw: named(raw, gvk), line: lines[i]}, depth+1)
	}
}

// named adds apiVersion and kind to an item that has neither.
func named(raw jsontext.Value, list schema.GroupVersionKind) []byte {
	kind := strings.TrimSuffix(list.Kind, "List")
	var h head
	if kind == "" || raw.Kind() != '{' || json.Unmarshal(raw, &h, headOptions) != nil || h.APIVersion != nil || h.Kind != nil {
		return raw
	}
	apiVersion, _ := json.Marshal(list.GroupVersion().String())
	quoted, _ := json.Marshal(kind)
	inside := bytes.TrimSpace(raw[1:])
	separator := ","
	if inside[0] == '}' {
		separator = ""
	}
	return fmt.Appendf(nil, `{"apiVersion":%s,"kind":%s%s%s`, apiVersion, quoted, separator, inside)
}

// itemLines returns where each item of a list begins; where that can't be told, it is where the list does.
func itemLines(list value, n int) []int {
	lines := make([]int, n)
	for i := range lines {
		lines[i] = list.line
	}
	if list.yaml == nil {
		jsonLines(list, lines)
		return lines
	}
	var doc struct {
		Items []yamlv3.Node `yaml:"items"`
	}
	if err := yamlv3.Unmarshal(list.yaml, &doc); err != nil || len(doc.Items) != n {
		return lines
	}
	for i, item := range doc.Items {
		lines[i] = list.line + item.Line - 1
	}
	return lines
}

// jsonLines counts the lines before each item of a JSON list.
func jsonLines(list value, lines []int) {
	dec := jsontext.NewDecoder(bytes.NewReader(list.raw), headOptions)
	if _, err := dec.ReadToken(); err != nil {
		return
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return
		}
		if name.String() == "items" && dec.PeekKind() == '[' {
			err = countLines(dec, list, lines)
		} else {
			err = dec.SkipValue()
		}
		if err != nil {
			return
		}
	}
}

func countLines(dec *jsontext.Decoder, list value, lines []int) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	line, from := list.line, 0
	for i := 0; dec.PeekKind() != ']'; i++ {
		v, err := dec.ReadValue()
		if err != nil {
			return err
		}
		start := int(dec.InputOffset()) - len(v)
		line += bytes.Count(list.raw[from:start], []byte("\n"))
		from = start
		if i < len(lines) {
			lines[i] = line
		}
	}
	_, err := dec.ReadToken()
	return err
}
