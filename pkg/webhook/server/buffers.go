// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"sync"
	"sync/atomic"
)

// budget is a limit shared by all requests. Nobody waits for it.
type budget struct {
	limit int64
	used  atomic.Int64
}

// take takes n, if that much is left.
func (b *budget) take(n int64) bool {
	for {
		used := b.used.Load()
		if n > b.limit-used {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

func (b *budget) give(n int64)      { b.used.Add(-n) }
func (b *budget) full() bool        { return !b.fits(1) }
func (b *budget) fits(n int64) bool { return n <= b.limit-b.used.Load() }

// turn lets as many in at a time as it has room for; the others wait, in order.
type turn chan struct{}

// enter waits until it is the caller's turn. It is false if the context ended first.
func (t turn) enter(ctx context.Context) bool {
	select {
	case t <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (t turn) leave() { <-t }

// Buffers come in five sizes, each four times the one before. Larger ones are made to measure and not kept.
const (
	smallestBuffer = 4 << 10
	largestKept    = 1 << 20
	growth         = 4
)

// buffer is memory for a body. The whole capacity is charged to the budget while it is in use.
type buffer struct {
	data []byte
	size int // index of its size, or -1 if it isn't kept
}

// buffers lends memory within a budget.
type buffers struct {
	budget budget
	kept   [5]sync.Pool
}

// get lends an empty buffer of at least n bytes, or returns nil if the budget doesn't allow it.
func (b *buffers) get(n int64) *buffer {
	size, capacity := -1, n
	if n <= largestKept {
		size, capacity = 0, smallestBuffer
		for capacity < n {
			size, capacity = size+1, capacity*growth
		}
	}
	if !b.budget.take(capacity) {
		return nil
	}
	if size >= 0 {
		if kept, ok := b.kept[size].Get().(*buffer); ok {
			return kept
		}
	}
	return &buffer{data: make([]byte, 0, capacity), size: size}
}

// put takes a buffer back.
func (b *buffers) put(lent *buffer) {
	b.budget.give(int64(cap(lent.data)))
	if lent.size >= 0 {
		lent.data = lent.data[:0]
		b.kept[lent.size].Put(lent)
	}
}

// grow moves what lent holds to a buffer of at least n bytes and takes lent back in any case.
func (b *buffers) grow(lent *buffer, n int64) *buffer {
	larger := b.get(n)
	if larger != nil {
		larger.data = append(larger.data, lent.data...)
	}
	b.put(lent)
	return larger
}
