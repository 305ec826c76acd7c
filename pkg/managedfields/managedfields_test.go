// SPDX-License-Identifier: Apache-2.0

package managedfields_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/managedfields"
)

// deployment is one that four managers had a hand in.
const deployment = `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {
    "name": "web", "namespace": "shop",
    "labels": {"app": "web", "team.contoso.example/owner": "ada", "0": "zero"},
    "finalizers": ["contoso.example/keep", "contoso.example/backup"],
    "managedFields": [
      {"manager": "argocd-controller", "operation": "Apply", "apiVersion": "apps/v1", "time": "2026-11-20T10:00:00Z", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:metadata": {"f:labels": {"f:app": {}}},
         "f:spec": {"f:template": {"f:spec": {"f:hostPID": {}, "f:containers": {
           "k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {},
             "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}}}},
      {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-11-21T10:00:00Z", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:team.contoso.example/owner": {}, "f:0": {}},
           "f:finalizers": {".": {}, "v:\"contoso.example/keep\"": {}}},
         "f:spec": {"f:selector": {}, "f:template": {"f:spec": {"f:hostPID": {}, "f:containers": {
           "k:{\"name\":\"sidecar\"}": {".": {}, "f:name": {}, "f:args": {}, "f:resources": {}}}}}}}},
      {"manager": "backup", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:metadata": {"f:finalizers": {"v:\"contoso.example/backup\"": {}}}}},
      {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-11-21T12:00:00Z", "fieldsType": "FieldsV1",
       "subresource": "status", "fieldsV1": {"f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}}, "f:status": {"f:replicas": {}}}},
      {"manager": "vpa", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-11-22T00:00:00Z", "fieldsType": "FieldsV1",
       "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    ]
  },
  "spec": {
    "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
    "template": {"spec": {"hostPID": true, "containers": [
      {"name": "sidecar", "args": ["-v"], "resources": {}},
      {"name": "web", "image": "web:1", "ports": [{"containerPort": 81, "protocol": "TCP"}, {"containerPort": 80, "protocol": "TCP"}]}
    ]}}
  },
  "status": {"replicas": 3}
}`

var (
	argo    = managedfields.Change{Manager: "argocd-controller", Operation: "Apply", Time: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)}
	kubectl = managedfields.Change{Manager: "kubectl-edit", Operation: "Update", Time: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	backup  = managedfields.Change{Manager: "backup", Operation: "Update"}
	status  = managedfields.Change{Manager: "kube-controller-manager", Operation: "Update", Subresource: "status",
		Time: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	vpa = managedfields.Change{Manager: "vpa", Operation: "Update", Subresource: "scale", Time: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
)

func TestLast(t *testing.T) {
	containers := field.NewPath("spec", "template", "spec", "containers")
	labels := field.NewPath("metadata", "labels")
	for name, c := range map[string]struct {
		path       *field.Path
		who        managedfields.Change
		confidence managedfields.Confidence // empty: nobody can tell
	}{
		"a label":                          {labels.Key("app"), argo, managedfields.Exact},
		"a label with dots and a slash":    {labels.Key("team.contoso.example/owner"), kubectl, managedfields.Exact},
		"a label that looks like an index": {labels.Key("0"), kubectl, managedfields.Exact},
		"both applied and updated":         {field.NewPath("spec", "template", "spec", "hostPID"), kubectl, managedfields.Shared},
		"an item by its key, the first":    {containers.Index(0), kubectl, managedfields.Exact},
		"an item by its key, the second":   {containers.Index(1), argo, managedfields.Exact},
		"a field of an item":               {containers.Index(1).Child("image"), argo, managedfields.Exact},
		"an item by two keys":              {containers.Index(1).Child("ports").Index(1), argo, managedfields.Exact},
		"an item that nobody owns":         {containers.Index(1).Child("ports").Index(0), argo, managedfields.Near},
		"an item that is not there":        {containers.Index(2).Child("image"), kubectl, managedfields.Near},
		"an item of a set":                 {field.NewPath("metadata", "finalizers").Index(1), backup, managedfields.Exact},
		"an item of an atomic list":        {containers.Index(0).Child("args").Index(0), kubectl, managedfields.Near},
		"within an atomic map":             {field.NewPath("spec", "selector", "matchLabels").Key("app"), kubectl, managedfields.Near},
		"a map whose maker is known":       {labels, kubectl, managedfields.Exact},
		"a map that is owned piecemeal":    {field.NewPath("metadata", "annotations"), status, managedfields.Near},
		"a label that is gone":             {labels.Key("gone"), kubectl, managedfields.Near},
		"a field that must be set":         {containers.Index(0).Child("resources", "limits"), kubectl, managedfields.Near},
		"beside what others set":           {field.NewPath("spec", "template", "spec", "nodeSelector"), kubectl, managedfields.Near},
		"not who scaled it":                {field.NewPath("spec", "paused"), kubectl, managedfields.Near},
		"who scaled it":                    {field.NewPath("spec", "replicas"), vpa, managedfields.Exact},
		"by a subresource alone":           {field.NewPath("status", "conditions").Index(0), status, managedfields.Near},
		"what no manager owns":             {field.NewPath("apiVersion"), managedfields.Change{}, ""},
		"the whole object":                 {nil, managedfields.Change{}, ""},
		"a position in a map":              {field.NewPath("spec").Index(0), kubectl, managedfields.Near},
		"a key in a list":                  {containers.Key("web"), kubectl, managedfields.Near},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := managedfields.Last([]byte(deployment), c.path)
			if ok != (c.confidence != "") {
				t.Fatalf("Last = %+v, %t", got, ok)
			}
			if !ok {
				return
			}
			c.who.Confidence = c.confidence
			if diff := cmp.Diff(&c.who, got); diff != "" {
				t.Errorf("Last(%s) (-want +got):\n%s", c.path, diff)
			}
		})
	}
}

