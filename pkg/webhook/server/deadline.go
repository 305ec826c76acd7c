// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/url"
	"strings"
	"time"
)

// longestTimeout is the longest the API lets a webhook be registered with.
const longestTimeout = 30 * time.Second

// deadline is when the answer must be ready: the timeout the API server asks for, counted from start, less a margin for
// the way back. It is never later than the answer could still be written.
func (s *Server) deadline(query string, start time.Time) time.Time {
	timeout, ok := askedTimeout(query)
	if !ok {
		timeout = s.options.Timeout
	}
	timeout = min(timeout, longestTimeout, s.options.WriteTimeout)
	return start.Add(timeout - min(timeout/10, 250*time.Millisecond))
}

// askedTimeout reads the parameter timeout. One that says nothing sensible counts as absent: to fail for it would help nobody.
func askedTimeout(query string) (time.Duration, bool) {
	value, ok := strings.CutPrefix(query, "timeout=")
	if !ok || strings.ContainsAny(value, "&;%+") {
		values, err := url.ParseQuery(query)
		if err != nil {
			return 0, false
		}
		value = values.Get("timeout")
	}
	timeout, err := time.ParseDuration(value)
	return timeout, err == nil && timeout > 0
}
