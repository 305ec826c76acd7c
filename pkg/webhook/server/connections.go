// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net"
	"net/netip"
	"sync"
)

// connectionCount keeps the number of open connections below a limit, in all and per remote address.
type connectionCount struct {
	limit, perAddress int
	refused           *shedCounters

	mutex  sync.Mutex
	open   int
	byAddr map[netip.Addr]int
}

// limitedListener closes a connection beyond the limit as soon as it is accepted. To leave it unaccepted instead would let
// the API server wait for nothing until its timeout.
type limitedListener struct {
	net.Listener
	count      *connectionCount
	handshakes turn
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := remoteAddress(conn)
		if l.count.add(address) {
			counted := &countedConn{Conn: conn, close: sync.OnceValue(func() error {
				l.count.remove(address)
				return conn.Close()
			})}
			return &turnConn{Conn: counted, turns: l.handshakes}, nil
		}
		_ = conn.Close() // nobody is left to care
	}
}

// countedConn is counted until it is closed.
type countedConn struct {
	net.Conn
	close func() error
}

// Close implements net.Conn.
func (c *countedConn) Close() error { return c.close() }

// remoteAddress is where conn comes from; the zero Addr stands for what isn't TCP.
func remoteAddress(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// add counts a connection, if there is room for it.
func (c *connectionCount) add(address netip.Addr) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch {
	case c.open >= c.limit:
		c.refused.connections.Inc()
		return false
	case c.byAddr[address] >= c.perAddress:
		c.refused.address.Inc()
		return false
	}
	if c.byAddr == nil {
		c.byAddr = map[netip.Addr]int{}
	}
	c.open++
	c.byAddr[address]++
	return true
}

func (c *connectionCount) remove(address netip.Addr) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.open--
	if c.byAddr[address]--; c.byAddr[address] == 0 {
		delete(c.byAddr, address)
	}
}

func (c *connectionCount) current() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.open
}
