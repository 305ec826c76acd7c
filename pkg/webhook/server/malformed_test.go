// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// counting is the constant handler that also counts.
func counting() (HandlerFunc, *atomic.Int64) {
	var calls atomic.Int64
	return func(ctx context.Context, body, response []byte) ([]byte, error) {
		calls.Add(1)
		return constant(ctx, body, response)
	}, &calls
}

func TestMalformedRequestIsRefusedBeforeTheHandler(t *testing.T) {
	handler, calls := counting()
	r := serve(t, Options{}, handler)
	client := r.client()
	small := func() io.Reader { return strings.NewReader("{}") }
	for _, tc := range []struct {
		name, method, path string
		contentType        []string
		body               io.Reader
		edit               func(*http.Request)
		want               int
	}{
		{name: "get", method: http.MethodGet, want: 405},
		{name: "head", method: http.MethodHead, want: 405},
		{name: "put", method: http.MethodPut, body: small(), want: 405},
		{name: "patch", method: http.MethodPatch, body: small(), want: 405},
		{name: "delete", method: http.MethodDelete, want: 405},
		{name: "options", method: http.MethodOptions, want: 405},
		{name: "trace", method: http.MethodTrace, want: 405},
		{name: "invented method", method: "REVIEW", body: small(), want: 405},
		{name: "unknown path", path: "/other", body: small(), want: 404},
		{name: "path below", path: "/review/", body: small(), want: 404},
		{name: "path in need of cleaning", path: "//review", body: small(), want: 307},
		{name: "no content type", contentType: []string{}, body: small(), want: 415},
		{name: "empty content type", contentType: []string{""}, body: small(), want: 415},
		{name: "two content types", contentType: []string{"application/json", "application/json"}, body: small(), want: 415},
		{name: "yaml", contentType: []string{"application/yaml"}, body: small(), want: 415},
		{name: "protobuf", contentType: []string{"application/vnd.kubernetes.protobuf"}, body: small(), want: 415},
		{name: "other json", contentType: []string{"application/json-patch+json"}, body: small(), want: 415},
		{name: "form", contentType: []string{"multipart/form-data; boundary=x"}, body: small(), want: 415},
		{name: "other charset", contentType: []string{"application/json; charset=utf-16"}, body: small(), want: 415},
		{name: "other parameter", contentType: []string{"application/json; profile=x"}, body: small(), want: 415},
		{name: "broken parameter", contentType: []string{"application/json; charset"}, body: small(), want: 415},
		{name: "compressed", edit: func(req *http.Request) { req.Header.Set("Content-Encoding", "gzip") }, body: small(), want: 415},
		{name: "21 MiB", body: strings.NewReader(strings.Repeat("a", 21<<20)), want: 413},
		{name: "21 MiB in chunks", body: endless(21 << 20), want: 413},
		{name: "header too long", edit: func(req *http.Request) { req.Header.Set("X", strings.Repeat("a", 32<<10)) }, body: small(), want: 431},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set(&tc.method, http.MethodPost)
			set(&tc.path, "/review")
			req := r.request(tc.method, tc.path, tc.body)
			if tc.contentType != nil {
				req.Header["Content-Type"] = tc.contentType
			}
			if tc.edit != nil {
				tc.edit(req)
			}
			got, err := do(client, req)
			if err != nil {
				t.Fatal(err)
			}
			if got.code != tc.want {
				t.Errorf("status: got %d, want %d", got.code, tc.want)
			}
			if !got.closed {
				t.Error("the connection may be used again")
			}
			if strings.Contains(got.body, "allowed") || len(got.body) > 200 {
				t.Errorf("body: got %q", got.body)
			}
			if tc.want == 405 && got.header.Get("Allow") != "POST" {
				t.Errorf("Allow: got %q, want POST", got.header.Get("Allow"))
			}
		})
	}
	if got := calls.Load(); got != 0 {
		t.Errorf("handler calls: got %d, want 0", got)
	}
	if got := r.metric("requests_total", "415"); got == 0 {
		t.Error("requests_total counts no 415")
	}
	if got := r.metric("body_bytes"); got != 0 {
		t.Errorf("body_bytes: got %v, want 0", got)
	}
	if got := r.post(client, "{}"); got.code != 200 || got.closed {
		t.Errorf("good request afterwards: got %d, closed %v", got.code, got.closed)
	}
}

func TestWellFormedRequestReachesTheHandler(t *testing.T) {
	type seen struct {
		body string
		left time.Duration
	}
	last := make(chan seen, 1)
	r := serve(t, Options{}, HandlerFunc(func(ctx context.Context, body, response []byte) ([]byte, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			return nil, errors.New("no deadline")
		}
		last <- seen{string(body), time.Until(deadline)}
		return append(response, answer...), nil
	}))
	client := r.client()
	for _, size := range []int{1, 4095, 4096, 4097, 64 << 10, 64<<10 + 1, 300 << 10, 1 << 20, 1<<20 + 1, 5 << 20, 20 << 20} {
		for _, chunked := range []bool{false, true} {
			want := strings.Repeat("a", size)
			var body io.Reader = strings.NewReader(want)
			if chunked {
				body = endless(size)
			}
			req := r.request(http.MethodPost, "/review?timeout=30s", body)
			req.Header.Set("Content-Type", "application/json; charset=UTF-8")
			got, err := do(client, req)
			if err != nil {
				t.Fatal(err)
			}
			if got.code != 200 || got.body != answer || got.header.Get("Content-Type") != "application/json" || got.closed {
				t.Errorf("%d bytes, chunked %v: got %+v", size, chunked, got)
				continue
			}
			if s := <-last; s.body != want || s.left > 12*time.Second {
				t.Errorf("%d bytes, chunked %v: handler got %d bytes and %s", size, chunked, len(s.body), s.left)
			}
		}
	}
	if got := r.metric("body_bytes"); got != 0 {
		t.Errorf("body_bytes: got %v, want 0", got)
	}
}

