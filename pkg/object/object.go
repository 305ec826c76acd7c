// SPDX-License-Identifier: Apache-2.0

// Package object holds one Kubernetes object as demarc reads it: metadata decoded at once, the typed body only when
// somebody asks, and the pod inside it with the field path that leads there.
package object

import (
	"errors"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubejson "sigs.k8s.io/json"
)

// Object is one Kubernetes object. GVK and Meta are always there; the body is decoded on first use, once, and shared:
// nobody may change what As, Pod or Tree return.
type Object struct {
	GVK  schema.GroupVersionKind
	Meta *metav1.ObjectMeta

	raw []byte
	// rest is where raw goes on after the metadata, if it can be read on its own; 0 otherwise.
	rest int

	bodyOnce sync.Once
	body     runtime.Object
	bodyErr  error

	treeOnce sync.Once
	tree     map[string]any
	treeErr  error
}

// Duplicate names are let through, with the last one winning or adding to those before, and a null changing nothing,
// because that is what the API server's own decoder does; matching is case-sensitive, as it is there. managedFields are
// skipped: no rule reads them and they are often half of the object.
var decodeOptions = json.JoinOptions(
	jsontext.AllowDuplicateNames(true),
	jsonv1.MergeWithLegacySemantics(true),
	json.WithUnmarshalers(json.UnmarshalFromFunc(
		func(dec *jsontext.Decoder, _ *[]metav1.ManagedFieldsEntry) error { return dec.SkipValue() })),
)

// Decode reads the metadata of one object from JSON. An object that does not name its apiVersion and kind gets those
// of fallback. The error says which part is malformed. raw is kept: the caller must not change it afterwards.
func Decode(raw []byte, fallback schema.GroupVersionKind) (*Object, error) {
	var h head
	h.Metadata.head = &h
	if err := json.Unmarshal(raw, &h, decodeOptions); err != nil {
		return nil, fmt.Errorf("decode object: %w", err)
	}
	gvk := fallback
	if h.Kind != "" {
		gv, err := schema.ParseGroupVersion(h.APIVersion)
		if err != nil {
			return nil, fmt.Errorf("decode object: apiVersion: %w", err)
		}
		gvk = gv.WithKind(h.Kind)
	}
	if gvk.Kind == "" {
		return nil, errors.New("decode object: kind: must be set")
	}
	o := &Object{GVK: gvk, Meta: h.Metadata.value, raw: raw, rest: h.Metadata.rest}
	if o.Meta == nil {
		o.Meta = &metav1.ObjectMeta{}
	}
	return o, nil
}

// As returns the body of the object as T, which must be a pointer to one of the API types that demarc knows. It is
// false if the object is of another kind or if its body is malformed; Err tells the two apart.
func As[T runtime.Object](o *Object) (T, bool) {
	var none T
	if o == nil {
		return none, false
	}
	body, err := o.typed()
	if err != nil {
		return none, false
	}
	t, ok := body.(T)
	return t, ok
}

// Err returns what was wrong with the body, if somebody asked for it and it could not be decoded. A rule that found
// nothing in such an object was blind, so the engine asks.
func (o *Object) Err() error {
	if o == nil {
		return nil
	}
	return errors.Join(o.bodyErr, o.treeErr)
}

// Raw returns the JSON that the object was decoded from. The caller must not change it.
func (o *Object) Raw() []byte { return o.raw }

// typed decodes the body once. A kind that demarc has no type for becomes unstructured.
func (o *Object) typed() (runtime.Object, error) {
	o.bodyOnce.Do(func() {
		create, known := types[o.GVK]
		if !known {
			tree, err := o.Tree()
			o.body, o.bodyErr = &unstructured.Unstructured{Object: tree}, err
			return
		}
		if body := create(); o.decodeRest(body) {
			o.body = body
			return
		}
		body := create()
		if err := json.Unmarshal(o.raw, body, decodeOptions); err != nil {
			o.bodyErr = fmt.Errorf("decode %s: %w", o.GVK.Kind, err)
			return
		}
		o.body = body
	})
	return o.body, o.bodyErr
}

// Tree returns the whole object as maps, slices and scalars, for reading fields of any kind and for comparing. It is
// made by the API server's own decoder: of a doubled name the last value counts, even if the first is of another type.
func (o *Object) Tree() (map[string]any, error) {
	o.treeOnce.Do(func() {
		if err := kubejson.UnmarshalCaseSensitivePreserveInts(o.raw, &o.tree); err != nil {
			o.treeErr = fmt.Errorf("decode %s: %w", o.GVK.Kind, err)
		}
	})
	return o.tree, o.treeErr
}
