// SPDX-License-Identifier: Apache-2.0

package preview

import "bytes"

// states remembers objects as the audit log showed them last, so that the next change can be judged by what it makes
// worse. It is bounded by the bytes of the objects: what was not seen for longest goes first, half of all at a time.
type states struct {
	max, size    int
	young, older map[stateKey][]byte
}

// stateKey names an object. A subresource of a kind of its own, a Scale, is an object of its own.
type stateKey struct{ group, plural, kind, namespace, name string }

func newStates(limit int) states {
	return states{max: limit, young: map[stateKey][]byte{}, older: map[stateKey][]byte{}}
}

// get returns the object as it was last; nil if that is not known.
func (s *states) get(k stateKey) []byte {
	if raw, ok := s.young[k]; ok {
		return raw
	}
	return s.older[k]
}

// put remembers a copy of an object.
func (s *states) put(k stateKey, raw []byte) {
	const overhead = 256
	if s.size += len(raw) + overhead; s.size > s.max/2 {
		s.older, s.young, s.size = s.young, map[stateKey][]byte{}, len(raw)+overhead
	}
	if s.size > s.max/2 {
		s.forget(k)
		return
	}
	s.young[k] = bytes.Clone(raw)
}

// forget drops an object: it is gone, or what became of it is not known.
func (s *states) forget(k stateKey) {
	delete(s.young, k)
	delete(s.older, k)
}
