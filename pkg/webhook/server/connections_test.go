// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestConnectionsAreLimited(t *testing.T) {
	r := serve(t, Options{MaxConnections: 3, MaxConnectionsPerAddress: 3}, constant)
	held := make([]net.Conn, 3)
	for i := range held {
		held[i] = r.dial()
	}
	over, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	defer over.Close()
	if _, err := over.Read(make([]byte, 1)); err == nil {
		t.Error("got data on the connection beyond the limit")
	}
	if got := r.metric("shed_total", "connections"); got != 1 {
		t.Errorf("shed_total: got %v, want 1", got)
	}
	held[0].Close()
	eventually(t, func() bool { return r.metric("connections") == 2 })
	if got := r.post(r.client(), "{}"); got.code != 200 {
		t.Errorf("afterwards: got %d, want 200", got.code)
	}
}

// TestConnectionInReserve sees that a connection may be opened long before its first request. The API server has such ones
// whenever another connection becomes free while it opens one.
func TestConnectionInReserve(t *testing.T) {
	r := serve(t, Options{HandshakeTimeout: time.Second, ReadTimeout: time.Second}, constant)
	conn := r.dial()
	time.Sleep(1200 * time.Millisecond)
	answers := bufio.NewReader(conn)
	// The body comes once it is waited for.
	for _, exchange := range []struct {
		say  string
		want int
	}{{strings.Replace(head(2), "\r\n", "\r\nExpect: 100-continue\r\n", 1), 100}, {"{}", 200}} {
		fmt.Fprint(conn, exchange.say)
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != exchange.want {
			t.Errorf("got %d, want %d", resp.StatusCode, exchange.want)
		}
	}
}

// TestTwoAPIServersFit sees that by default one address, as a konnectivity agent has for all API servers behind it, may hold
// what two of them can have in hand, 600 requests each, and that half of what one can is left to others.
func TestTwoAPIServersFit(t *testing.T) {
	const seats = 600
	var o Options
	o.setDefaults()
	if o.MaxConnectionsPerAddress < 2*seats {
		t.Errorf("MaxConnectionsPerAddress: got %d, want %d at least", o.MaxConnectionsPerAddress, 2*seats)
	}
	if left := o.MaxConnections - o.MaxConnectionsPerAddress; left < seats/2 {
		t.Errorf("left to others: got %d, want %d at least", left, seats/2)
	}
}

func TestOneAddressCannotKeepOthersOut(t *testing.T) {
	r := serve(t, Options{MaxConnections: 100, MaxConnectionsPerAddress: 5}, constant)
	stranger := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	for i := range 10 {
		conn, err := stranger.DialContext(t.Context(), "tcp", r.address)
		if err != nil && i == 0 {
			t.Skip("no second loopback address:", err)
		}
		if err == nil {
			defer conn.Close()
		}
	}
	eventually(t, func() bool { return r.metric("shed_total", "address") == 5 })
	if got := r.post(r.client(), "{}"); got.code != 200 {
		t.Errorf("from another address: got %d, want 200", got.code)
	}
}
