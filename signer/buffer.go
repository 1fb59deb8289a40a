package signer

import (
	"bytes"
	"io"
	"math/bits"
	"net/http"
	"sync"
	"sync/atomic"
)

// A buffer is the memory of a large body. It serves other bodies after this one,
// anybody's, but not before nobody can read this one any more: its exchange has let
// go of it, and so has each reader that net/http was given, by closing it. What
// somebody forgets to let go of serves nobody else, and is collected as garbage.
type buffer struct {
	data  []byte
	users atomic.Int32
}

const (
	smallBuffer = 32 << 10 // up to here a buffer would not pay
	largeBuffer = 16 << 20 // beyond, one is seldom needed again
)

// buffers are what nobody uses now. The collector takes those that stay unused.
var buffers [4 * (bufferShifts + 1)]sync.Pool

// Of each doubling there are buffers of four sizes: no body takes a quarter more
// than it has.
const (
	smallShift   = 16 - 3 // of 32 KiB and a byte
	bufferShifts = 24 - 3 - smallShift
)

// bufferSize is the size of the buffers for bodies of n bytes, and their place.
func bufferSize(n int) (size, place int) {
	shift := bits.Len(uint(n-1)) - 3
	steps := (n - 1) >> shift // 4 to 7
	return (steps + 1) << shift, 4*(shift-smallShift) + steps - 4
}

// newBuffer is for a body of n bytes. It holds what others have left in it. Nil:
// for this length there are none.
func newBuffer(n int) *buffer {
	if n <= smallBuffer || n > largeBuffer {
		return nil
	}
	size, place := bufferSize(n)
	b, ok := buffers[place].Get().(*buffer)
	if !ok {
		b = &buffer{data: make([]byte, size)}
	}
	b.users.Store(1)
	return b
}

// release says that one who could read the buffer will not do so again.
func (b *buffer) release() {
	if b != nil && b.users.Add(-1) == 0 {
		_, place := bufferSize(len(b.data))
		buffers[place].Put(b)
	}
}

// reader reads the first n bytes of the buffer, and keeps it until it is closed.
func (b *buffer) reader(n int) io.ReadCloser {
	b.users.Add(1)
	return &bufferReader{buffer: b, rest: b.data[:n]}
}

// A bufferReader hands out copies only: net/http may have one goroutine read it
// while another closes it.
type bufferReader struct {
	mu     sync.Mutex
	buffer *buffer // nil: closed
	rest   []byte
}

// Read implements io.Reader.
func (r *bufferReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.buffer == nil:
		return 0, errClosed
	case len(r.rest) == 0:
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close implements io.Closer.
func (r *bufferReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buffer.release()
	r.buffer, r.rest = nil, nil
	return nil
}

// allocate gives the body n bytes, whatever they hold.
func (b *Body) allocate(n int) {
	if b.buffer = newBuffer(n); b.buffer != nil {
		b.data = b.buffer.data[:n]
	} else {
		b.data = make([]byte, n)
	}
}

// reader gives the body to net/http. One without a buffer has the form that it
// writes together with the headers, in one system call.
func (b *Body) reader() io.ReadCloser {
	switch {
	case b.Len() == 0:
		return http.NoBody
	case b.buffer != nil:
		return b.buffer.reader(len(b.data))
	}
	return io.NopCloser(bytes.NewReader(b.data))
}

// Keep has the memory of the body serve no other one. A step calls it to look at
// the body when the exchange has ended.
func (b *Body) Keep() { b.buffer = nil }
