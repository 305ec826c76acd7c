// SPDX-License-Identifier: Apache-2.0

package object_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/demarc-dev/demarc/pkg/object"
)

func TestChanges(t *testing.T) {
	for name, c := range map[string]struct {
		before, after string
		want          []string
	}{
		"nothing": {`{"metadata":{"name":"a"}}`, `{"metadata":{"name":"a"}}`, nil},
		"server's own fields and status": {
			`{"metadata":{"generation":1,"resourceVersion":"1","managedFields":[]},"status":{"a":1}}`,
			`{"metadata":{"generation":2,"resourceVersion":"2"},"status":{"a":2}}`, nil},
		"generation of a DaemonSet's template": {
			`{"metadata":{"annotations":{"deprecated.daemonset.template.generation":"1"}}}`,
			`{"metadata":{"annotations":{"deprecated.daemonset.template.generation":"2"}}}`, nil},
		"scalar": {`{"spec":{"replicas":1}}`, `{"spec":{"replicas":0}}`, []string{"spec.replicas"}},
		"first label": {`{"metadata":{}}`, `{"metadata":{"labels":{"a.io/b":"c"}}}`,
			[]string{"metadata.labels[a.io/b]"}},
		"label gone": {`{"metadata":{"labels":{"a":"b","c":"d"}}}`, `{"metadata":{"labels":{"a":"b"}}}`,
			[]string{"metadata.labels[c]"}},
		"containers by name": {
			`{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}}`,
			`{"spec":{"containers":[{"name":"b","image":"z"},{"name":"a","image":"x"}]}}`,
			[]string{"spec.containers[0].image"}},
		"container gone": {
			`{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}}`,
			`{"spec":{"containers":[{"name":"a","image":"x"}]}}`,
			[]string{"spec.containers[1].image", "spec.containers[1].name"}},
		"unnamed list":        {`{"spec":{"args":["a"]}}`, `{"spec":{"args":["b"]}}`, []string{"spec.args"}},
		"empty is absent not": {`{"spec":{"a":{}}}`, `{"spec":{}}`, []string{"spec.a"}},
		"data keys":           {`{"data":{"a.b":"1"}}`, `{"data":{"a.b":"2"}}`, []string{"data[a.b]"}},
	} {
		t.Run(name, func(t *testing.T) {
			paths, ok := object.Changes(decode(t, c.before), decode(t, c.after), 10)
			if !ok {
				t.Fatal("Changes: not ok")
			}
			var got []string
			for _, p := range paths {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func decode(t *testing.T, raw string) *object.Object {
	t.Helper()
	o, err := object.Decode([]byte(raw), schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}
