// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"log"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
)

// sampler lets one log line through per interval, because strangers can cause as many as they like.
type sampler struct {
	every time.Duration
	next  atomic.Int64 // Unix nanoseconds
	held  atomic.Int64
}

// allow reports whether a line may be written now, and how many were withheld since the last.
func (s *sampler) allow(now time.Time) (int64, bool) {
	next := s.next.Load()
	if now.UnixNano() < next || !s.next.CompareAndSwap(next, now.Add(s.every).UnixNano()) {
		s.held.Add(1)
		return 0, false
	}
	return s.held.Swap(0), true
}

// cut bounds what goes into one log value.
func cut(text []byte, limit int) string {
	return string(bytes.TrimSpace(text[:min(len(text), limit)]))
}

// errorLog takes what http.Server has to complain about: handshakes mostly.
type errorLog struct {
	logger             logr.Logger
	handshakeErrors    prometheus.Counter
	handshakes, others sampler
}

func newErrorLog(logger logr.Logger, handshakeErrors prometheus.Counter) *log.Logger {
	return log.New(&errorLog{
		logger:          logger,
		handshakeErrors: handshakeErrors,
		handshakes:      sampler{every: 10 * time.Second},
		others:          sampler{every: 10 * time.Second},
	}, "", 0)
}

// Write takes one line.
func (l *errorLog) Write(line []byte) (int, error) {
	sample, message := &l.others, "connection error"
	if bytes.HasPrefix(line, []byte("http: TLS handshake error")) {
		l.handshakeErrors.Inc()
		sample, message = &l.handshakes, "TLS handshake error"
	}
	if held, ok := sample.allow(time.Now()); ok {
		l.logger.Info(message, "cause", cut(line, 512), "withheld", held)
	}
	return len(line), nil
}
