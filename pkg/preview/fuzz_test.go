// SPDX-License-Identifier: Apache-2.0

package preview_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/demarc-dev/demarc/pkg/policy"
	"github.com/demarc-dev/demarc/pkg/preview"
)

// FuzzRecords reads anything as each kind of source: it must come to an end without a panic, be counted, and whatever
// gets into an answer must be fit to be shown.
func FuzzRecords(f *testing.F) {
	for _, e := range []event{
		{name: "agent", response: daemonSet("agent", true), code: 201},
		{name: "agent", verb: "patch", request: `[{"op":"add"}]`, response: daemonSet("agent", true)},
		{verb: "deletecollection", response: `{"kind":"DaemonSetList","items":[` + daemonSet("agent", true) + `]}`},
		{level: "Metadata", name: "agent", annotations: annotated("x", tallyDeny)},
		{verb: "get", group: "core", resource: "pods", name: "x", sub: "exec", uri: "/api/v1/namespaces/kube-system/pods/x/exec?command=sh"},
	} {
		f.Add([]byte(e.String()))
		f.Add([]byte(`[{"properties":{"log":` + quoted(e.String()) + `}}]`))
	}
	f.Add([]byte(line(0, "a", "privileged-daemonset", policy.Deny, "\x1b[2J\u202e", "kube-system", "agent", `,"doubt":"x"`)))
	f.Add([]byte(`{"results":[{"live":{"kind":"DaemonSet","same":-1},"verdicts":[{"rule":"privileged-daemonset","mode":"Deny","bound":"?"}]}]}`))
	o := options(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		o.MaxLine, o.MaxRows, o.MaxStates = 1<<16, 4, 1<<16
		p := preview.New(o)
		// The stream itself may be broken; what it held before counts.
		_ = p.Decisions("log", bytes.NewReader(raw))
		_ = p.AuditLog("audit", bytes.NewReader(raw))
		_ = p.AuditLog("audit", bytes.NewReader(raw))
		_ = p.Report(bytes.NewReader(raw))
		r := p.Result()
		var text, asJSON, csv bytes.Buffer
		for _, err := range []error{r.WriteText(&text, preview.TextOptions{Width: 80}), r.WriteJSON(&asJSON), r.WriteCSV(&csv)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if s := text.String(); !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\n' || c == '\u202e' }) {
			t.Errorf("the text has control characters: %q", s)
		}
		if !json.Valid(asJSON.Bytes()) {
			t.Errorf("no JSON: %s", &asJSON)
		}
		for _, s := range r.Sources {
			if s.Judged.Refused < 0 || s.Judged.Refused > s.Requests || s.LeftOut < 0 {
				t.Errorf("impossible counts: %+v", s)
			}
		}
	})
}
