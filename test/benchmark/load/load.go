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
	"net/http"
	"slices"
	"sync"
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
}

// New returns a loader that trusts an authority. It keeps connections as the API server does for webhooks behind a
// Service: HTTP/1.1, up to 25 idle ones. The caller must call Close.
func New(ca []byte) (Loader, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return Loader{}, errors.New("the authority is no certificate")
	}
	return Loader{&http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 25, IdleConnTimeout: 90 * time.Second,
	}}}, nil
}

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

// one sends a review with the header that the API server sends.
func (l Loader) one(ctx context.Context, s *process.Server, r benchmark.Review) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(registration.CustomersPath)+"?timeout=3s", bytes.NewReader(r.Body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Accept", "application/json, */*")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "kube-apiserver-admission")
	start := time.Now()
	response, err := l.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	took := time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("read answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("got status %s: %.200s", response.Status, body)
	}
	return took, r.Check(body)
}