// TestOneManagerTwice: a program that both applied and updated a field is one manager.
func TestOneManagerTwice(t *testing.T) {
	const raw = `{"metadata":{"managedFields":[
		{"manager":"helm","operation":"Apply","time":"2026-11-20T10:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:a]b":{}}}},
		{"manager":"helm","operation":"Update","time":"2026-11-20T10:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:a]b":{}}}}]},"data":{"a]b":"x"}}`
	want := &managedfields.Change{Manager: "helm", Operation: "Update", Time: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Confidence: managedfields.Exact}
	got, _ := managedfields.Last([]byte(raw), field.NewPath("data").Key("a]b"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Last (-want +got):\n%s", diff)
	}
}

// TestNobodyCanTell: whatever is wrong with an object, the answer is that it doesn't tell.
func TestNobodyCanTell(t *testing.T) {
	image := field.NewPath("spec", "containers").Index(0).Child("image")
	deep := field.NewPath("a")
	for range 100 {
		deep = deep.Child("a")
	}
	fields := func(s string) string {
		return `{"metadata":{"managedFields":[{"manager":"m","operation":"Update","fieldsType":"FieldsV1","fieldsV1":` + s + `}]},"spec":{"containers":[{"name":"a"}]}}`
	}
	for name, c := range map[string]struct {
		raw  string
		path *field.Path
	}{
		"nothing":               {``, image},
		"no object":             {`[1]`, image},
		"no JSON":               {`{"metadata":{"managedFields":`, image},
		"none":                  {`{"metadata":{}}`, image},
		"empty":                 {`{"metadata":{"managedFields":[]}}`, image},
		"no list":               {`{"metadata":{"managedFields":{}}}`, image},
		"no fields":             {`{"metadata":{"managedFields":[{"manager":"m","fieldsType":"FieldsV1"}]}}`, image},
		"of another type":       {strings.Replace(fields(`{"f:spec":{}}`), "FieldsV1", "FieldsV2", 1), image},
		"fields are a string":   {fields(`"f:spec"`), image},
		"fields say nothing":    {fields(`{"f:":{},"":{},"k:":{}}`), image},
		"path too deep":         {fields(`{"f:a":{}}`), deep},
		"too large":             {strings.Repeat(" ", 9<<20) + fields(`{"f:spec":{}}`), image},
		"nested beyond reading": {fields(strings.Repeat(`{"f:spec":`, 20000) + "{}" + strings.Repeat("}", 20000)), image},
	} {
		if got, ok := managedfields.Last([]byte(c.raw), c.path); ok {
			t.Errorf("%s: Last = %+v", name, got)
		}
	}
}

// TestBoundedWork: what a user writes into managedFields costs no more than reading it.
func TestBoundedWork(t *testing.T) {
	var b strings.Builder
	for i := range 60000 {
		fmt.Fprintf(&b, `,"k:{\"name\":\"%06d\"}":{".":{},"f:image":{}}`, 60000-i)
	}
	raw := `{"metadata":{"managedFields":[{"manager":"m","operation":"Update","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:containers":{` +
		b.String()[1:] + `}}}}]},"spec":{"containers":[{"name":"none"}]}}`
	start := time.Now()
	got, ok := managedfields.Last([]byte(raw), field.NewPath("spec", "containers").Index(0).Child("image"))
	if !ok || got.Confidence != managedfields.Near {
		t.Errorf("Last = %+v, %t, want Near", got, ok)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s for %d bytes", took, len(raw))
	}
}

// FuzzLast: no object makes it fail, and what it answers is one of the managers in there.
func FuzzLast(f *testing.F) {
	f.Add([]byte(deployment), "spec", 1, "image")
	f.Add([]byte(deployment), "metadata", 0, "a]b")
	f.Add([]byte(`{"metadata":{"managedFields":[{"manager":"m","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"v:[[":{},"i:0":{},"k:{\"a\":1e999}":{}}}}]},"spec":[1]}`), "spec", 0, "")
	f.Fuzz(func(t *testing.T, raw []byte, root string, index int, key string) {
		for _, path := range []*field.Path{
			field.NewPath(root), field.NewPath(root).Index(index), field.NewPath(root).Key(key), field.NewPath(root, key).Index(index).Child(key),
			field.NewPath(root, "template", "spec", "containers").Index(index).Child(key),
		} {
			got, ok := managedfields.Last(raw, path)
			if ok != (got != nil) {
				t.Fatalf("Last = %+v, %t", got, ok)
			}
			if ok && got.Confidence != managedfields.Exact && got.Confidence != managedfields.Near && got.Confidence != managedfields.Shared {
				t.Errorf("confidence %q", got.Confidence)
			}
		}
	})
}
