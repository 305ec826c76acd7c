// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
)

// A line or an element that is too long takes no more memory than the bound.
func TestLongRecordsTakeNoMemory(t *testing.T) {
	const max, size = 1 << 20, 40 << 20
	long := func() io.Reader { return io.LimitReader(endless{}, size) }
	for name, in := range map[string]io.Reader{
		"line":    io.MultiReader(long(), strings.NewReader("\n{}\n")),
		"element": io.MultiReader(strings.NewReader(`[{"a":"`), long(), strings.NewReader(`"},{}]`)),
	} {
		r := &records{in: bufio.NewReader(in), max: max, line: 1}
		var whole, bad int
		count := func(record []byte, _ int, err error) {
			switch {
			case err != nil:
				bad++
			case string(record) == "{}":
				whole++
			}
		}
		read := r.lines
		if r.isArray() {
			read = r.elements
		}
		if err := read(count); err != nil || whole != 1 || bad != 1 {
			t.Errorf("%s: got %d whole and %d bad, error %v; want one of each", name, whole, bad, err)
		}
		if cap(r.buf) > 2*max {
			t.Errorf("%s: the buffer grew to %d bytes, the bound is %d", name, cap(r.buf), max)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// Requests wait in a window for the rest of their lines; the oldest leaves first, and none gets lost.
func TestPendingIsAWindow(t *testing.T) {
	p := newPending()
	var got []string
	for n := range 3*window + 7 {
		for _, q := range p.add(&Request{UID: fmt.Sprint(n)}) {
			got = append(got, q.UID)
		}
		if len(p.byUID) > window || len(p.order) > window {
			t.Fatalf("%d requests wait", len(p.byUID))
		}
	}
	for _, q := range p.drain() {
		got = append(got, q.UID)
	}
	if len(got) != 3*window+7 {
		t.Errorf("got %d requests, want %d", len(got), 3*window+7)
	}
	for n, uid := range got {
		if uid != fmt.Sprint(n) {
			t.Fatalf("got request %s at %d", uid, n)
		}
	}
}
