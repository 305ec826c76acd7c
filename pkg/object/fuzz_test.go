// SPDX-License-Identifier: Apache-2.0

package object_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientscheme "k8s.io/client-go/kubernetes/scheme"

	"github.com/demarc-dev/demarc/pkg/object"
)

// FuzzDecode sees that what both Kubernetes and we can read is the same to both. Whatever we can't read is an error, which
// the engine reports; it must never be another object.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","managedFields":[{}]},"spec":{"hostPID":true,"containers":[{"name":"c"}]}}`,
		`{"kind":"Pod","apiVersion":"v1","metadata":{"labels":{"a":"b"}},"metadata":null,"spec":null,"spec":{"nodeName":"n"},"kind":"Node"}`,
		`{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"b"},"metadata":{"name":"a"},"binaryData":{"c":"ZA=="},"data":null}`,
		`{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{},"spec":{"template":{"metadata":{"name":"x"},"spec":{"containers":[{},null]}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		theirs, _, err := clientscheme.Codecs.UniversalDeserializer().Decode(raw, nil, nil)
		if err != nil {
			return
		}
		ours, err := object.Decode(raw, schema.GroupVersionKind{})
		if err != nil {
			return
		}
		body, ok := object.As[runtime.Object](ours)
		if _, unknown := body.(runtime.Unstructured); !ok || unknown {
			return
		}
		if diff := cmp.Diff(theirs, body, notRead, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-theirs +ours):\n%s", diff)
		}
	})
}
