// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/pkg/webhook/server"
	"github.com/demarc-dev/demarc/test/certs"
)

// served is a handler behind the real server: bytes go in by TLS, and what comes out is what an API server would see.
type served struct {
	address  string
	config   *tls.Config
	client   *http.Client
	registry *prometheus.Registry
}

func serve(t *testing.T, h server.Handler, o server.Options) *served {
	t.Helper()
	dir := t.TempDir()
	ca, err := certs.Write(dir, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	s := &served{address: listener.Addr().String(), registry: prometheus.NewRegistry(),
		config: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}
	o.Listener, o.CertDir, o.DrainDelay, o.Metrics = listener, dir, time.Nanosecond, s.registry
	o.Logger = funcr.New(func(string, string) {}, funcr.Options{}) // the one that discards counts as none
	srv, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv.Handle(registration.CustomersPath, h)
	stopped := make(chan error, 1)
	go func() { stopped <- srv.Start(t.Context()) }()
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: s.config, MaxIdleConnsPerHost: 25}}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	for srv.ReadyChecker()(nil) != nil {
		if t.Context().Err() != nil {
			t.Fatal("not ready in time")
		}
		time.Sleep(time.Millisecond)
	}
	return s
}

// post sends a body as an API server does.
func (s *served) post(body []byte) (code int, answer []byte, err error) {
	response, err := s.client.Post("https://"+s.address+registration.CustomersPath+"?timeout=10s", "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// panics is the server's own count.
func (s *served) panics(t *testing.T) float64 {
	t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "demarc_webhook_panics_total" {
			return f.Metric[0].Counter.GetValue()
		}
	}
	t.Fatal("no counter of panics")
	return 0
}

// isVerdict says whether an API server would take an answer for a verdict, whichever: then its failure policy has no say.
func isVerdict(code int, answer []byte) bool {
	if code < 200 || code > 299 {
		return false
	}
	var review admissionv1.AdmissionReview
	return json.Unmarshal(answer, &review) == nil && review.Response != nil
}

// response reads the verdict of an answer that must be one.
func response(t *testing.T, code int, answer []byte) *admissionv1.AdmissionResponse {
	t.Helper()
	if !isVerdict(code, answer) {
		t.Fatalf("got %d %.200s, want a verdict", code, answer)
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(answer, &review); err != nil {
		t.Fatal(err)
	}
	return review.Response
}

// Whatever is wrong with what was sent, the failure policy decides: nobody is let through, nobody is refused, nothing panics,
// and whoever comes next is answered.
func TestMalformedIsNoVerdict(t *testing.T) {
	h, _ := newHandler(t, contextOf(t), &authorizer{})
	s := serve(t, h, server.Options{})
	good := string(reviewOf(t, passed))
	cases := malformed(good)
	if len(cases) < 60 {
		t.Errorf("%d cases, want 60 at least", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.body == good {
				t.Fatal("the case changes nothing")
			}
			code, answer, err := s.post([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if code < 400 || isVerdict(code, answer) || strings.Contains(string(answer), "uid") || len(answer) > 200 {
				t.Errorf("got %d %.300q, want a status outside 2xx and a word of why", code, answer)
			}
		})
	}
	for _, c := range rawRequests(good) {
		t.Run(c.name, func(t *testing.T) {
			code, answer := s.raw(t, c.body)
			if code < 400 || isVerdict(code, answer) || strings.Contains(string(answer), "uid") {
				t.Errorf("got %d %.300q, want a status outside 2xx", code, answer)
			}
		})
	}
	if got := s.panics(t); got != 0 {
		t.Errorf("panics: got %v, want 0", got)
	}
	code, answer, err := s.post([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if r := response(t, code, answer); !r.Allowed {
		t.Errorf("a good review afterwards: got %+v, want it allowed", r)
	}
}

// raw writes bytes to a connection as they are, says that there are no more, and reads one answer.
func (s *served) raw(t *testing.T, request string) (code int, answer []byte) {
	t.Helper()
	connection, err := tls.Dial("tcp", s.address, s.config)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	// The server may have answered and hung up before the last byte: what it said is what counts.
	_, _ = io.WriteString(connection, request)
	_ = connection.CloseWrite()
	all, _ := io.ReadAll(connection)
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(all)), nil)
	if err != nil {
		t.Fatalf("%v in %.200q", err, all)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}
