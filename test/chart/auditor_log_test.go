// SPDX-License-Identifier: Apache-2.0

//go:build integration

package chart

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"strings"

	"github.com/demarc-dev/demarc/pkg/auditor"
)

// entry is a line of the API server's audit log.
type entry struct {
	Verb             string
	ImpersonatedUser struct{ Username string }
	ObjectRef        struct{ Resource, Namespace, Name string }
	ResponseStatus   struct{ Code int }
	RequestURI       string
}

// asked returns what the auditor has asked the API server.
func (a *audits) asked() []entry {
	a.Helper()
	f, err := os.Open(a.log)
	if err != nil {
		a.Fatal(err)
	}
	defer f.Close()
	var list []entry
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err == nil && e.ImpersonatedUser.Username == auditorAccount {
			list = append(list, e)
		}
	}
	return list
}

// written counts the reports that were written.
func (a *audits) written() int {
	n := 0
	for _, e := range a.asked() {
		if e.Verb == "patch" && strings.Contains(e.ObjectRef.Resource, "reports") {
			n++
		}
	}
	return n
}

// quiet says that the auditor holds no cache: it watches one object, and lists nothing itself but its own reports.
func (a *audits) quiet() {
	a.Helper()
	asked := map[string]int{}
	for _, e := range a.asked() {
		asked[e.Verb+" "+e.ObjectRef.Resource]++
		if e.ResponseStatus.Code == http.StatusForbidden {
			a.Errorf("the chart's rights do not suffice: %s %s", e.Verb, e.RequestURI)
		}
		switch e.Verb {
		case "watch":
			if e.ObjectRef.Resource != "configmaps" || e.ObjectRef.Name != auditor.RequestName {
				a.Errorf("watches %s", e.RequestURI)
			}
		case "list":
			if !strings.Contains(e.ObjectRef.Resource, "reports") {
				a.Errorf("lists %s", e.RequestURI)
			}
		}
	}
	if len(asked) < 5 || asked["watch configmaps"] == 0 {
		a.Errorf("the audit log has little of the auditor: %v", asked)
	}
}
