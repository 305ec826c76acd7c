// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// splitter takes lists apart as they come in. It holds one object at a time, and keeps that memory for the next.
type splitter struct{ dec *jsontext.Decoder }

// listMeta is what a list says of itself.
type listMeta struct {
	Continue  string `json:"continue"`
	Remaining int    `json:"remainingItemCount"`
}

// What is malformed inside an object is the concern of whoever decodes it.
var splitOptions = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// list reads one list. It calls known when the list has told of itself, which for custom resources comes last, and item
// for each object in it; what item gets is gone with the next call.
func (s *splitter) list(r io.Reader, known func(listMeta), item func(raw []byte) error) (listMeta, error) {
	if s.dec == nil {
		s.dec = jsontext.NewDecoder(r, splitOptions...)
	} else {
		s.dec.Reset(r, splitOptions...)
	}
	var meta listMeta
	err := s.members('{', func() error {
		name, err := s.dec.ReadToken()
		if err != nil {
			return err
		}
		switch name.String() {
		case "metadata":
			err = json.UnmarshalDecode(s.dec, &meta)
			known(meta)
		case "items":
			if s.dec.PeekKind() == 'n' {
				return s.dec.SkipValue()
			}
			err = s.members('[', func() error {
				raw, err := s.dec.ReadValue()
				if err != nil {
					return err
				}
				return item(raw)
			})
		default:
			err = s.dec.SkipValue()
		}
		return err
	})
	return meta, err
}

// members calls each for every member of the object or list that follows, until its end.
func (s *splitter) members(open jsontext.Kind, each func() error) error {
	start, err := s.dec.ReadToken()
	if err != nil {
		return brokenOff(err)
	}
	if start.Kind() != open {
		return fmt.Errorf("read the list: got %q where a list was expected", start)
	}
	for {
		switch s.dec.PeekKind() {
		case '}', ']':
			_, err := s.dec.ReadToken()
			return err
		}
		// What PeekKind could not read, each meets again.
		if err := each(); err != nil {
			return brokenOff(err)
		}
	}
}

// brokenOff tells the end of a body from that of a list.
func brokenOff(err error) error {
	if err == io.EOF { //nolint:errorlint // the decoder returns it as it is
		return io.ErrUnexpectedEOF
	}
	return err
}
