// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkMiddleware measures what the server adds to a handler that does nothing, without network and TLS.
func BenchmarkMiddleware(b *testing.B) {
	s, err := New(Options{CertDir: b.TempDir(), Metrics: prometheus.NewRegistry()})
	if err != nil {
		b.Fatal(err)
	}
	s.Handle("/review", constant)
	s.Register("/plain", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
	body := bytes.Repeat([]byte("a"), 8<<10)
	for _, path := range []string{"/review", "/plain"} {
		b.Run(path[1:], func(b *testing.B) {
			b.ReportAllocs()
			reader := bytes.NewReader(body)
			req, err := http.NewRequest(http.MethodPost, "https://x"+path+"?timeout=3s", reader)
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			w := &discard{http.Header{}}
			for b.Loop() {
				reader.Reset(body)
				clear(w.header)
				root{s}.ServeHTTP(w, req)
			}
		})
	}
}
