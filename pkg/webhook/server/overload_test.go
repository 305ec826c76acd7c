// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// gate is a handler that says when it is entered and stays until it is released.
type gate struct {
	entered chan context.Context
	release chan struct{}
}

func newGate() *gate {
	return &gate{entered: make(chan context.Context, 100), release: make(chan struct{})}
}

func (g *gate) ServeReview(ctx context.Context, body, response []byte) ([]byte, error) {
	g.entered <- ctx
	<-g.release
	return append(response, body...), nil
}

// head is a request for /review without its body.
func head(length int) string {
	return fmt.Sprintf("POST /review HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", length)
}

func TestExcessInFlightIsRefusedAtOnce(t *testing.T) {
	g := newGate()
	r := serve(t, Options{MaxInFlight: 2}, g)
	client := r.client()
	first, second := r.postAsync(client, "1"), r.postAsync(client, "2")
	<-g.entered
	<-g.entered
	if got := r.metric("in_flight"); got != 2 {
		t.Errorf("in_flight: got %v, want 2", got)
	}
	got := r.post(client, "3")
	if got.code != 503 || got.header.Get("Retry-After") != "" || got.closed {
		t.Errorf("excess: got %+v, want 503, to be tried again on the same connection", got)
	}
	// It doesn't take the body to be refused.
	conn := r.dial()
	fmt.Fprint(conn, head(1<<20))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 503 {
		t.Errorf("excess without body: got %d, want 503", resp.StatusCode)
	}
	close(g.release)
	for _, replies := range []<-chan reply{first, second} {
		if got := <-replies; got.code != 200 {
			t.Errorf("in flight: got %d, want 200", got.code)
		}
	}
	if got := r.post(client, "4"); got.code != 200 || got.body != "4" {
		t.Errorf("afterwards: got %+v, want 200", got)
	}
	if got := r.metric("shed_total", "in_flight"); got != 2 {
		t.Errorf("shed_total: got %v, want 2", got)
	}
	if got := r.metric("request_duration_seconds"); got != 3 {
		t.Errorf("requests timed: got %v, want 3", got)
	}
}

func TestDrippedBodiesOccupyNoPlace(t *testing.T) {
	g := newGate()
	r := serve(t, Options{MaxInFlight: 1}, g)
	slow := make([]*tls.Conn, 5)
	for i := range slow {
		slow[i] = r.dial()
		fmt.Fprint(slow[i], head(2), "{")
	}
	eventually(t, func() bool { return r.metric("body_bytes") == float64(len(slow))*smallestBuffer })
	replies := r.postAsync(r.client(), "{}")
	<-g.entered
	// The place is taken now, even for those that were let in when it was free.
	for _, conn := range slow {
		fmt.Fprint(conn, "}")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 503 {
			t.Errorf("dripped body: got %d, want 503", resp.StatusCode)
		}
	}
	close(g.release)
	if got := <-replies; got.code != 200 {
		t.Errorf("got %d, want 200", got.code)
	}
}

func TestExcessBytesAreRefused(t *testing.T) {
	r := serve(t, Options{MaxBody: 200 << 10, ByteBudget: 400 << 10}, constant)
	client := r.client()
	// The first announces 200 KiB and sends enough to be trusted for all of it.
	slow := r.dial()
	fmt.Fprint(slow, head(200<<10))
	eventually(t, func() bool { return r.metric("body_bytes") == 64<<10 })
	fmt.Fprint(slow, strings.Repeat("a", 70<<10))
	eventually(t, func() bool { return r.metric("body_bytes") == 256<<10 })

	for name, body := range map[string]io.Reader{
		"announced":                     strings.NewReader(strings.Repeat("b", 180<<10)),
		"in chunks":                     endless(180 << 10),
		"would fit only until it grows": strings.NewReader(strings.Repeat("b", 100<<10)),
	} {
		got, err := do(client, r.request(http.MethodPost, "/review", body))
		if err != nil {
			t.Fatal(err)
		}
		if got.code != 503 || got.header.Get("Retry-After") != "" {
			t.Errorf("%s: got %d, want 503", name, got.code)
		}
	}
	if got := r.post(client, strings.Repeat("c", 50<<10)); got.code != 200 {
		t.Errorf("small one: got %d, want 200", got.code)
	}

	fmt.Fprint(slow, strings.Repeat("a", 130<<10))
	resp, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		t.Errorf("slow one: got %d, want 200", resp.StatusCode)
	}
	eventually(t, func() bool { return r.metric("body_bytes") == 0 })
	if got := r.post(client, strings.Repeat("b", 180<<10)); got.code != 200 {
		t.Errorf("afterwards: got %d, want 200", got.code)
	}
	if got := r.metric("shed_total", "bytes"); got != 3 {
		t.Errorf("shed_total: got %v, want 3", got)
	}
}

