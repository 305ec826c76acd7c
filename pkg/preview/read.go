// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// each calls f with every record of a stream, and the line where it begins: each line is one, or each element where the
// stream is a JSON array, as `az -o json` prints it. Compressed streams are told by their first bytes. The record is only
// lent. What is longer than the bound is a problem, and so is what f can't read; reading goes on behind it.
func (p *Preview) each(name string, r io.Reader, f func(record []byte) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("read compressed file: %w", err)
		}
		defer z.Close() //nolint:errcheck // it was only read
		in = bufio.NewReaderSize(z, 1<<16)
	}
	handle := func(record []byte, line int, err error) {
		if err == nil && len(record) > 0 {
			err = f(record)
		}
		if err != nil {
			p.problem(name, line, err)
		}
	}
	next := &records{in: in, max: p.MaxLine, line: 1}
	if next.isArray() {
		return next.elements(handle)
	}
	return next.lines(handle)
}

// records splits a stream into records of bounded size.
type records struct {
	in   *bufio.Reader
	max  int
	line int
	buf  []byte
}

func (r *records) tooLong(n int) error {
	return fmt.Errorf("a record of %d bytes: longer than the bound of %d", n, r.max)
}

// isArray says whether the stream is a JSON array of objects. A line may begin with a bracket too: `kubectl logs
// --prefix` puts the pod's name in such.
func (r *records) isArray() bool {
	head, _ := r.in.Peek(512)
	head = bytes.TrimLeft(head, "\ufeff \t\r\n")
	if len(head) == 0 || head[0] != '[' {
		return false
	}
	head = bytes.TrimLeft(head[1:], " \t\r\n")
	return len(head) > 0 && (head[0] == '{' || head[0] == ']')
}

func (r *records) lines(f func(record []byte, line int, err error)) error {
	for {
		record, n, err := r.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n > r.max {
			f(nil, r.line, r.tooLong(n))
		} else {
			f(bytes.TrimSpace(record), r.line, nil)
		}
		if err != nil {
			return nil
		}
		r.line++
	}
}

// next returns a line and how long it was; one that is too long is passed over, in bounded memory. Most fit the reader's
// own buffer and are not copied.
func (r *records) next() (record []byte, n int, err error) {
	record, err = r.in.ReadSlice('\n')
	n = len(record)
	if !errors.Is(err, bufio.ErrBufferFull) {
		return record, n, err
	}
	r.buf = append(r.buf[:0], record...)
	for errors.Is(err, bufio.ErrBufferFull) {
		record, err = r.in.ReadSlice('\n')
		n += len(record)
		if n <= r.max {
			r.buf = append(r.buf, record...)
		}
	}
	return r.buf, n, err
}

// elements reads the objects of a JSON array, however they are laid out. It looks at braces and strings only: whether
// what stands between is JSON shows when it is decoded.
func (r *records) elements(f func(record []byte, line int, err error)) error {
	var e element
	for {
		c, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) {
			if e.depth > 0 {
				f(nil, e.line, io.ErrUnexpectedEOF)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if c == '\n' {
			r.line++
		}
		before := e.depth
		e.step(c)
		if before == 0 && e.depth == 0 {
			continue
		}
		if before == 0 {
			r.buf, e.size, e.line = r.buf[:0], 0, r.line
		}
		if e.size++; e.size <= r.max {
			r.buf = append(r.buf, c)
		}
		if e.depth > 0 {
			continue
		}
		if e.size > r.max {
			f(nil, e.line, r.tooLong(e.size))
		} else {
			f(r.buf, e.line, nil)
		}
	}
}

// element is where in an array of objects a byte stands.
type element struct {
	depth           int
	inText, escaped bool
	size, line      int
}

func (e *element) step(c byte) {
	switch {
	case e.escaped:
		e.escaped = false
	case e.inText:
		e.escaped, e.inText = c == '\\', c != '"'
	case c == '"':
		e.inText = e.depth > 0
	case c == '{':
		e.depth++
	case c == '}' && e.depth > 0:
		e.depth--
	}
}
