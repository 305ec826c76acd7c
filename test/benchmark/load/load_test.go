// SPDX-License-Identifier: Apache-2.0

package load

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/process"
)

// TestSend proves that a wrong answer is an error: a server that is fast because it does not do its work wins nothing.
func TestSend(t *testing.T) {
	right := fmt.Sprintf(`{"response":{"uid":%q,"allowed":true}}`, benchmark.Accepted.UID)
	tests := []struct {
		name, answer string
		code         int
		want         string // of the error
	}{
		{"right", right, 200, ""},
		{"refused", fmt.Sprintf(`{"response":{"uid":%q,"allowed":false}}`, benchmark.Accepted.UID), 200, "allowed false"},
		{"another's", `{"response":{"uid":"1","allowed":true}}`, 200, `got uid "1"`},
		{"no answer", "", 200, "read answer"},
		{"failed", right, 500, "got status 500"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var served atomic.Int64
			s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				served.Add(1)
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return // the first wrong answer cuts the other clients off
				}
				if string(body) != string(benchmark.Accepted.Body) || r.URL.Path != "/validate" {
					t.Errorf("got %d bytes for %s, want the review for /validate", len(body), r.URL)
				}
				w.WriteHeader(test.code)
				_, _ = io.WriteString(w, test.answer)
			}))
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			defer s.Close()
			l, err := New(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), Idle)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			times, err := l.Send(t.Context(), &process.Server{Port: port(t, s.URL)}, benchmark.Accepted, 4, 20)
			if test.want == "" && (err != nil || len(times) != 20 || served.Load() != 20) {
				t.Errorf("got %d times for %d requests, error %v, want 20 of both", len(times), served.Load(), err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got error %v, want %q in it", err, test.want)
			}
		})
	}
}

func port(t *testing.T, address string) int {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
