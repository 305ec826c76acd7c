// SPDX-License-Identifier: Apache-2.0

package object_test

import (
	"encoding/json"
	"math/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clientscheme "k8s.io/client-go/kubernetes/scheme"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/test/fixtures"
)

// TestDecodesAsKubernetesDoes compares our reading of objects with that of Kubernetes' own deserializer: the fixtures,
// and many random objects of each kind.
func TestDecodesAsKubernetesDoes(t *testing.T) {
	cases, err := fixtures.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		same(t, c.ID(), c.Object)
	}
	codecs := serializer.NewCodecFactory(clientscheme.Scheme)
	fill := fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs), rand.NewSource(1), codecs)
	for _, o := range []runtime.Object{&corev1.Pod{}, &appsv1.Deployment{}, &appsv1.DaemonSet{}, &appsv1.StatefulSet{},
		&appsv1.ReplicaSet{}, &batchv1.Job{}, &batchv1.CronJob{}, &corev1.ConfigMap{}, &corev1.Namespace{}, &corev1.Node{}} {
		kinds, _, err := clientscheme.Scheme.ObjectKinds(o)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			fill.Fill(o)
			o.GetObjectKind().SetGroupVersionKind(kinds[0])
			raw, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			same(t, kinds[0].Kind, raw)
		}
	}
}

// notRead is what we skip on purpose.
var notRead = cmpopts.IgnoreFields(metav1.ObjectMeta{}, "ManagedFields")

func same(t *testing.T, name string, raw []byte) {
	t.Helper()
	theirs, _, err := clientscheme.Codecs.UniversalDeserializer().Decode(raw, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return // a kind that neither side has a type for
	}
	if err != nil {
		t.Fatalf("%s: their decoder: %v", name, err)
	}
	ours, err := object.Decode(raw, schema.GroupVersionKind{})
	if err != nil {
		t.Fatalf("%s: our decoder: %v", name, err)
	}
	body, ok := object.As[runtime.Object](ours)
	if !ok {
		t.Fatalf("%s: no body: %v", name, ours.Err())
	}
	if _, unknown := body.(runtime.Unstructured); unknown {
		return // judged on metadata
	}
	accessor := theirs.(metav1.ObjectMetaAccessor).GetObjectMeta()
	if diff := cmp.Diff(theirs, body, notRead); diff != "" {
		t.Errorf("%s (-theirs +ours):\n%s", name, diff)
	}
	if diff := cmp.Diff(accessor, metav1.Object(ours.Meta), notRead); diff != "" {
		t.Errorf("%s: metadata (-theirs +ours):\n%s", name, diff)
	}
}

// TestMetadataAnywhere sees that it makes no difference where the metadata stands, and what else there is: the body that is
// read behind it is the one that Kubernetes reads from the whole.
func TestMetadataAnywhere(t *testing.T) {
	const (
		version = `"apiVersion":"v1"`
		kind    = `"kind":"Pod"`
		meta    = `"metadata":{"name":"a","labels":{"a":"b"},"managedFields":[{"manager":"x"}]}`
		more    = `"metadata":{"namespace":"n","labels":{"c":"d"},"finalizers":["f"]}`
		spec    = `"spec":{"containers":[{"name":"c","image":"i"}],"nodeName":"n"}`
	)
	for name, parts := range map[string][]string{
		"as servers write it":   {kind, version, meta, spec},
		"in order":              {version, kind, meta, spec},
		"metadata first":        {meta, version, kind, spec},
		"metadata last":         {version, kind, spec, meta},
		"nothing follows":       {version, kind, meta},
		"metadata in between":   {version, meta, spec, kind},
		"metadata twice":        {version, kind, meta, spec, more},
		"metadata three times":  {version, kind, meta, more, spec, meta},
		"metadata null":         {version, kind, `"metadata":null`, spec},
		"null, then metadata":   {version, kind, `"metadata":null`, meta, spec},
		"metadata, then null":   {version, kind, meta, `"metadata":null`, spec},
		"no metadata":           {version, kind, spec},
		"kind repeated":         {version, kind, meta, spec, kind},
		"kind changes":          {version, `"kind":"Node"`, meta, spec, kind},
		"kind twice in front":   {`"kind":"Node"`, kind, meta, version, spec},
		"spec twice":            {version, kind, meta, spec, `"spec":{"hostPID":true}`},
		"spec on both sides":    {version, kind, `"spec":{"hostPID":true,"nodeName":"m"}`, meta, spec},
		"unknown in front":      {version, kind, `"x":{"metadata":{"name":"z"}}`, meta, spec},
		"unknown behind":        {version, kind, meta, `"Metadata":{"name":"z"}`, spec},
		"escaped name":          {version, kind, meta, `"meta\u0064ata":{"namespace":"m"}`, spec},
		"a name of the pattern": {version, kind, `"metadata":{"name":"}","annotations":{"a":"}, \"spec\": {"}}`, spec},
	} {
		for _, space := range []string{"", " \n\t"} {
			raw := "{" + space + strings.Join(parts, space+","+space) + space + "}"
			t.Run(name, func(t *testing.T) { same(t, name, []byte(raw)) })
		}
	}
}

// TestBodyOfAnotherKind sees that a body which does not say what it is stays so.
func TestBodyOfAnotherKind(t *testing.T) {
	o, err := object.Decode([]byte(`{"metadata":{"name":"a"},"spec":{"nodeName":"n"}}`), object.Pods.GVK())
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: corev1.PodSpec{NodeName: "n"}}
	if pod, _ := object.As[*corev1.Pod](o); !cmp.Equal(want, pod) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, pod))
	}
}

func TestDecodeErrors(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"no JSON":          {"a: b", "decode object"},
		"no kind":          {`{"metadata":{}}`, "kind: must be set"},
		"bad api version":  {`{"apiVersion":"a/b/c","kind":"Pod"}`, "apiVersion"},
		"labels of a list": {`{"apiVersion":"v1","kind":"Pod","metadata":{"labels":[]}}`, "labels"},
		"case is folded":   {`{"ApiVersion":"v1","Kind":"Pod"}`, "kind: must be set"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := object.Decode([]byte(c.raw), schema.GroupVersionKind{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestMalformedBody(t *testing.T) {
	o, err := object.Decode([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":{}}}`), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := o.Pod(); ok || o.Err() == nil {
		t.Errorf("got a pod from a malformed body, error %v", o.Err())
	}
}

// No container is missed, whatever list it stands in, and its path leads to it.
func TestContainers(t *testing.T) {
	raw := `{"apiVersion":"batch/v1","kind":"CronJob","spec":{"jobTemplate":{"spec":{"template":{"spec":{
		"initContainers":[{"name":"a"}],"containers":[{"name":"b"},{"name":"c"}],"ephemeralContainers":[{"name":"d"}]}}}}}}`
	o, err := object.Decode([]byte(raw), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	pod, ok := o.Pod()
	if !ok {
		t.Fatal("no pod")
	}
	var got []string
	for place, c := range pod.Containers() {
		got = append(got, place.Path().String()+" "+c.Name)
	}
	const at = "spec.jobTemplate.spec.template.spec."
	want := []string{at + "initContainers[0] a", at + "containers[0] b", at + "containers[1] c", at + "ephemeralContainers[0] d"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("containers (-want +got):\n%s", diff)
	}
}
