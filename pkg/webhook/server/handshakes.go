// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"sync/atomic"
)

var errHandshakes = errors.New("too many handshakes")

// newHandshakes makes the turns of handshakes: as many at once as half the processors can compute.
//
// The API server keeps few connections (25 for a Service) and opens another for each request beyond, so that a moment's
// delay makes it open many. Each handshake costs more than a review; were they all computed at once, reviews would wait for
// them, and cause more. With turns, reviews on open connections stay quick, and those who wait for a new connection are
// served by one of them: Go's transport takes whichever is free first.
func newHandshakes() turn { return make(turn, max(1, runtime.GOMAXPROCS(0)/2)) }

// certificate is for tls.Config.GetCertificate, which is called when the client's hello has been read and all that costs
// is still to be done: a client that sends nothing has no turn to keep.
func (s *Server) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if conn, ok := hello.Conn.(*turnConn); ok {
		ctx, cancel := context.WithTimeout(hello.Context(), s.options.HandshakeTimeout)
		defer cancel()
		if !conn.begin(ctx) {
			s.metrics.shed.handshakes.Inc()
			return nil, errHandshakes
		}
	}
	return s.certificates.get(hello)
}

// turnConn is a connection whose handshake waits for its turn.
type turnConn struct {
	net.Conn
	turns turn
	has   atomic.Bool // whether the handshake has a turn now
}

// begin waits for the turn. It is false if the context ended first.
func (c *turnConn) begin(ctx context.Context) bool {
	if !c.turns.enter(ctx) {
		return false
	}
	c.has.Store(true)
	return true
}

func (c *turnConn) end() {
	if c.has.Load() && c.has.CompareAndSwap(true, false) {
		c.turns.leave()
	}
}

// Write implements net.Conn. A handshake has computed everything by the time its answer leaves in one piece, and an alert
// ends it as well.
func (c *turnConn) Write(p []byte) (int, error) {
	c.end()
	return c.Conn.Write(p)
}

// Close implements net.Conn.
func (c *turnConn) Close() error {
	c.end()
	return c.Conn.Close()
}
