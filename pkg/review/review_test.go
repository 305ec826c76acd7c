// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/demarc-dev/demarc/pkg/object"
	"github.com/demarc-dev/demarc/pkg/review"
)

const good = `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","kind":{"group":"apps","version":"v1","kind":"Deployment"},` +
	`"resource":{"group":"apps","version":"v1","resource":"deployments"},"name":"web","namespace":"shop","operation":"UPDATE",` +
	`"userInfo":{"username":"ada","groups":["a","b"],"extra":{"k":["v"]}},"object":{"metadata":{"name":"web","labels":{"x":"<new>"}}},` +
	`"oldObject":{"metadata":{"name":"web"}},"dryRun":true,"options":{"kind":"UpdateOptions"}}}`

func TestDecode(t *testing.T) {
	r, err := review.Decode([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.Input()
	if err != nil {
		t.Fatal(err)
	}
	if r.UID != "u" || !r.DryRun || in.User.Username != "ada" || in.Resource != object.Deployments || in.Name != "web" ||
		in.Object.Meta.Labels["x"] != "<new>" || in.Old.Meta.Labels != nil || in.Object.GVK.Kind != "Deployment" {
		t.Errorf("got %+v\nand %+v", r, in)
	}
}

func TestNameOfTheObject(t *testing.T) {
	raw := strings.Replace(strings.Replace(good, `"name":"web","namespace"`, `"namespace"`, 1), "UPDATE", "DELETE", 1)
	raw = strings.Replace(raw, `"object":{"metadata":{"name":"web","labels":{"x":"<new>"}}}`, `"object":null`, 1)
	r, err := review.Decode([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if in, err := r.Input(); err != nil || in.Name != "web" || in.Object != nil {
		t.Errorf("deletecollection leaves the name empty: got %+v, %v", in, err)
	}
}

func TestMalformed(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, c := range map[string]struct{ body, want string }{
		"empty":               {"", "EOF"},
		"null":                {"null", "must be an object"},
		"array":               {"[]", "must be an object"},
		"YAML":                {"kind: AdmissionReview", "invalid"},
		"truncated":           {good[:len(good)-20], "EOF"},
		"trailing":            {good + "{}", "more follows"},
		"invalid UTF-8":       {replace("ada", "\xff"), "UTF-8"},
		"NUL":                 {replace(`"uid"`, "\x00"), "invalid"},
		"other kind":          {replace("AdmissionReview", "Pod"), "kind: must be AdmissionReview"},
		"v1beta1":             {replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1"), "apiVersion: must be"},
		"no request":          {`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}`, "request: must be set"},
		"null request":        {`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":null}`, "request: must be set"},
		"no uid":              {replace(`"uid":"u"`, `"uid":""`), "request.uid"},
		"no operation":        {replace("UPDATE", ""), "request.operation"},
		"lower-case op":       {replace("UPDATE", "update"), "request.operation"},
		"no old on update":    {replace("oldObject", "OldObject"), "request.oldObject"},
		"no object on update": {replace(`"object":{`, `"Object":{`), "request.object"},
		"object is a string":  {replace(`"object":{"metadata":{"name":"web","labels":{"x":"<new>"}}}`, `"object":"x"`), "must be an object or null"},
		"doubled member":      {replace(`"dryRun":true`, `"uid":"v"`), "twice"},
		"doubled request":     {replace(`"request":`, `"request":{},"request":`), "twice"},
		"name is a number":    {replace(`"name":"web","namespace"`, `"name":7,"namespace"`), "must be a string"},
		"no kind":             {replace(`"kind":"Deployment"`, `"kind":""`), "request.kind"},
		"no resource":         {replace(`"resource":"deployments"`, `"resource":""`), "request.resource"},
		"deep":                {replace(`{"kind":"UpdateOptions"}`, strings.Repeat("[", 20000)+strings.Repeat("]", 20000)), "depth"},
		"many members":        {`{` + strings.Repeat(`"a":1,`, 0) + members(64) + `}`, "too many members"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := review.Decode([]byte(c.body))
			if err == nil {
				t.Fatalf("got %+v, want an error", r)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want it to say %q", err, c.want)
			}
		})
	}
}

func members(n int) string {
	var list []string
	for i := range n {
		list = append(list, `"m`+strings.Repeat("x", i)+`":1`)
	}
	return strings.Join(list, ",")
}

// FuzzDecode: whatever we take for a review, Kubernetes' own types must take for the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"CONNECT"}}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := review.Decode(raw)
		if err != nil {
			return
		}
		var theirs admissionv1.AdmissionReview
		if err := json.Unmarshal(raw, &theirs); err != nil || theirs.Request == nil {
			return // encoding/json folds case, and so may see members that are none
		}
		if diff := cmp.Diff(string(theirs.Request.UID), r.UID); diff != "" && !folded(raw) {
			t.Errorf("uid (-theirs +ours):\n%s", diff)
		}
		if in, err := r.Input(); err == nil && in.Object != nil {
			in.Object.Pod()
			if _, err := in.Object.Tree(); err != nil {
				t.Errorf("a decoded object has no tree: %v", err)
			}
		}
	})
}

// folded says whether a member differs from one of ours by case only.
func folded(raw []byte) bool {
	return strings.Count(strings.ToLower(string(raw)), `"uid"`) != strings.Count(string(raw), `"uid"`) ||
		strings.Count(strings.ToLower(string(raw)), `"request"`) != strings.Count(string(raw), `"request"`) ||
		strings.Contains(string(raw), `\u`)
}