func TestLargeBodiesTakeTurns(t *testing.T) {
	g := newGate()
	r := serve(t, Options{}, g)
	release := sync.OnceFunc(func() { close(g.release) })
	defer release()
	client := r.client()
	large := strings.Repeat("a", 2<<20)
	first, second := r.postAsync(client, large), r.postAsync(client, large)
	<-g.entered
	small := r.postAsync(client, "{}")
	<-g.entered // the small one, whose turn it is always
	hasty := &http.Client{Transport: client.Transport, Timeout: 10 * time.Second}
	impatient, err := do(hasty, r.request(http.MethodPost, "/review?timeout=100ms", strings.NewReader(large)))
	if err != nil {
		t.Fatal(err)
	}
	if impatient.code != 503 {
		t.Errorf("out of time before its turn: got %d, want 503", impatient.code)
	}
	if got := len(g.entered); got != 0 {
		t.Errorf("%d large ones beside the first, want none", got)
	}
	release()
	for name, replies := range map[string]<-chan reply{"first": first, "second": second, "small": small} {
		if got := <-replies; got.code != 200 {
			t.Errorf("%s: got %d, want 200", name, got.code)
		}
	}
	if got := r.metric("shed_total", "bytes"); got != 1 {
		t.Errorf("shed_total: got %v, want 1", got)
	}
}

func TestBodiesDoNotMix(t *testing.T) {
	r := serve(t, Options{MaxInFlight: 1000}, HandlerFunc(func(_ context.Context, body, response []byte) ([]byte, error) {
		return append(response, body...), nil
	}))
	client := r.client()
	done := make(chan error)
	for worker := range 8 {
		go func() {
			for round := range 12 {
				want := strings.Repeat(string(rune('a'+worker)), 1+round*worker*997)
				got, err := do(client, r.request(http.MethodPost, "/review", strings.NewReader(want)))
				if err != nil || got.code != 200 || got.body != want {
					done <- fmt.Errorf("worker %d, round %d: got %d and %d bytes: %w", worker, round, got.code, len(got.body), err)
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestFailuresTellNothing(t *testing.T) {
	const secret = "hunter2"
	r := serve(t, Options{}, HandlerFunc(func(_ context.Context, body, response []byte) ([]byte, error) {
		switch string(body) {
		case "panic":
			panic(secret)
		case "error":
			return nil, errors.New(secret)
		case "known":
			return append(response, secret...), fmt.Errorf("%s: %w", secret, &Error{http.StatusBadRequest, "review has no request"})
		case "approving":
			return nil, &Error{http.StatusOK, secret}
		case "silent":
			return nil, nil
		}
		return append(response, body...), nil
	}))
	r.Register("/plain", http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		w.Header().Set("X-Secret", secret)
		switch string(body) {
		case "early":
			panic(secret)
		case "late":
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, `{"response":`)
			panic(secret)
		case "whole":
			_, _ = w.Write(body)
		}
	}))
	client := r.client()
	for _, tc := range []struct {
		path, body string
		want       int
		reason     string
	}{
		{"/review", "panic", 500, "internal error\n"},
		{"/review", "error", 500, "internal error\n"},
		{"/review", "known", 400, "review has no request\n"},
		{"/review", "approving", 500, "internal error\n"},
		{"/review", "silent", 500, "no answer\n"},
		{"/review", "fine", 200, "fine"},
		{"/plain", "early", 500, "internal error\n"},
		{"/plain", "nothing", 500, "no answer\n"},
		{"/plain", "whole", 200, "whole"},
	} {
		got, err := do(client, r.request(http.MethodPost, tc.path, strings.NewReader(tc.body)))
		if err != nil {
			t.Fatal(err)
		}
		if got.code != tc.want || got.body != tc.reason {
			t.Errorf("%s %s: got %d %q, want %d %q", tc.path, tc.body, got.code, got.body, tc.want, tc.reason)
		}
		if tc.want != 200 && got.header.Get("X-Secret") != "" {
			t.Errorf("%s %s: got a header of the handler", tc.path, tc.body)
		}
	}
	if got, err := do(client, r.request(http.MethodPost, "/plain", strings.NewReader("late"))); err == nil {
		t.Errorf("late panic: got %+v, want a torn connection", got)
	}
	if got := r.metric("panics_total"); got != 3 {
		t.Errorf("panics_total: got %v, want 3", got)
	}
	if got := r.metric("in_flight") + r.metric("body_bytes"); got != 0 {
		t.Errorf("in hand after all: got %v, want 0", got)
	}
}

func TestErrorLogIsSampled(t *testing.T) {
	r := serve(t, Options{}, constant)
	var lines bytes.Buffer
	logger := newErrorLog(recorder(&lines), r.Server.metrics.handshakeErrors)
	for range 100 {
		logger.Print("http: TLS handshake error from 10.0.0.1:1: EOF")
		logger.Print("http: something else")
	}
	if got := strings.Count(lines.String(), "\n"); got != 2 {
		t.Errorf("lines: got %d, want 2:\n%s", got, lines.String())
	}
	if got := r.metric("tls_handshake_errors_total"); got != 100 {
		t.Errorf("tls_handshake_errors_total: got %v, want 100", got)
	}
}
