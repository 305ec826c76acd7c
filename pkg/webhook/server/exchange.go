// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"time"
)

// exchange is one request and its answer, as seen from outside the handlers.
type exchange struct {
	http.ResponseWriter
	server  *Server
	start   time.Time
	code    int  // of the answer; 0 until it begins
	handled bool // whether a handler was asked
}

// root is the outermost handler.
type root struct{ server *Server }

// ServeHTTP implements http.Handler.
func (h root) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, server: h.server, start: h.server.now()}
	defer x.finish()
	// It fails on a connection that is gone, as reading the body will.
	_ = http.NewResponseController(w).SetReadDeadline(x.start.Add(h.server.options.ReadTimeout))
	h.server.mux.ServeHTTP(x, r)
}

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(code int) {
	if x.code == 0 && code >= 200 {
		x.code = code
		if x.last() {
			x.Header().Set("Connection", "close")
		}
	}
	x.ResponseWriter.WriteHeader(code)
}

// last reports whether the connection ends with this answer. While draining, that moves the client to another replica;
// http.Server.SetKeepAlivesEnabled would do so as well, but hang up on idle connections just as a request may be on its way.
// And a request that the API server would never send gains nobody a connection to sit on. Overload keeps connections: to
// make new ones costs more than it saves.
func (x *exchange) last() bool {
	return x.code >= 300 && x.code < 500 || x.server.isDraining()
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(p []byte) (int, error) {
	if x.code == 0 {
		x.WriteHeader(http.StatusOK)
	}
	return x.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// finish is deferred: it turns a panic or silence into a failure, and counts.
func (x *exchange) finish() {
	cause := recover()
	if cause != nil {
		x.server.panicked(cause)
	}
	begun := x.code != 0
	if !begun {
		problem := errSilent
		if cause != nil {
			problem = errInternal
		}
		refuse(x, problem)
	}
	x.server.metrics.request(x.code)
	if x.handled {
		x.server.metrics.duration.Observe(x.server.now().Sub(x.start).Seconds())
	}
	if cause != nil && begun {
		// Half an answer must not look like a whole one, so the connection is torn.
		panic(http.ErrAbortHandler)
	}
}

// panicked counts a panic and, now and then, logs where it happened.
func (s *Server) panicked(cause any) {
	s.metrics.panics.Inc()
	if held, ok := s.panics.allow(s.now()); ok {
		s.options.Logger.Error(nil, "recovered panic", "cause", cut([]byte(fmt.Sprint(cause)), 512),
			"stack", cut(debug.Stack(), 16<<10), "withheld", held)
	}
}
