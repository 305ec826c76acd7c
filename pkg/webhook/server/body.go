// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"io"
	"net/http"
	"os"
)

var (
	errTooLarge = &Error{http.StatusRequestEntityTooLarge, "body is too large"}
	errBytes    = &Error{http.StatusServiceUnavailable, "too many bytes in hand"}
	errTooSlow  = &Error{http.StatusRequestTimeout, "body came too slowly"}
	errCutShort = &Error{http.StatusBadRequest, "body could not be read"}
)

// onTrust is how much memory a body gets for its Content-Length alone. The rest follows as the bytes arrive, or else a few
// requests that announce much and send nothing would use up the budget.
const onTrust = 64 << 10

// read reads the whole body into a buffer, which the caller must give back if there is no problem.
func (s *Server) read(r *http.Request) (*buffer, *Error) {
	expected := r.ContentLength // -1 if unknown
	if expected > s.options.MaxBody {
		return nil, errTooLarge
	}
	if !s.buffers.budget.fits(expected) {
		return nil, errBytes
	}
	first := int64(smallestBuffer)
	if expected >= 0 {
		first = min(expected, onTrust)
	}
	lent := s.buffers.get(first)
	for lent != nil {
		n, err := r.Body.Read(lent.data[len(lent.data):cap(lent.data)])
		lent.data = lent.data[:len(lent.data)+n]
		switch {
		case int64(len(lent.data)) > s.options.MaxBody:
			s.buffers.put(lent)
			return nil, errTooLarge
		case err == io.EOF:
			return lent, nil
		case err != nil:
			s.buffers.put(lent)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return nil, errTooSlow
			}
			return nil, errCutShort
		case len(lent.data) == cap(lent.data):
			lent = s.buffers.grow(lent, s.next(int64(cap(lent.data)), expected))
		}
	}
	return nil, errBytes
}

// next is the capacity that follows when capacity bytes of expected have arrived. A body of which an eighth is here is
// trusted for the rest, so that what is copied on the way stays less than the body.
func (s *Server) next(capacity, expected int64) int64 {
	larger := capacity * growth
	if expected > capacity && 2*larger >= expected {
		larger = expected
	}
	// One byte more than allowed is enough to see that it is too large.
	return min(larger, s.options.MaxBody+1)
}
