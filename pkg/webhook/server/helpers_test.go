// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// running is a server under test.
type running struct {
	*Server
	t        *testing.T
	ca       *authority
	address  string
	registry *prometheus.Registry
	cancel   context.CancelFunc
	stopped  chan error // the result of Start
}

// answer is what the constant handler says.
const answer = `{"kind":"AdmissionReview"}`

var constant = HandlerFunc(func(_ context.Context, _, response []byte) ([]byte, error) {
	return append(response, answer...), nil
})

// prepare makes a server that isn't started yet, with handler at /review.
func prepare(t *testing.T, options Options, handler Handler) *running {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	r := &running{
		t: t, ca: newAuthority(t), address: listener.Addr().String(), registry: prometheus.NewRegistry(), stopped: make(chan error, 1),
	}
	options.Listener = listener
	options.Metrics = r.registry
	set(&options.CertDir, t.TempDir())
	set(&options.DrainDelay, time.Nanosecond)
	if r.Server, err = New(options); err != nil {
		t.Fatal(err)
	}
	r.Handle("/review", handler)
	return r
}

func (r *running) start() {
	ctx, cancel := context.WithCancel(r.t.Context())
	r.cancel = cancel
	go func() { r.stopped <- r.Start(ctx) }()
	r.t.Cleanup(cancel)
}

// serve starts a server with a certificate and waits until it is ready.
func serve(t *testing.T, options Options, handler Handler) *running {
	t.Helper()
	r := prepare(t, options, handler)
	r.ca.issue(r.options.CertDir)
	r.start()
	<-r.started
	return r
}

// client is made as the API server makes its own for a webhook behind a Service.
func (r *running) client() *http.Client {
	transport := &http.Transport{
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 25,
		IdleConnTimeout:     90 * time.Second,
		TLSClientConfig:     r.tls("http/1.1"),
	}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (r *running) tls(protocols ...string) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(r.ca.cert)
	return &tls.Config{RootCAs: roots, ServerName: serverName, NextProtos: protocols}
}

// dial connects by hand, to send what no client would.
func (r *running) dial() *tls.Conn {
	r.t.Helper()
	conn, err := tls.Dial("tcp", r.address, r.tls("http/1.1"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	return conn
}

// reply is an answer, read to its end.
type reply struct {
	code   int
	body   string
	header http.Header
	closed bool
	proto  string
}

func (r *running) request(method, path string, body io.Reader) *http.Request {
	r.t.Helper()
	req, err := http.NewRequest(method, "https://"+r.address+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req
}

func do(client *http.Client, req *http.Request) (reply, error) {
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, string(body), resp.Header, resp.Close, resp.Proto}, err
}

func (r *running) post(client *http.Client, body string) reply {
	r.t.Helper()
	got, err := do(client, r.request(http.MethodPost, "/review?timeout=10s", strings.NewReader(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// postAsync posts and delivers the reply. Without one it fails the test and delivers nothing.
func (r *running) postAsync(client *http.Client, body string) <-chan reply {
	replies := make(chan reply, 1)
	req := r.request(http.MethodPost, "/review", strings.NewReader(body))
	go func() {
		defer close(replies)
		got, err := do(client, req)
		if err != nil {
			r.t.Error(err)
			return
		}
		replies <- got
	}()
	return replies
}

// eventually waits for what has no channel; only the time limit of the test ends it.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	for !condition() {
		if t.Context().Err() != nil {
			t.Fatal("test ended first")
		}
		time.Sleep(time.Millisecond)
	}
}

// metric is the value of a metric with exactly these labels' values, or the number of its observations; 0 if there is none.
func (r *running) metric(name string, values ...string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	var sum float64
	for _, family := range families {
		if family.GetName() != "demarc_webhook_"+name {
			continue
		}
		for _, sample := range family.GetMetric() {
			var labels []string
			for _, label := range sample.GetLabel() {
				labels = append(labels, label.GetValue())
			}
			if strings.Join(labels, " ") != strings.Join(values, " ") {
				continue
			}
			sum += sample.GetCounter().GetValue() + sample.GetGauge().GetValue() + float64(sample.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// endless yields n letters, whose number net/http can't know beforehand.
func endless(n int) io.Reader {
	return io.MultiReader(strings.NewReader(strings.Repeat("a", n)))
}
