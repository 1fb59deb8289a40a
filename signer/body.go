package signer

import (
	"context"
	"crypto"
	_ "crypto/sha256" // the hashes of RFC 9530
	_ "crypto/sha512"
	"errors"
	"hash"
	"io"
	"math"
	"net/http"
	"os"
	"sync"
	"time"
)

// A Body is the whole body of a client request, read once for all attempts.
type Body struct {
	data   []byte
	buffer *buffer // whose memory it is, nil: its own
	sums   [2]sum  // SHA-256 and SHA-512
}

type sum struct {
	value [64]byte
	known bool
}

// NewBody makes a body of data, which must not change afterwards.
func NewBody(data []byte) *Body { return &Body{data: data} }

// Bytes is the body. It must not be changed, nor looked at when the exchange has
// ended, unless it is kept: the memory may be another body's by then.
func (b *Body) Bytes() []byte { return b.data }

// Len is the number of bytes. It is 0 for a nil Body.
func (b *Body) Len() int {
	if b == nil {
		return 0
	}
	return len(b.data)
}

// Sum is the body's hash with SHA-256 or SHA-512, computed once.
func (b *Body) Sum(h crypto.Hash) []byte {
	s := &b.sums[sumIndex(h)]
	if !s.known {
		hasher := hashers[sumIndex(h)].Get().(hash.Hash)
		hasher.Reset()
		hasher.Write(b.data)
		s.take(h, hasher)
	}
	return s.value[:h.Size()]
}

func (s *sum) take(h crypto.Hash, hasher hash.Hash) {
	hasher.Sum(s.value[:0])
	s.known = true
	hashers[sumIndex(h)].Put(hasher)
}

var hashers = [2]sync.Pool{
	{New: func() any { return crypto.SHA256.New() }},
	{New: func() any { return crypto.SHA512.New() }},
}

func sumIndex(h crypto.Hash) int {
	switch h {
	case crypto.SHA256:
		return 0
	case crypto.SHA512:
		return 1
	}
	panic("signer: bodies are hashed with SHA-256 and SHA-512 only")
}

const (
	// smallBody is what is allocated at first for a body of unknown length, and
	// for a large one: a client that announces it and sends nothing holds no more.
	smallBody = 4 << 10
	// largeBody is the length of bodies that are not allocated at once.
	largeBody = 64 << 10
)

// readBody reads the body of req within max bytes and the memory that is left,
// computing digests on the way.
func (x *Exchange) readBody(req *http.Request, length int64) (_ *Body, err error) {
	p, body := x.partner, new(Body)
	whole := false
	defer func() {
		if !whole { // or the reader has panicked
			x.release()
			body.buffer.release()
		}
	}()
	if length > p.maxBody {
		return nil, tooLarge(p.maxBody)
	}
	known := length >= 0
	size := length
	switch {
	case !known:
		size = min(smallBody, p.maxBody)
	case !p.memory.fits(length):
		return nil, memoryExhausted() // before it has begun to arrive
	case length > largeBody:
		size = smallBody
	}
	if err := x.reserve(size); err != nil {
		return nil, err
	}

	body.allocate(int(size))
	hashing := make([]hash.Hash, len(p.digests))
	for i, h := range p.digests {
		hashing[i] = hashers[sumIndex(h)].Get().(hash.Hash)
		hashing[i].Reset()
	}
	n := 0
	var probe [1]byte
	x.spent.Store(true) // and not to be read on by another attempt, unless it is held in the end
	for {
		into := body.data[n:]
		if len(into) == 0 {
			into = probe[:] // is that all?
		}
		m, end := req.Body.Read(into)
		if end == io.EOF {
			x.setArriving(false)
		}
		if m > 0 && n == len(body.data) {
			switch {
			case known && int64(n) == length:
				return nil, InvalidRequest.Problem("the body is longer than its Content-Length")
			case int64(n) >= p.maxBody:
				return nil, tooLarge(p.maxBody)
			case known:
				err = x.grow(body, n, length, length-int64(n)) // body_memory need not be more than max_body
			default:
				size = min(2*int64(n), p.maxBody)
				err = x.grow(body, n, size, size)
			}
			if err != nil {
				return nil, err
			}
			body.data[n] = probe[0]
		}
		for _, h := range hashing {
			h.Write(body.data[n : n+m])
		}
		n += m
		if end == io.EOF {
			break
		}
		if end != nil {
			return nil, readProblem(req.Context(), end)
		}
	}
	if known && int64(n) < length {
		return nil, InvalidRequest.Problem("the body is shorter than its Content-Length")
	}
	if len(req.Trailer) > 0 {
		return nil, trailersRefused()
	}
	whole = true
	x.spent.Store(false)
	body.data = body.data[:n:n]
	for i, h := range p.digests {
		body.sums[sumIndex(h)].take(h, hashing[i])
	}
	return body, nil
}

// grow moves the first n bytes of body into a buffer of size bytes, for which
// it takes more memory.
func (x *Exchange) grow(body *Body, n int, size, more int64) error {
	if err := x.reserve(more); err != nil {
		return err
	}
	before := *body
	body.allocate(int(size))
	copy(body.data, before.data[:n])
	before.buffer.release()
	x.giveBack(int64(len(before.data)) + more - size)
	return nil
}

// reserve takes n bytes of the memory, which release gives back.
func (x *Exchange) reserve(n int64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.closed:
		return errClosed
	case !x.partner.memory.reserve(n):
		return memoryExhausted()
	}
	x.reserved += n
	return nil
}

func (x *Exchange) giveBack(n int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	n = min(n, x.reserved) // Close may have given it back already
	x.reserved -= n
	x.partner.memory.release(n)
}

// release gives back all that is reserved.
func (x *Exchange) release() { x.giveBack(math.MaxInt64) }

// readProblem comes before the context is asked: net/http ends a request whose
// read deadline has passed as if its client had left.
func readProblem(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return TooSlow.Problem("the body did not arrive in time").Because(err)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return InvalidRequest.Problem("the body could not be read to its end").Because(err)
}

func tooLarge(limit int64) *Problem {
	return BodyTooLarge.Problem("the body must be held to be signed, and max_body is %d bytes", limit)
}

func memoryExhausted() *Problem {
	p := MemoryExhausted.Problem("body_memory is taken by the bodies of other requests; try again")
	p.RetryAfter = time.Second
	return p
}

func trailersRefused() *Problem {
	return InvalidRequest.Problem("the request has trailers, which cannot be forwarded; send them as headers")
}
