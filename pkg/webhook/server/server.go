// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

var _ webhook.Server = (*Server)(nil)

// Server serves admission webhooks. New makes one; it is started once.
type Server struct {
	options      Options
	mux          *http.ServeMux
	metrics      *metricSet
	certificates *certificates
	buffers      *buffers
	inFlight     budget
	// To decode a body takes many times its size, so those that are large take turns, one at a time. They wait, unlike others
	// in excess, for a review turned away for its size alone would be a way round every rule.
	large       turn
	handshakes  turn
	connections connectionCount

	panics, failures sampler

	begun    atomic.Bool
	started  chan struct{}
	draining chan struct{}
	drain    sync.Once
	drained  time.Time // set before draining is closed

	now   func() time.Time
	after func(time.Duration) <-chan time.Time
}

// New makes a server and registers its metrics.
func New(options Options) (*Server, error) {
	options.setDefaults()
	if err := options.validate(); err != nil {
		return nil, fmt.Errorf("make webhook server: %w", err)
	}
	s := &Server{
		options:     options,
		mux:         http.NewServeMux(),
		buffers:     &buffers{budget: budget{limit: options.ByteBudget}},
		inFlight:    budget{limit: int64(options.MaxInFlight)},
		large:       make(turn, 1),
		handshakes:  newHandshakes(),
		connections: connectionCount{limit: options.MaxConnections, perAddress: options.MaxConnectionsPerAddress},
		panics:      sampler{every: 10 * time.Second},
		failures:    sampler{every: 10 * time.Second},
		started:     make(chan struct{}),
		draining:    make(chan struct{}),
		now:         time.Now,
		after:       time.After,
	}
	s.metrics = newMetricSet(s)
	for _, collector := range s.metrics.collectors() {
		if err := options.Metrics.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	s.certificates = newCertificates(options, s.metrics)
	s.connections.refused = s.metrics.shed
	return s, nil
}

// NeedLeaderElection implements webhook.Server: every replica serves.
func (*Server) NeedLeaderElection() bool { return false }

// WebhookMux implements webhook.Server. A handler put on the mux directly is counted and recovered, but no limit on
// method, body or concurrency guards it; Handle and Register do that.
func (s *Server) WebhookMux() *http.ServeMux { return s.mux }

// Handle serves the reviews posted to path. It panics if the path is taken.
func (s *Server) Handle(path string, handler Handler) {
	s.mux.Handle(path, &guard{server: s, serve: s.review(handler)})
}

// Register implements webhook.Server, for handlers that know HTTP only. They find the whole body in memory behind
// Request.Body, and must not read it after they return. It panics if the path is taken.
func (s *Server) Register(path string, hook http.Handler) {
	s.mux.Handle(path, &guard{server: s, serve: plain(hook)})
}
