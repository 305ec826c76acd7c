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

// metadata remembers where the object goes on behind it.
type metadata struct {
	value *metav1.ObjectMeta
	head  *head
	rest  int // see Object.rest
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom. What follows can be read on its own if apiVersion and kind are all that
// precedes. Metadata that is repeated never stands third, and so takes that back: it would be written into what Meta shares.
func (m *metadata) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	// Two names with their values, and the name of this one.
	_, length := dec.StackIndex(dec.StackDepth())
	first := length == 5 && m.head.APIVersion != "" && m.head.Kind != ""
	if m.value == nil {
		m.value = &metav1.ObjectMeta{}
	}
	err := json.UnmarshalDecode(dec, m.value)
	m.rest = 0
	if first {
		m.rest = int(dec.InputOffset())
	}
	return err
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
