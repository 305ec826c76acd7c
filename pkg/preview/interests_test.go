// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/demarc-dev/demarc/pkg/rules"
)

func TestDull(t *testing.T) {
	of := func(stage, verb, resource, sub, body string) string {
		return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"1","stage":%q,"requestURI":"/x","verb":%q,"user":{"username":"ada"},`+
			`"objectRef":{"resource":%q,"namespace":"shop","name":"x","apiVersion":"v1","subresource":%q},"requestObject":%s,"requestReceivedTimestamp":"2026-11-22T00:00:00Z"}`,
			stage, verb, resource, sub, body)
	}
	// What a user writes into an object must not make its request look dull.
	const decoy = `{"kind":"ConfigMap","data":{"x":"y"},"spec":{"stage":"Panic","verb":"get","objectRef":{"resource":"leases"}}}`
	nonResource := `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"ResponseComplete","requestURI":"/healthz","verb":"get","user":{"username":"ada"},"requestReceivedTimestamp":"2026-11-22T00:00:00Z"}`
	i := interestsOf(rules.All())
	for name, c := range map[string]struct {
		line string
		want bool
	}{
		"change":                  {of("ResponseComplete", "update", "configmaps", "", decoy), false},
		"read":                    {of("ResponseComplete", "get", "configmaps", "", "{}"), true},
		"list":                    {of("ResponseComplete", "list", "configmaps", "", "{}"), true},
		"earlier stage":           {of("ResponseStarted", "update", "configmaps", "", "{}"), true},
		"no rule's resource":      {of("ResponseComplete", "update", "leases", "", "{}"), true},
		"connection by get":       {of("ResponseComplete", "get", "pods", "exec", "{}"), false},
		"log by get":              {of("ResponseComplete", "get", "pods", "log", "{}"), true},
		"no object":               {nonResource, true},
		"no object, cut":          {nonResource[:len(nonResource)/2], false},
		"other order of members":  {`{"apiVersion":"audit.k8s.io/v1","kind":"Event","verb":"get"}`, false},
		"a name with quotes":      {strings.Replace(of("ResponseComplete", "update", "configmaps", "", "{}"), "ada", `a\",\"verb\":\"get\",\"x\":\"`, 1), false},
		"a group that looks like": {strings.Replace(of("ResponseComplete", "update", "configmaps", "", "{}"), `"ada"`, `"ada","extra":{",\"objectRef\":{\"resource\":\"leases\"":["x"]}`, 1), false},
		"nothing":                 {"", false},
		"an object within":        {`{"annotations":{},"requestObject":` + nonResource + `,"verb":"create"}`, false},
	} {
		if got := i.dull([]byte(c.line)); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
		inside := `{"category":"kube-audit","properties":{"log":` + quote(c.line) + `}}`
		if got := i.dull([]byte(inside)); got != c.want {
			t.Errorf("%s, wrapped: got %t, want %t", name, got, c.want)
		}
	}
}

// A line that holds several events is no duller than any of them.
func TestDullOfSeveral(t *testing.T) {
	i := interestsOf(rules.All())
	dull := `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"RequestReceived","verb":"get"}`
	for name, line := range map[string]string{
		"records": `{"records":[{"properties":{"log":` + quote(dull) + `}},{"properties":{"log":` + quote(dull) + `}}]}`,
		"list":    `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + dull + `,` + dull + `]}`,
	} {
		if i.dull([]byte(line)) {
			t.Errorf("%s: got dull", name)
		}
	}
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func TestStatesAreBounded(t *testing.T) {
	s := newStates(100_000)
	big := make([]byte, 10_000)
	for n := range 100 {
		s.put(stateKey{name: fmt.Sprint(n)}, big)
	}
	if kept := len(s.young) + len(s.older); kept > 10 || kept < 4 || s.get(stateKey{name: "99"}) == nil || s.get(stateKey{name: "1"}) != nil {
		t.Errorf("kept %d, the last: %t, the first: %t", kept, s.get(stateKey{name: "99"}) != nil, s.get(stateKey{name: "1"}) != nil)
	}
	s.put(stateKey{name: "99"}, make([]byte, 200_000))
	if s.get(stateKey{name: "99"}) != nil {
		t.Error("an object that is too big must not leave an older state behind")
	}
}

// However many names there are, the sums are right, and what matters most is still there.
func TestTablesAreBounded(t *testing.T) {
	b := newBounded[string](100)
	for n := range 10_000 {
		b.add(fmt.Sprint("once-", n), Warned, 1, testTime)
		b.add("often", Refused, 2, testTime)
	}
	got := table(&b)
	sum := got.Others.Counts
	for _, r := range got.Rows {
		sum.merge(r.Counts)
	}
	if len(got.Rows) > 100 || sum != (Counts{Refused: 20_000, Warned: 10_000}) || got.Rows[0].Key != "often" || got.Rows[0].Refused != 20_000 || got.Folded != int64(10_001-len(got.Rows)) {
		t.Errorf("got %d rows, first %+v, sum %+v, folded %d", len(got.Rows), got.Rows[0], sum, got.Folded)
	}
}

var testTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
