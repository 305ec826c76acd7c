// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
)

// recorder logs one line per entry to w.
func recorder(w io.Writer) logr.Logger {
	return funcr.New(func(prefix, args string) { _, _ = io.WriteString(w, prefix+args+"\n") }, funcr.Options{})
}

func TestStopIsGraceful(t *testing.T) {
	g := newGate()
	r := prepare(t, Options{}, g)
	delay := make(chan time.Time)
	waiting := make(chan struct{})
	r.after = func(time.Duration) <-chan time.Time { close(waiting); return delay }
	ready, started := r.ReadyChecker(), r.StartedChecker()
	if ready(nil) == nil || started(nil) == nil {
		t.Error("ready or started before Start")
	}
	r.ca.issue(r.options.CertDir)
	r.start()
	<-r.started
	if err := ready(nil); err != nil {
		t.Errorf("ready: %v", err)
	}
	if err := started(nil); err != nil {
		t.Errorf("started: %v", err)
	}

	client := r.client()
	early := r.postAsync(client, "early")
	earlyContext := <-g.entered
	r.cancel()
	<-waiting

	if ready(nil) == nil {
		t.Error("ready while draining")
	}
	late := r.postAsync(client, "late")
	lateContext := <-g.entered
	fresh := r.postAsync(r.client(), "fresh")
	<-g.entered
	close(delay)
	eventually(t, func() bool {
		conn, err := net.Dial("tcp", r.address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})

	for name, ctx := range map[string]context.Context{"early": earlyContext, "late": lateContext} {
		if err := ctx.Err(); err != nil {
			t.Errorf("context of the %s request: %v", name, err)
		}
	}
	select {
	case err := <-r.stopped:
		t.Fatalf("stopped before its requests were answered: %v", err)
	default:
	}
	close(g.release)
	for name, replies := range map[string]<-chan reply{"early": early, "late": late, "fresh": fresh} {
		if got := <-replies; got.code != 200 || got.body != name || !got.closed {
			t.Errorf("%s request: got %+v, want 200 with Connection: close", name, got)
		}
	}
	if err := <-r.stopped; err != nil {
		t.Errorf("Start: %v", err)
	}
}

func TestDrainBeforeTheContextEnds(t *testing.T) {
	r := serve(t, Options{DrainDelay: time.Hour}, constant)
	waited := make(chan time.Duration, 1)
	r.after = func(d time.Duration) <-chan time.Time {
		waited <- d
		fire := make(chan time.Time)
		close(fire)
		return fire
	}
	client := r.client()
	if got := r.post(client, "{}"); got.closed {
		t.Error("connection closed before draining")
	}
	drained := time.Now()
	r.Drain()
	if r.ReadyChecker()(nil) == nil {
		t.Error("ready while draining")
	}
	// The idle connection isn't hung up on; it ends with the next answer.
	for range 2 {
		if got := r.post(client, "{}"); got.code != 200 || !got.closed {
			t.Errorf("while draining: got %+v, want 200 with Connection: close", got)
		}
	}
	r.cancel()
	if err := <-r.stopped; err != nil {
		t.Errorf("Start: %v", err)
	}
	if got := <-waited; got >= time.Hour || got < time.Hour-time.Since(drained) {
		t.Errorf("delay left: got %s, want what is left of an hour", got)
	}
}

func TestStuckRequestEndsWithShutdownTimeout(t *testing.T) {
	g := newGate()
	r := serve(t, Options{ShutdownTimeout: time.Millisecond}, g)
	req := r.request(http.MethodPost, "/review", strings.NewReader("{}"))
	client := r.client()
	failed := make(chan error, 1)
	go func() {
		_, err := do(client, req)
		failed <- err
	}()
	<-g.entered
	r.cancel()
	if err := <-r.stopped; err == nil {
		t.Error("Start: got no error, want that of the shutdown")
	}
	if err := <-failed; err == nil {
		t.Error("request: got an answer, want none")
	}
	close(g.release)
}

func TestHungUpClientEndsTheContext(t *testing.T) {
	g := newGate()
	r := serve(t, Options{}, g)
	ctx, hangUp := context.WithCancel(t.Context())
	req := r.request(http.MethodPost, "/review", strings.NewReader("{}")).WithContext(ctx)
	client := r.client()
	go func() { _, _ = do(client, req) }()
	inside := <-g.entered
	hangUp()
	<-inside.Done()
	if err := inside.Err(); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	close(g.release)
}

func TestStartFailures(t *testing.T) {
	t.Run("twice", func(t *testing.T) {
		r := serve(t, Options{}, constant)
		if r.Start(t.Context()) == nil {
			t.Error("got no error")
		}
	})
	t.Run("no certificate in time", func(t *testing.T) {
		r := prepare(t, Options{CertWait: time.Millisecond}, constant)
		if r.Start(t.Context()) == nil {
			t.Error("got no error")
		}
	})
	t.Run("stopped while waiting for a certificate", func(t *testing.T) {
		r := prepare(t, Options{}, constant)
		r.start()
		r.cancel()
		if err := <-r.stopped; err != nil {
			t.Errorf("got %v, want none", err)
		}
	})
	t.Run("address in use", func(t *testing.T) {
		first := serve(t, Options{}, constant)
		r := prepare(t, Options{Host: "127.0.0.1"}, constant)
		r.ca.issue(r.options.CertDir)
		r.options.Port = first.options.Listener.Addr().(*net.TCPAddr).Port
		r.options.Listener = nil
		if r.Start(t.Context()) == nil {
			t.Error("got no error")
		}
	})
	t.Run("listener breaks", func(t *testing.T) {
		r := serve(t, Options{}, constant)
		r.options.Listener.Close()
		if err := <-r.stopped; err == nil {
			t.Error("got no error")
		}
		if r.ReadyChecker()(nil) == nil {
			t.Error("ready without a listener")
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	for _, tc := range []struct {
		name    string
		options Options
	}{
		{"no directory", Options{}},
		{"port", Options{CertDir: "x", Port: 70000}},
		{"TLS version", Options{CertDir: "x", TLSMinVersion: 0x0302}},
		{"negative limit", Options{CertDir: "x", MaxInFlight: -1}},
		{"negative time", Options{CertDir: "x", ReadTimeout: -1}},
		{"small budget", Options{CertDir: "x", MaxBody: 10, ByteBudget: 19}},
	} {
		tc.options.Metrics = prometheus.NewRegistry()
		if _, err := New(tc.options); err == nil {
			t.Errorf("%s: got no error", tc.name)
		}
	}
	registry := prometheus.NewRegistry()
	for i, want := range []bool{true, false} {
		_, err := New(Options{CertDir: "x", Metrics: registry})
		if (err == nil) != want {
			t.Errorf("server %d on one registry: got %v", i, err)
		}
	}
}

func TestDeadline(t *testing.T) {
	s := &Server{options: Options{Timeout: 3 * time.Second, WriteTimeout: time.Minute}}
	short := &Server{options: Options{Timeout: 3 * time.Second, WriteTimeout: 5 * time.Second}}
	for _, tc := range []struct {
		server *Server
		query  string
		want   time.Duration
	}{
		{s, "timeout=10s", 9750 * time.Millisecond},
		{s, "timeout=1s", 900 * time.Millisecond},
		{s, "dryRun=x&timeout=1s", 900 * time.Millisecond},
		{s, "timeout=%31s", 900 * time.Millisecond},
		{s, "timeout=1h", 29750 * time.Millisecond},
		{short, "timeout=10s", 4750 * time.Millisecond},
		{s, "", 2750 * time.Millisecond},
		{s, "timeout=", 2750 * time.Millisecond},
		{s, "timeout=-1s", 2750 * time.Millisecond},
		{s, "timeout=soon", 2750 * time.Millisecond},
		{s, "timeout=1s;x", 2750 * time.Millisecond},
		{s, "timeout=%zz", 2750 * time.Millisecond},
	} {
		start := time.Now()
		if got := tc.server.deadline(tc.query, start).Sub(start); got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.query, got, tc.want)
		}
	}
}

func TestSampler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampler{every: time.Second}
		for i, want := range []struct {
			pause time.Duration
			held  int64
			ok    bool
		}{{0, 0, true}, {0, 0, false}, {time.Second / 2, 0, false}, {time.Second / 2, 2, true}, {time.Minute, 0, true}} {
			time.Sleep(want.pause)
			if held, ok := s.allow(time.Now()); held != want.held || ok != want.ok {
				t.Errorf("line %d: got %d, %v, want %d, %v", i, held, ok, want.held, want.ok)
			}
		}
	})
}
