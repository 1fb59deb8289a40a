package signer

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A streamedBody is a body that no step needs, on its way from the client to
// the partner.
type streamedBody struct {
	body  io.ReadCloser
	req   *http.Request // the client's: its trailers come with the end
	x     *Exchange
	clock *clock

	stopped atomic.Bool
	mu      sync.Mutex // held while the client's body is read
	err     error      // its end, or what it failed with
}

// Read starts the time-out anew: it counts from the last byte.
func (b *streamedBody) Read(buf []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil && b.stopped.Load() {
		b.err = errClosed
	}
	if b.err != nil {
		return 0, b.err
	}
	b.x.spent.Store(true)
	b.clock.extend(b.x.partner.timeout)
	n, err := b.body.Read(buf)
	switch {
	case err == io.EOF && len(b.req.Trailer) > 0:
		err = trailersRefused()
	case err != nil && err != io.EOF:
		err = readProblem(b.req.Context(), err)
	}
	b.err = err
	return n, err
}

// Close implements io.Closer.
func (b *streamedBody) Close() error {
	if b.x.leaveOpen {
		return nil
	}
	return b.body.Close()
}

// stop ends the reading: a server's body must not be read when its handler has
// returned, and net/http does not wait for its own reader.
func (b *streamedBody) stop() {
	if b == nil {
		return
	}
	b.stopped.Store(true)
	if b.mu.TryLock() { // nobody reads, and nobody will
		b.mu.Unlock()
		return
	}
	if b.x.readDeadline != nil && b.x.readDeadline(time.Now()) == nil {
		b.mu.Lock() // until the reader has returned
		defer b.mu.Unlock()
	}
}

// interrupt has reading the client's body fail at once, for net/http waits for its
// reader, and a server for what is left. A body that was read to its end is let be: then
// the server listens for whether its client leaves, and would take a deadline for that,
// in this request and in all that follow on the connection.
func (x *Exchange) interrupt() {
	x.mu.Lock()
	b := x.stream
	x.mu.Unlock()
	if x.readDeadline != nil && !b.whole() {
		_ = x.readDeadline(time.Now())
	}
}

// whole reports whether b was read to its end.
func (b *streamedBody) whole() bool {
	if b == nil || !b.mu.TryLock() {
		return false
	}
	defer b.mu.Unlock()
	return b.err == io.EOF
}

// A clock ends a try whose time is over, unless the answer has begun by then.
type clock struct {
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

func startClock(d time.Duration, over func()) *clock {
	c := new(clock)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.stopped {
			over()
		}
	})
	return c
}

// extend gives the try a time of d from now.
func (c *clock) extend(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.timer.Reset(d)
	}
}

// stop ends the clock: what it has not done by its return it will not do.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.timer.Stop()
}