// TestDefaultsCutSoon sees that what the tests below do in little time is done by default within a quarter of a minute.
func TestDefaultsCutSoon(t *testing.T) {
	var o Options
	o.setDefaults()
	for name, timeout := range map[string]time.Duration{"turn": o.HandshakeTimeout, "body": o.ReadTimeout, "answer": o.WriteTimeout} {
		if timeout <= 0 || timeout > 15*time.Second {
			t.Errorf("%s: cut after %s, want 15 s at most", name, timeout)
		}
	}
}

func TestSlowBodyIsCut(t *testing.T) {
	handler, calls := counting()
	r := serve(t, Options{ReadTimeout: time.Second}, handler)
	conn := r.dial()
	fmt.Fprintf(conn, "POST /review HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
	go func() {
		for {
			if _, err := conn.Write([]byte("a")); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 408 || !resp.Close {
		t.Errorf("got %d, closed %v, want 408, closed", resp.StatusCode, resp.Close)
	}
	if got := calls.Load(); got != 0 {
		t.Errorf("handler calls: got %d, want 0", got)
	}
	eventually(t, func() bool { return r.metric("body_bytes") == 0 && r.metric("connections") == 0 })
}

func TestTruncatedBodyNeverReachesTheHandler(t *testing.T) {
	handler, calls := counting()
	r := serve(t, Options{}, handler)
	for _, head := range []string{
		"Content-Length: 100\r\n\r\n{}",
		"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
		"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
	} {
		conn := r.dial()
		fmt.Fprintf(conn, "POST /review HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s", head)
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 400 {
			t.Errorf("%q: got %d, want 400", head, resp.StatusCode)
		}
	}
	if got := calls.Load(); got != 0 {
		t.Errorf("handler calls: got %d, want 0", got)
	}
}

func TestSilentConnectionsAreCut(t *testing.T) {
	r := serve(t, Options{
		ReadTimeout: time.Hour, WriteTimeout: 2 * time.Second, IdleTimeout: 2 * time.Second, MaxConnectionsPerAddress: 1100,
	}, constant)
	conns := make([]net.Conn, 1000)
	for i := range conns {
		conn, err := net.Dial("tcp", r.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns[i] = conn
	}
	if got := r.post(r.client(), "{}"); got.code != 200 {
		t.Errorf("request among them: got %d, want 200", got.code)
	}
	// One that has finished its handshake, and then says nothing, may stay as long as an idle one.
	for _, conn := range append(conns, r.dial()) {
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Fatal("got data, want the end")
		}
	}
}

func TestSlowHeaderIsCut(t *testing.T) {
	r := serve(t, Options{IdleTimeout: 200 * time.Millisecond}, constant)
	conn := r.dial()
	go func() {
		for {
			if _, err := conn.Write([]byte("a")); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, _ = io.Copy(io.Discard, conn) // until the server hangs up
	eventually(t, func() bool { return r.metric("connections") == 0 })
}

func TestProtocols(t *testing.T) {
	r := serve(t, Options{}, constant)
	old := r.tls("http/1.1")
	old.MaxVersion = tls.VersionTLS12
	for name, config := range map[string]*tls.Config{"TLS 1.2": old, "HTTP/2 only": r.tls("h2"), "unknown authority": {ServerName: serverName}} {
		if conn, err := tls.Dial("tcp", r.address, config); err == nil {
			conn.Close()
			t.Errorf("%s: got a connection, want none", name)
		}
	}
	eventually(t, func() bool { return r.metric("tls_handshake_errors_total") == 3 })

	both := &http.Client{Transport: &http.Transport{TLSClientConfig: r.tls("h2", "http/1.1"), ForceAttemptHTTP2: true, DisableKeepAlives: true}}
	if got := r.post(both, "{}"); got.proto != "HTTP/1.1" {
		t.Errorf("protocol: got %s, want HTTP/1.1", got.proto)
	}

	plain, err := http.Post("http://"+r.address+"/review", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Body.Close()
	if plain.StatusCode != 400 {
		t.Errorf("without TLS: got %d, want 400", plain.StatusCode)
	}
}

func TestTLS12WherePermitted(t *testing.T) {
	r := serve(t, Options{TLSMinVersion: tls.VersionTLS12}, constant)
	config := r.tls("http/1.1")
	config.MaxVersion = tls.VersionTLS12
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	if got := r.post(client, "{}"); got.code != 200 {
		t.Errorf("got %d, want 200", got.code)
	}
	config = config.Clone()
	config.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	if conn, err := tls.Dial("tcp", r.address, config); err == nil {
		conn.Close()
		t.Error("CBC suite: got a connection, want none")
	}
}
