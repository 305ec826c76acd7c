// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/provider"
	"github.com/demarc-dev/demarc/pkg/report"
	"github.com/demarc-dev/demarc/pkg/report/html"
)

// writers are all forms that a report can be written in.
func writers() map[string]func(*report.Report, io.Writer) error {
	return map[string]func(*report.Report, io.Writer) error{
		"text": func(r *report.Report, w io.Writer) error {
			if _, err := fmt.Fprintln(w, r.Summary(), r.Trouble()); err != nil {
				return err
			}
			return r.WriteText(w, report.TextOptions{Verbose: true})
		},
		"json":   (*report.Report).WriteJSON,
		"sarif":  func(r *report.Report, w io.Writer) error { return r.WriteSARIF(w, "v1") },
		"github": (*report.Report).WriteGitHub,
		"html":   func(r *report.Report, w io.Writer) error { return html.Write(w, r, html.Options{}) },
		"junit":  (*report.Report).WriteJUnit,
		"csv":    (*report.Report).WriteCSV,
	}
}

// TestRedactGoldens shows what a support ticket gets to see.
func TestRedactGoldens(t *testing.T) {
	for name, r := range map[string]*report.Report{"files": whole(t), "live": audited(t)} {
		for i := range r.Results {
			for j := range r.Results[i].Faults { // in words that any vocabulary has
				r.Results[i].Faults[j].Error = "connection to 10.1.2.3 refused"
			}
		}
		var b bytes.Buffer
		if err := r.Redact().WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, "redacted-"+name, b.Bytes())
	}
}

// TestRedactEveryField: each text of a report is redacted, those included that are added after this test was written. A
// field that is no text of the customer's is named here.
func TestRedactEveryField(t *testing.T) {
	const secret = "zqxsecret"
	ours := map[string]bool{"Rule": true, "Mode": true, "Bound": true, "Verdict.Kind": true, "Clauses": true, "Customisation": true, "Class": true, "Needs": true,
		"Rules": true, "Operation": true, "Confidence": true}
	n := 0
	var fill func(v reflect.Value, field string)
	fill = func(v reflect.Value, field string) {
		switch v.Kind() {
		case reflect.String:
			if !ours[field] {
				n++
				v.SetString(fmt.Sprintf("%s%d", secret, n))
				if field == "Path" {
					v.SetString(fmt.Sprintf("spec.labels[%s%d]", secret, n))
				}
			}
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			for i := range 2 {
				fill(v.Index(i), field)
			}
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), field)
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() && f.Name != "Profile" {
					name := f.Name
					if name == "Kind" && v.Type() == reflect.TypeFor[report.Verdict]() {
						name = "Verdict.Kind" // the rule's own word; that of an object isn't
					}
					fill(v.Field(i), name)
				}
			}
		}
	}
	for _, live := range []bool{true, false} {
		var r report.Report
		fill(reflect.ValueOf(&r).Elem(), "")
		for i := range r.Results {
			r.Results[i].Object = fmt.Sprintf("Pod %s/%s", r.Results[i].Object, r.Results[i].Object)
			if !live {
				r.Results[i].Live = nil
			}
		}
		before := fmt.Sprintf("%#v", r)
		redacted := r.Redact()
		if got := fmt.Sprintf("%#v", r); got != before {
			t.Error("the report itself was changed")
		}
		redacted.Profile = &provider.Profile{}
		for name, write := range writers() {
			var b bytes.Buffer
			if err := write(redacted, &b); err != nil {
				t.Fatal(err)
			}
			if i := strings.Index(b.String(), secret); i >= 0 {
				t.Errorf("%s shows %q", name, b.String()[max(0, i-80):min(b.Len(), i+40)])
			}
		}
		if got := fmt.Sprintf("%+v", *redacted); strings.Contains(got, secret) {
			t.Error("something that no writer shows is not redacted")
		}
	}
	if n < 60 {
		t.Errorf("%d fields were filled", n)
	}
}

// TestRedactTwice: the same report has the same pseudonyms, and nothing in them tells of the names.
func TestRedactTwice(t *testing.T) {
	text := func(r *report.Report) string {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	first := text(audited(t).Redact())
	if diff := cmp.Diff(first, text(audited(t).Redact())); diff != "" {
		t.Errorf("redacted anew (-first +second):\n%s", diff)
	}
	other := audited(t)
	for i := range other.Results {
		other.Results[i].Live.Cluster = strings.ReplaceAll(other.Results[i].Live.Cluster, "prod", "elsewhere")
	}
	other.Clusters[0].Name = "elsewhere"
	if diff := cmp.Diff(first, text(other.Redact())); diff != "" {
		t.Errorf("another name shows (-one +other):\n%s", diff)
	}
	if !audited(t).Redact().Reaches(policy.Deny) {
		t.Error("a finding is gone")
	}
}
