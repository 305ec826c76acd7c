// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"net"
	"testing"
	"time"
)

// takeTurns occupies all turns of handshakes, as handshakes under way do.
func (r *running) takeTurns() (giveBack func()) {
	for range cap(r.handshakes) {
		r.handshakes <- struct{}{}
	}
	return func() {
		for range cap(r.handshakes) {
			r.handshakes.leave()
		}
	}
}

func TestHandshakesTakeTurns(t *testing.T) {
	r := serve(t, Options{}, constant)
	client := r.client()
	r.post(client, "{}") // there is a connection now
	giveBack := r.takeTurns()

	connected := make(chan error, 1)
	go func() {
		conn, err := tls.Dial("tcp", r.address, r.tls("http/1.1"))
		if err == nil {
			err = conn.Close()
		}
		connected <- err
	}()
	eventually(t, func() bool { return r.metric("connections") == 2 })
	for range 20 {
		if got := r.post(client, "{}"); got.code != 200 {
			t.Fatalf("on the open connection: got %d, want 200", got.code)
		}
	}
	select {
	case err := <-connected:
		t.Fatalf("a handshake ended before its turn: %v", err)
	default:
	}
	giveBack()
	if err := <-connected; err != nil {
		t.Error(err)
	}
	eventually(t, func() bool { return len(r.handshakes) == 0 })
}

func TestBrokenHandshakesKeepNoTurn(t *testing.T) {
	r := serve(t, Options{}, constant)
	for name, spoil := range map[string]func(net.Conn){
		"says nothing":    func(net.Conn) {},
		"is no TLS":       func(c net.Conn) { _, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n")) },
		"knows only h2":   func(c net.Conn) { _ = tls.Client(c, r.tls("h2")).Handshake() },
		"knows only 1.2":  func(c net.Conn) { _ = tls.Client(c, &tls.Config{MaxVersion: tls.VersionTLS12}).Handshake() },
		"does not trust":  func(c net.Conn) { _ = tls.Client(c, &tls.Config{ServerName: serverName}).Handshake() },
		"leaves at once":  func(c net.Conn) { go func() { _ = tls.Client(c, r.tls()).Handshake() }(); c.Close() },
		"stops in hello":  func(c net.Conn) { _, _ = c.Write([]byte{22, 3, 1, 2, 0, 1}) },
		"hello, then end": func(c net.Conn) { _ = tls.Client(&silent{c}, r.tls()).Handshake() },
	} {
		for range 3 * cap(r.handshakes) {
			conn, err := net.Dial("tcp", r.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			spoil(conn)
		}
		if got := r.post(r.client(), "{}"); got.code != 200 {
			t.Errorf("after a client that %s: got %d, want 200", name, got.code)
		}
	}
	eventually(t, func() bool { return len(r.handshakes) == 0 })
}

// silent is a connection whose client sends its hello and never looks at the answer.
type silent struct{ net.Conn }

func (*silent) Read([]byte) (int, error) { return 0, net.ErrClosed }

func TestHandshakeOutOfTimeIsCut(t *testing.T) {
	r := serve(t, Options{HandshakeTimeout: 50 * time.Millisecond}, constant)
	giveBack := r.takeTurns()
	if _, err := tls.Dial("tcp", r.address, r.tls("http/1.1")); err == nil {
		t.Error("a handshake ended without a turn")
	}
	if got := r.metric("shed_total", "handshakes"); got != 1 {
		t.Errorf("shed_total: got %v, want 1", got)
	}
	giveBack()
	if got := r.post(r.client(), "{}"); got.code != 200 {
		t.Errorf("afterwards: got %d, want 200", got.code)
	}
}
