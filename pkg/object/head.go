// SPDX-License-Identifier: Apache-2.0

package object

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// head is the part of an object that every rule may need.
type head struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
}

// metadata remembers where it stood.
type metadata struct {
	value *metav1.ObjectMeta
	head  *head
	times int
	first bool // apiVersion and kind came before it, and nothing else
	end   int
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (m *metadata) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	m.times++
	// Two names with their values, and the name of this one.
	_, length := dec.StackIndex(dec.StackDepth())
	m.first = length == 5 && m.head.APIVersion != "" && m.head.Kind != ""
	if m.value == nil {
		m.value = &metav1.ObjectMeta{}
	}
	err := json.UnmarshalDecode(dec, m.value)
	m.end = int(dec.InputOffset())
	return err
}

// rest is where the object goes on after its metadata, if apiVersion and kind are all that precedes and the metadata is not
// repeated, for that would be written into what Meta shares; else 0.
func (h *head) rest() int {
	m := &h.Metadata
	if m.times == 1 && m.first {
		return m.end
	}
	return 0
}

// decodeRest fills an empty body with the metadata that is decoded already and with what follows it in the JSON: the way
// an API server writes objects, metadata comes first, and is often half of all. It is false where the whole must be decoded,
// and then the body is spoilt.
func (o *Object) decodeRest(body runtime.Object) bool {
	accessor, ok := body.(metav1.ObjectMetaAccessor)
	if !ok || o.rest == 0 {
		return false
	}
	meta, ok := accessor.GetObjectMeta().(*metav1.ObjectMeta)
	if !ok {
		return false
	}
	*meta = *o.Meta
	body.GetObjectKind().SetGroupVersionKind(o.GVK)
	rest := bytes.TrimLeft(o.raw[o.rest:], " \t\r\n")
	rest = bytes.TrimPrefix(rest, []byte(","))
	object := append(append(make([]byte, 0, len(rest)+1), '{'), rest...)
	return json.Unmarshal(object, body, decodeOptions) == nil
}
