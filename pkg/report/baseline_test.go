// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// sighted is a report in short: what was found where.
type sighted struct {
	cluster, file, object, owner string
	paths                        []*field.Path // what host-process found there
	exempt                       bool
}

func short(list ...sighted) *report.Report {
	r := &report.Report{}
	clusters := map[string]bool{}
	for _, s := range list {
		d := engine.Decision{}
		for _, p := range s.paths {
			v := engine.Verdict{Rule: &hostProcess, Mode: policy.Deny, Finding: policy.Finding{Path: p, Message: "must not be"}}
			if s.exempt {
				v.Mode, v.Exemption = policy.Audit, "migration"
			}
			d.Verdicts = append(d.Verdicts, v)
		}
		result := report.NewResult(s.file, report.Place{File: s.file}, "Pod "+s.object, d)
		if s.cluster != "" {
			namespace, name, _ := strings.Cut(s.object, "/")
			result.Live = &report.Live{Cluster: s.cluster, APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: name, Owner: s.owner, UID: s.object}
			if !clusters[s.cluster] {
				clusters[s.cluster] = true
				r.Clusters = append(r.Clusters, report.Cluster{Name: s.cluster})
			}
		}
		r.Results = append(r.Results, result)
	}
	return r
}

// baseline writes a report and reads it again.
func baseline(t *testing.T, r *report.Report) *report.Baseline {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	base, err := report.ReadBaseline(&b)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

func TestSince(t *testing.T) {
	image := func(i int) *field.Path { return field.NewPath("spec", "containers").Index(i).Child("image") }
	one := []*field.Path{hostPID}
	for name, c := range map[string]struct {
		before, after *report.Report
		want          report.Compared
		fresh         []string // what is new: object, path
	}{
		"the same": {short(sighted{file: "a#1", object: "shop/a", paths: one}), short(sighted{file: "a#1", object: "shop/a", paths: one}),
			report.Compared{Known: 1}, nil},
		"moved in the file and in the list": {short(sighted{file: "a#1", object: "shop/a", paths: []*field.Path{image(0)}}),
			short(sighted{file: "a#2", object: "shop/a", paths: []*field.Path{image(3)}}), report.Compared{Known: 1}, nil},
		"to another file": {short(sighted{file: "a#1", object: "shop/a", paths: one}), short(sighted{file: "b#1", object: "shop/a", paths: one}),
			report.Compared{Gone: 1}, []string{"Pod shop/a spec.hostPID"}},
		"once more in the same list": {short(sighted{file: "a#1", object: "shop/a", paths: []*field.Path{image(0)}}),
			short(sighted{file: "a#1", object: "shop/a", paths: []*field.Path{image(0), image(1)}}),
			report.Compared{Known: 1}, []string{"Pod shop/a spec.containers[1].image"}},
		"once less": {short(sighted{file: "a#1", object: "shop/a", paths: []*field.Path{image(0), image(1)}}),
			short(sighted{file: "a#1", object: "shop/a", paths: []*field.Path{image(0)}}), report.Compared{Known: 1, Gone: 1}, nil},
		"another field": {short(sighted{file: "a#1", object: "shop/a", paths: one}), short(sighted{file: "a#1", object: "shop/a", paths: []*field.Path{hostIPC}}),
			report.Compared{Gone: 1}, []string{"Pod shop/a spec.hostIPC"}},
		"exempt no more": {short(sighted{file: "a#1", object: "shop/a", paths: one, exempt: true}), short(sighted{file: "a#1", object: "shop/a", paths: one}),
			report.Compared{}, []string{"Pod shop/a spec.hostPID"}},
		"exempt from now on": {short(sighted{file: "a#1", object: "shop/a", paths: one}), short(sighted{file: "a#1", object: "shop/a", paths: one, exempt: true}),
			report.Compared{}, []string{"Pod shop/a spec.hostPID"}},
		"pods of the same owner": {short(sighted{cluster: "prod", object: "shop/a-1", owner: "Deployment shop/a", paths: one}),
			short(sighted{cluster: "prod", object: "shop/a-2", owner: "Deployment shop/a", paths: one},
				sighted{cluster: "prod", object: "shop/a-3", owner: "Deployment shop/a", paths: []*field.Path{hostPID, hostIPC}}),
			report.Compared{Known: 2}, []string{"Pod shop/a-3 spec.hostIPC"}},
		"in another cluster": {short(sighted{cluster: "prod", object: "shop/a", paths: one}), short(sighted{cluster: "staging", object: "shop/a", paths: one}),
			report.Compared{}, []string{"Pod shop/a spec.hostPID"}},
		"gone from a cluster": {short(sighted{cluster: "prod", object: "shop/a", paths: one}, sighted{cluster: "staging", object: "shop/b", paths: one}),
			short(sighted{cluster: "prod", object: "shop/b"}), report.Compared{Gone: 1}, nil},
		"files are no cluster": {short(sighted{cluster: "prod", object: "shop/a", paths: one}), short(), report.Compared{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			fresh, known, gone := c.after.Since(baseline(t, c.before))
			if diff := cmp.Diff(c.want, *fresh.Compared); diff != "" || known != c.want.Known || gone != c.want.Gone {
				t.Errorf("%d known, %d gone (-want +got):\n%s", known, gone, diff)
			}
			var got []string
			denied := false
			for _, r := range fresh.Results {
				for _, v := range r.Verdicts {
					got = append(got, r.Object+" "+v.Path)
				}
				denied = denied || !r.Allowed
				if r.Live != nil && len(r.Verdicts) == 0 {
					t.Errorf("%s is left without anything to say", r.Object)
				}
			}
			if diff := cmp.Diff(c.fresh, got); diff != "" {
				t.Errorf("new (-want +got):\n%s", diff)
			}
			if want := fresh.Reaches(policy.Deny); denied != want {
				t.Errorf("denied = %t, want %t", denied, want)
			}
		})
	}
}

// TestSinceChangesNothing: the report that is compared stays whole.
func TestSinceChangesNothing(t *testing.T) {
	r := audited(t)
	var before, after bytes.Buffer
	if err := r.WriteJSON(&before); err != nil {
		t.Fatal(err)
	}
	if _, known, gone := r.Since(baseline(t, r)); known != 5 || gone != 0 {
		t.Errorf("%d known and %d gone, want 5 and none", known, gone)
	}
	if err := r.WriteJSON(&after); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.String(), after.String()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestReadBaselineErrors(t *testing.T) {
	for raw, want := range map[string][]string{
		``:                      {"this is no report in JSON: unexpected EOF"},
		`{"results":[`:          {"this is no report in JSON: unexpected EOF"},
		`{"results":[]} x`:      {"this is no report in JSON: invalid character 'x' after top-level value"},
		`{"results":{}}`:        {"this is no report in JSON: results: must be a list, not a mapping"},
		`{"runs":[]}`:           {"this is SARIF: a baseline is a report that -o json wrote"},
		`{"Results":[]}`:        {"this is no report: a baseline is what -o json wrote, with the member results"},
		`[]`:                    {"this is no report in JSON: must be a mapping, not a list"},
		`{"results":[{"a":1}]}`: {"results[0].object: must name what was judged"},
		`{"results":[{"object":"Pod a","verdicts":[{"mode":"Deny"},{"rule":"x","mode":"Fatal"}]}]}`: {
			"results[0].verdicts[0].rule: must name a rule",
			`results[0].verdicts[1].mode: must be one of Off Audit Warn Deny, not "Fatal"`},
		`{"results":[],"redacted":true}`:                 {"this report is redacted, so that its names mean nothing: write one without --redact"},
		`{"results":[],"compared":{"known":1,"gone":0}}`: {"this report holds only what was new to another baseline: write one without --baseline"},
		`{"results":[],"results":[]}`:                    {"this is no report in JSON: duplicate object member name"},
	} {
		_, err := report.ReadBaseline(strings.NewReader(raw))
		if err == nil {
			t.Errorf("%s: no error", raw)
			continue
		}
		if diff := cmp.Diff(want, report.ErrorLines(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
	if _, err := report.ReadBaseline(strings.NewReader(`{"results":[],"later":{"x":1}}`)); err != nil {
		t.Errorf("what a later version adds: %v", err)
	}
}

func TestCompared(t *testing.T) {
	for want, c := range map[string]report.Compared{
		"12 findings are in the baseline, 3 of the baseline are gone": {Known: 12, Gone: 3},
		"1 finding is in the baseline, 1 of the baseline is gone":     {Known: 1, Gone: 1},
		"0 findings are in the baseline, 0 of the baseline are gone":  {},
	} {
		if got := c.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
