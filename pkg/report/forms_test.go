// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/engine"
	"github.com/demarc-dev/demarc/pkg/managedfields"
	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/report"
)

// audited is the report of two clusters.
func audited(t testing.TB) *report.Report {
	p := profile(t)
	d := decisions(p)
	started := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	live := func(d engine.Decision, l report.Live) report.Result { return report.NewLiveResult(l, d) }
	agent := live(d["denied"], report.Live{Cluster: "prod", APIVersion: "v1", Kind: "Pod", Namespace: "acme-system", Name: "agent-7d4b9-x2x4z",
		UID: "0f0e0d0c-0000-4000-8000-123456789abc", Owner: "DaemonSet acme-system/agent", Same: 4})
	agent.Verdicts[0].Change = report.ChangeFrom(managedfields.Change{Manager: "kubectl-edit\n", Operation: "Update",
		Time: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), Confidence: managedfields.Exact})
	agent.Verdicts[1].Change = &report.Change{Manager: "=cmd", Operation: "Update", Subresource: "scale", Confidence: report.Near}
	return &report.Report{
		Profile: p,
		Clusters: []report.Cluster{
			{Name: "prod", Version: "v1.36.3", Started: started, Seconds: 12.5,
				Kinds: []report.Kind{{Resource: "pods", Objects: 1200}, {Resource: "deployments.apps", Objects: 1}},
				Unread: []report.Unread{{What: "secrets", Why: `secrets is forbidden: User "ada@contoso.example" cannot list resource "secrets"`,
					Rules: []policy.ID{"host-process", "system-label"}}},
				Skipped: []report.Skipped{{Rule: "node-label", Needs: []string{"nodes"}, Objects: 3},
					{Rule: "system-label", Needs: []string{"request", "old object"}, Objects: 1200, Always: true}}},
			{Name: "staging", Version: "v1.35.1", Started: started, Seconds: 2, Kinds: []report.Kind{{Resource: "pods", Objects: 0}}},
			{Name: "south", Started: started, Kinds: []report.Kind{}, Error: "dial tcp 10.1.2.3:443: connection refused"},
		},
		Results: []report.Result{
			agent,
			live(d["passed"], report.Live{Cluster: "prod", APIVersion: "apps/v1", Kind: "Deployment", Namespace: "acme-system", Name: "dns"}),
			live(d["existing"], report.Live{Cluster: "staging", APIVersion: "v1", Kind: "Node", Name: "acme-pool1-12345678-vmss000003"}),
			live(engine.Decision{Profile: p, Faults: []engine.Fault{{Rule: "host-process", Err: errors.New("panic: no")}}},
				report.Live{Cluster: "staging"}),
		},
	}
}

func TestLiveGoldens(t *testing.T) {
	for name, write := range map[string]func(*report.Report, *bytes.Buffer) error{
		"junit": func(r *report.Report, b *bytes.Buffer) error { return r.WriteJUnit(b) },
		"csv":   func(r *report.Report, b *bytes.Buffer) error { return r.WriteCSV(b) },
		"sarif": func(r *report.Report, b *bytes.Buffer) error { return r.WriteSARIF(b, "v1.2.3") },
		"json":  func(r *report.Report, b *bytes.Buffer) error { return r.WriteJSON(b) },
	} {
		var b bytes.Buffer
		if err := write(audited(t), &b); err != nil {
			t.Fatal(err)
		}
		golden(t, "live-"+name, b.Bytes())
	}
}

// suites is JUnit's format as its readers know it. What is not in here is refused.
type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []struct {
		Cases []struct {
			Class   string                     `xml:"classname,attr"`
			Name    string                     `xml:"name,attr"`
			Error   []struct{ Message string } `xml:"error"`
			Failure []struct{ Message string } `xml:"failure"`
			Skipped []struct{ Message string } `xml:"skipped"`
		} `xml:"testcase"`
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	} `xml:"testsuite"`
}

// TestJUnitCounts: a case has one outcome, and what the suites say they hold is what they hold.
func TestJUnitCounts(t *testing.T) {
	for name, r := range map[string]*report.Report{"files": whole(t), "live": audited(t), "nothing": {}} {
		var b bytes.Buffer
		if err := r.WriteJUnit(&b); err != nil {
			t.Fatal(err)
		}
		var got suites
		if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, s := range got.Suites {
			tests, failures, errs, skipped := 0, 0, 0, 0
			for _, c := range s.Cases {
				if len(c.Error)+len(c.Failure)+len(c.Skipped) > 1 || c.Class == "" || c.Name == "" {
					t.Errorf("%s: case %+v", name, c)
				}
				tests, failures, errs, skipped = tests+1, failures+len(c.Failure), errs+len(c.Error), skipped+len(c.Skipped)
			}
			if diff := cmp.Diff([]int{tests, failures, errs, skipped}, []int{s.Tests, s.Failures, s.Errors, s.Skipped}); diff != "" {
				t.Errorf("%s: counts (-want +got):\n%s", name, diff)
			}
		}
	}
}

// TestHostileText: whatever people write into names and messages, XML stays XML, and a cell is no formula.
func TestHostileText(t *testing.T) {
	r := whole(t)
	hostile := "=cmd|' /C calc'!A1 ]]></failure>\x00\x1b\ufffe\xff\"\n<b>&"
	for i := range r.Results {
		r.Results[i].Object, r.Results[i].Place.File = hostile, hostile
		for j := range r.Results[i].Verdicts {
			v := &r.Results[i].Verdicts[j]
			v.Message, v.Fix, v.Path, v.Exemption = hostile, "\t"+hostile, " @x", v.Exemption+"＝x"
		}
		for j := range r.Results[i].Faults {
			r.Results[i].Faults[j].Error = hostile
		}
	}
	r.Problems[0].Message = hostile
	var b bytes.Buffer
	if err := r.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b.Bytes(), &suites{}); err != nil {
		t.Errorf("JUnit: %v", err)
	}
	if strings.ContainsAny(b.String(), "\x00\x1b\ufffe") {
		t.Errorf("JUnit holds what XML can't: %q", &b)
	}
	b.Reset()
	if err := r.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(strings.TrimLeft(cell, " ")[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") {
				t.Errorf("formula %q", cell)
			}
		}
	}
	if len(rows) < 5 {
		t.Errorf("%d rows", len(rows))
	}
}

// TestColumnsAreDocumented: whoever builds on the table finds each of its columns described.
func TestColumnsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (&report.Report{}).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	for title := range strings.SplitSeq(strings.TrimSpace(b.String()), ",") {
		if !bytes.Contains(page, []byte("`"+title+"`")) {
			t.Errorf("docs/reports.md says nothing of the column %s", title)
		}
	}
}
