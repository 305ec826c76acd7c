// SPDX-License-Identifier: Apache-2.0

// Package load sends reviews to a webhook server as an API server does, and measures what that takes.
package load

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/demarc-dev/demarc/pkg/registration"
	"github.com/demarc-dev/demarc/test/benchmark"
	"github.com/demarc-dev/demarc/test/benchmark/process"
	"github.com/demarc-dev/demarc/test/benchmark/stats"
)

// Block is what one server did with one block of requests.
type Block struct {
	P50, P99 float64 // milliseconds
	CPU      float64 // microseconds of the server per request
	Rate     float64 // requests per second
}

// Loader sends reviews to servers. Every answer is checked, outside the time that is measured.
type Loader struct {
	client *http.Client
	opened *atomic.Int64
}

// Idle is how many idle connections the API server keeps for a webhook behind a Service. A request that finds none opens
// another, with a handshake of its own, and what is over afterwards is closed.
const Idle = 25

// New returns a loader that trusts an authority. It keeps connections as the API server does for webhooks behind a
// Service, HTTP/1.1 and without TLS sessions, but for the number of idle ones. The caller must call Close.
func New(ca []byte, idle int) (Loader, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return Loader{}, errors.New("the authority is no certificate")
	}
	l := Loader{opened: new(atomic.Int64)}
	dialer := &net.Dialer{}
	l.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			l.opened.Add(1)
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13},
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: idle, IdleConnTimeout: 90 * time.Second,
	}}
	return l, nil
}

// Opened is how many connections were opened so far.
func (l Loader) Opened() int64 { return l.opened.Load() }

// Close closes the connections, which a server waits for as it stops.
func (l Loader) Close() { l.client.CloseIdleConnections() }

// Block sends n requests by so many clients at once, each with its share.
func (l Loader) Block(ctx context.Context, s *process.Server, r benchmark.Review, clients, n int) (Block, error) {
	before, err := s.Usage()
	if err != nil {
		return Block{}, err
	}
	start := time.Now()
	times, err := l.Send(ctx, s, r, clients, n)
	if err != nil {
		return Block{}, fmt.Errorf("%s: %w", s.Name, err)
	}
	took := time.Since(start)
	after, err := s.Usage()
	if err != nil {
		return Block{}, err
	}
	slices.Sort(times)
	return Block{
		P50:  milliseconds(stats.Percentile(times, 50)),
		P99:  milliseconds(stats.Percentile(times, 99)),
		CPU:  1000 * milliseconds(after.CPU-before.CPU) / float64(len(times)),
		Rate: float64(len(times)) / took.Seconds(),
	}, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Send returns how long each request took.
func (l Loader) Send(ctx context.Context, s *process.Server, r benchmark.Review, clients, n int) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	shares := make([][]time.Duration, clients)
	var wg sync.WaitGroup
	for i := range shares {
		share := make([]time.Duration, 0, max(1, n/clients))
		wg.Go(func() {
			for range cap(share) {
				took, err := l.one(ctx, s, r)
				if err != nil {
					cancel(err)
					return
				}
				share = append(share, took)
			}
			shares[i] = share
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return slices.Concat(shares...), nil
}

// one sends a review and checks the answer.
func (l Loader) one(ctx context.Context, s *process.Server, r benchmark.Review) (time.Duration, error) {
	start := time.Now()
	status, body, err := l.Post(ctx, s, r.Body)
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	if status != http.StatusOK {
		return 0, fmt.Errorf("got status %d: %.200s", status, body)
	}
	return took, r.Check(body)
}

// Post sends a body with the header that the API server sends.
func (l Loader) Post(ctx context.Context, s *process.Server, review []byte) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(registration.CustomersPath)+"?timeout=3s", bytes.NewReader(review))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Accept", "application/json, */*")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "kube-apiserver-admission")
	response, err := l.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil {
		return 0, nil, fmt.Errorf("read answer: %w", err)
	}
	return response.StatusCode, body, nil
}

// Timeout is timeoutSeconds of demarc's registrations.
const Timeout = 3 * time.Second

// Ask sends a review as an API server does that waits no longer than the registration says.
func (l Loader) Ask(ctx context.Context, s *process.Server, r benchmark.Review) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	status, body, err := l.Post(ctx, s, r.Body)
	switch {
	case err != nil && ctx.Err() != nil:
		return Late, err
	case err != nil:
		return Cut, err
	case status == http.StatusServiceUnavailable:
		return Shed, nil
	case status != http.StatusOK:
		return Wrong, fmt.Errorf("got status %d: %.200s", status, body)
	}
	if err := r.Check(body); err != nil {
		return Wrong, err
	}
	return Right, nil
}
