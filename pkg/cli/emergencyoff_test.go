// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// apiServer stands in for one that has the customers' registration only, and writes down what is asked of it.
func apiServer(t *testing.T) (kubeconfig string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Method+" "+r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "demarc-managed") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`))
			return
		}
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Success"}`))
	}))
	t.Cleanup(server.Close)
	kubeconfig = filepath.Join(t.TempDir(), "config")
	content := "apiVersion: v1\nkind: Config\ncurrent-context: production\n" +
		"clusters: [{name: c, cluster: {server: \"" + server.URL + "\"}}]\n" +
		"contexts: [{name: production, context: {cluster: c}}]\n"
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return kubeconfig, asked
}

func TestEmergencyOff(t *testing.T) {
	kubeconfig, asked := apiServer(t)
	for name, c := range map[string]struct {
		stdin string
		args  []string
		code  int
		says  string
		asks  []string
	}{
		"asks first":      {"yes\n", nil, exitClean, "demarc is off in production", []string{"DELETE demarc", "DELETE demarc-managed"}},
		"takes a no":      {"no\n", nil, exitBad, "nothing was done", nil},
		"nobody there":    {"", nil, exitBad, "give --yes", nil},
		"does not ask":    {"", []string{"--yes"}, exitClean, "demarc-managed is not there", []string{"DELETE demarc", "DELETE demarc-managed"}},
		"only says":       {"", []string{"--dry-run"}, exitClean, "demarc would be deleted", []string{"DELETE demarc", "DELETE demarc-managed"}},
		"unknown context": {"yes\n", []string{"--context", "nowhere"}, exitBad, "nowhere", nil},
	} {
		t.Run(name, func(t *testing.T) {
			*asked = nil
			got := run(t, c.stdin, append([]string{"emergency-off", "--kubeconfig", kubeconfig}, c.args...)...)
			if got.code != c.code || !strings.Contains(got.stdout+got.stderr, c.says) {
				t.Errorf("got code %d, want %d and %q in:\n%s%s", got.code, c.code, c.says, got.stdout, got.stderr)
			}
			if !slices.Equal(*asked, c.asks) {
				t.Errorf("asked %q, want %q", *asked, c.asks)
			}
		})
	}
}
