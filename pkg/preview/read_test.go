// SPDX-License-Identifier: Apache-2.0

package preview_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/preview"
)

// compressed is what rotation leaves.
func compressed(t *testing.T, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, part := range parts {
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// read reads an audit log and returns what it comes to, and the problems as file:line: message.
func read(t *testing.T, o preview.Options, log string) (*preview.Result, []string) {
	t.Helper()
	p := preview.New(o)
	if err := p.AuditLog("audit", strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	r := p.Result()
	var problems []string
	for _, x := range r.Problems {
		problems = append(problems, fmt.Sprintf("%s:%d: %s", x.File, x.Line, x.Message))
	}
	return r, problems
}

// Every form in which an audit log reaches people holds the same event.
func TestForms(t *testing.T) {
	e := event{minute: 1, name: "agent", response: daemonSet("agent", true), code: 201}.String()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(e), "", "  "); err != nil {
		t.Fatal(err)
	}
	properties := `{"log":` + quoted(e+"\n") + `,"stream":"stdout","pod":"kube-apiserver-7"}`
	diagnostic := `{"category":"kube-audit-admin","operationName":"Microsoft.ContainerService/managedClusters/diagnosticLogs/Read","resourceId":"/SUBSCRIPTIONS/0","time":"2026-11-21T12:01:00Z","properties":` + properties + `}`
	dull := strings.Replace(diagnostic, `\"create\"`, `\"get\"`, 1)
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(e), &fields); err != nil {
		t.Fatal(err)
	}
	row := func(text bool) string {
		value := func(name string) string {
			if text {
				return quoted(string(fields[name]))
			}
			return string(fields[name])
		}
		return fmt.Sprintf(`{"TableName":"PrimaryResult","Type":"AKSAuditAdmin","TimeGenerated":"2026-11-21T12:01:00Z","Level":"RequestResponse","AuditId":"x","Stage":"ResponseComplete",`+
			`"RequestUri":"/apis/apps/v1","Verb":"create","User":%s,"ObjectRef":%s,"ResponseStatus":%s,"RequestObject":"{}","ResponseObject":%s,"RequestReceivedTime":"2026-11-21T12:01:00Z","Annotations":%s}`,
			value("user"), value("objectRef"), value("responseStatus"), value("responseObject"), value("annotations"))
	}
	for name, log := range map[string]string{
		"lines":                          e + "\n",
		"no line break at the end":       e,
		"carriage returns":               "\r\n" + e + "\r\n",
		"byte order mark":                "\ufeff[" + e + "]",
		"array":                          "[" + e + "]",
		"array, printed":                 "[\n  " + pretty.String() + "\n]\n",
		"compressed":                     compressed(t, e),
		"compressed in parts":            compressed(t, "\n", e),
		"list":                           `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + e + `]}`,
		"diagnostic record":              diagnostic,
		"diagnostic records of a hub":    `{"records":[` + dull + `,` + diagnostic + `,` + dull + `]}`,
		"properties as text":             `{"category":"kube-audit","properties":` + quoted(properties) + `}`,
		"AzureDiagnostics":               `[{"Category":"kube-audit","log_s":` + quoted(e) + `,"TimeGenerated":"2026-11-21T12:01:00Z"}]`,
		"AKSAuditAdmin":                  "[" + row(false) + "]",
		"AKSAuditAdmin, columns as text": row(true),
	} {
		t.Run(name, func(t *testing.T) {
			r, problems := read(t, options(t), log)
			if len(problems) > 0 || r.Sources[0].Judged.Refused != 1 || r.Sources[0].Users.Rows[0].Key != flux {
				t.Errorf("got %+v, problems %q", r.Sources[0], problems)
			}
		})
	}
}

// What can't be read is named with its place, and the rest counts.
func TestProblems(t *testing.T) {
	good := event{minute: 1, name: "agent", response: daemonSet("agent", true), code: 201}.String()
	for name, c := range map[string]struct {
		log  string
		want []string
	}{
		"cut":        {good + "\n" + good[:300] + "\n" + good, []string{"audit:2: read audit event: "}},
		"no event":   {good + "\n\n" + `{"kind":"Pod"}` + "\nhello\n" + good, []string{"audit:3: read audit event: must be an Event of audit.k8s.io/v1", "audit:4: read audit event: "}},
		"too long":   {good + "\n" + `{"kind":"` + strings.Repeat("x", 200_000) + `"}` + "\n" + good, []string{"audit:2: a record of 200012 bytes: longer than the bound of 8192"}},
		"in array":   {"[\n" + good + ",\n{\"kind\":\"" + strings.Repeat("x", 20_000) + "\"},\n" + good + "\n]", []string{"audit:3: a record of 20011 bytes: longer than the bound of 8192"}},
		"array cut":  {"[" + good + ",\n" + good + ",\n" + good[:300], []string{"audit:3: unexpected EOF"}},
		"wrapped":    {good + "\n" + `{"log_s":` + quoted(`{"log_s":`+quoted(`{"log_s":`+quoted(`{"log_s":`+quoted(`{"log_s":"{}"}`)+`}`)+`}`)+`}`) + "}\n" + good, []string{"audit:2: read audit event: wrapped too often"}},
		"not an row": {good + "\n" + `{"Stage":"ResponseComplete","Verb":"create","ObjectRef":{"resource":7}}` + "\n" + good, []string{"audit:2: read row of an audit table: "}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.MaxLine = 8192
			r, problems := read(t, o, c.log)
			if len(problems) != len(c.want) {
				t.Fatalf("got problems %q, want %q", problems, c.want)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(problems[i], want) {
					t.Errorf("got %q, want it to begin with %q", problems[i], want)
				}
			}
			if got := r.Sources[0].Judged; got.Refused+got.Warned != 2 {
				t.Errorf("got %+v of the good ones, want 2", got)
			}
		})
	}
}

func TestProblemsAreBounded(t *testing.T) {
	r, problems := read(t, options(t), strings.Repeat("hello\n", 100))
	if len(problems) != 20 || r.MoreProblems != 80 {
		t.Errorf("got %d problems and %d more", len(problems), r.MoreProblems)
	}
}

// What breaks off in the middle is an error of the file, and what came before counts.
func TestBrokenStream(t *testing.T) {
	z := compressed(t, strings.Repeat(event{minute: 1, name: "agent", response: daemonSet("agent", true), code: 201}.String()+"\n", 20_000))
	p := preview.New(options(t))
	if err := p.AuditLog("audit", strings.NewReader(z[:len(z)/2])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got error %v", err)
	}
	if r := p.Result(); r.Sources[0].Judged.Refused == 0 {
		t.Error("nothing of what came before counts")
	}
}

// demarc's own lines come as kubectl, a rotation, or Azure Monitor hand them out.
func TestFormsOfTheLog(t *testing.T) {
	l := line(1, "a", "privileged-daemonset", policy.Deny, flux, "kube-system", "agent", "")
	for name, log := range map[string]string{
		"lines":          l + "\n",
		"prefixed":       "[pod/demarc-7/demarc] 2026-11-15T12:01:00.1Z " + l,
		"compressed":     compressed(t, l),
		"array":          "[" + l + "]",
		"ContainerLogV2": `[{"TimeGenerated":"2026-11-15T12:01:00Z","PodName":"demarc-7","LogMessage":` + l + `}]`,
		"as text":        `{"PodName":"demarc-7","LogMessage":` + quoted(l) + `}`,
		"ContainerLog":   `{"LogEntry":` + quoted(l) + `}`,
		"twice":          l + "\n" + l + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := preview.New(options(t))
			if err := p.Decisions("log", strings.NewReader(log)); err != nil {
				t.Fatal(err)
			}
			r := p.Result()
			if len(r.Problems) > 0 || r.Sources[0].Judged != (preview.Counts{Refused: 1}) {
				t.Errorf("got %+v, problems %v", r.Sources[0].Judged, r.Problems)
			}
		})
	}
}

// Lines of one request are one request, however many others come between them, within reason.
func TestLinesOfOneRequest(t *testing.T) {
	var b strings.Builder
	say := func(uid, rule string, bound policy.Mode) {
		b.WriteString(line(1, uid, rule, bound, flux, "kube-system", "agent", "") + "\n")
	}
	say("a", "managed-component", policy.Warn)
	for i := range 5000 {
		say(fmt.Sprint("other-", i), "managed-component", policy.Audit)
	}
	say("a", "privileged-daemonset", policy.Deny)
	for i := range 20_000 {
		say(fmt.Sprint("more-", i), "managed-component", policy.Audit)
	}
	p := preview.New(options(t))
	if err := p.Decisions("log", strings.NewReader(b.String())); err != nil {
		t.Fatal(err)
	}
	s := p.Result().Sources[0]
	if diff := cmp.Diff(preview.Counts{Refused: 1, Recorded: 25_000}, s.Judged); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if got := s.Groups[0]; got.Outcome != preview.Refused || len(got.Rules) != 1 {
		t.Errorf("got group %+v", got)
	}
}
