// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// Handler answers admission reviews.
type Handler interface {
	// ServeReview reads the review in body, appends the answer to response and returns it.
	//
	// Both slices are used again for other requests as soon as it returns: nothing may be kept that refers to them, in
	// particular no string or RawMessage that shares their memory.
	//
	// The context ends when the API server hangs up or is about to, never because the process is asked to stop.
	//
	// Without an error the answer leaves as 200 application/json. An *Error decides status and reason itself; any other
	// error becomes a 500 that tells nothing of it, and is logged.
	ServeReview(ctx context.Context, body, response []byte) ([]byte, error)
}

// HandlerFunc is a Handler made of a function.
type HandlerFunc func(ctx context.Context, body, response []byte) ([]byte, error)

// ServeReview calls f.
func (f HandlerFunc) ServeReview(ctx context.Context, body, response []byte) ([]byte, error) {
	return f(ctx, body, response)
}

// Error is a failure the client is told about: a status outside 2xx, and a short reason without anything from the request.
type Error struct {
	Code   int
	Reason string
}

// Error returns the reason.
func (e *Error) Error() string { return e.Reason }

var (
	errInternal = &Error{http.StatusInternalServerError, "internal error"}
	errSilent   = &Error{http.StatusInternalServerError, "no answer"}

	contentTypeJSON = []string{"application/json"}
	contentTypeText = []string{"text/plain; charset=utf-8"}
	noSniff         = []string{"nosniff"}
)

// refuse answers with err alone.
func refuse(w http.ResponseWriter, err *Error) {
	header := w.Header()
	clear(header)
	// No Retry-After with a 503: for one, the API server's client would wait and try again until the webhook's timeout is
	// over. Under overload that holds up whoever writes to the cluster; the failure policy is to decide at once.
	if err.Code == http.StatusMethodNotAllowed {
		header.Set("Allow", http.MethodPost)
	}
	header["Content-Type"] = contentTypeText
	header["X-Content-Type-Options"] = noSniff
	w.WriteHeader(err.Code)
	// An error here means that the client has left.
	_, _ = io.WriteString(w, err.Reason+"\n")
}

// serveFunc answers a request that has passed the guard.
type serveFunc func(ctx context.Context, w http.ResponseWriter, r *http.Request, body []byte)

// review serves a Handler.
func (s *Server) review(handler Handler) serveFunc {
	return func(ctx context.Context, w http.ResponseWriter, _ *http.Request, body []byte) {
		var space []byte
		buffer := s.buffers.get(smallestBuffer)
		if buffer != nil {
			defer s.buffers.put(buffer)
			space = buffer.data[:0]
		}
		answer, err := handler.ServeReview(ctx, body, space)
		if err != nil {
			refuse(w, s.told(err))
			return
		}
		if len(answer) == 0 {
			refuse(w, errSilent)
			return
		}
		header := w.Header()
		header["Content-Type"] = contentTypeJSON
		header["Content-Length"] = []string{strconv.Itoa(len(answer))}
		_, _ = w.Write(answer) // an error means that the client has left
	}
}

// told is what the client may know of err.
func (s *Server) told(err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok && known.Code >= 400 && known.Code <= 599 {
		return known
	}
	if held, ok := s.failures.allow(s.now()); ok {
		s.options.Logger.Error(err, "answer review", "withheld", held)
	}
	return errInternal
}

// plain serves an http.Handler.
func plain(handler http.Handler) serveFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, body []byte) {
		// net/http looks at the body of its own request when the handler is done, so only the copy may get another.
		r = r.WithContext(ctx)
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		r.TransferEncoding = nil
		handler.ServeHTTP(w, r)
	}
}
