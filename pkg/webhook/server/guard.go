// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"mime"
	"net/http"
	"strings"
)

var (
	errMethod   = &Error{http.StatusMethodNotAllowed, "method must be POST"}
	errType     = &Error{http.StatusUnsupportedMediaType, "content must be application/json in UTF-8, not encoded"}
	errInFlight = &Error{http.StatusServiceUnavailable, "too many requests in hand"}
)

// guard lets a request pass to its handler if it is of the right form and there is room for it.
type guard struct {
	server *Server
	serve  serveFunc
}

// ServeHTTP implements http.Handler.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := g.server
	if r.Method != http.MethodPost {
		refuse(w, errMethod)
		return
	}
	if !isJSON(r.Header) {
		refuse(w, errType)
		return
	}
	if s.inFlight.full() {
		s.shed(w, errInFlight)
		return
	}
	body, problem := s.read(r)
	if problem != nil {
		s.shed(w, problem)
		return
	}
	defer s.buffers.put(body)
	// The place is taken only now: a client that drips its body occupies none.
	if !s.inFlight.take(1) {
		s.shed(w, errInFlight)
		return
	}
	defer s.inFlight.give(1)

	start := s.now()
	if x, ok := w.(*exchange); ok {
		start = x.start
		x.handled = true
	}
	ctx, cancel := context.WithDeadline(r.Context(), s.deadline(r.URL.RawQuery, start))
	defer cancel()
	if len(body.data) > largestKept {
		if !s.large.enter(ctx) {
			s.shed(w, errBytes)
			return
		}
		defer s.large.leave()
	}
	g.serve(ctx, w, r, body.data[:len(body.data):len(body.data)])
}

// shed refuses and, if it is for want of room, counts.
func (s *Server) shed(w http.ResponseWriter, problem *Error) {
	switch problem {
	case errInFlight:
		s.metrics.shed.inFlight.Inc()
	case errBytes:
		s.metrics.shed.bytes.Inc()
	}
	refuse(w, problem)
}

// isJSON reports whether the header announces plain JSON, as the API server does.
func isJSON(header http.Header) bool {
	types := header["Content-Type"]
	if len(types) != 1 || len(header["Content-Encoding"]) != 0 {
		return false
	}
	if types[0] == "application/json" {
		return true
	}
	media, parameters, err := mime.ParseMediaType(types[0])
	if err != nil || media != "application/json" {
		return false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}
