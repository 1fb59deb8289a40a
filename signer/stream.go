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

func (x *Exchange) setStream(b *streamedBody) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stream = b
}

// setArriving tells whether the client's body is on its way.
func (x *Exchange) setArriving(arriving bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.arriving = arriving
}

// interrupt has reading the client's body fail at once, for net/http waits for its
// reader, and a server for what is left. A body that was read to its end is let be: then
// the server listens for whether its client leaves, and would take a deadline for that,
// in this request and in all that follow on the connection.
func (x *Exchange) interrupt() {
	x.mu.Lock()
	arriving := x.arriving && !x.stream.whole()
	x.mu.Unlock()
	if arriving && x.readDeadline != nil {
		_ = x.readDeadline(time.Now()) // a server without deadlines has its own time-outs
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

// A clock ends an attempt whose time is over, unless the answer has begun by then.
type clock struct {
	over func()

	mu      sync.Mutex
	timer   *time.Timer
	running bool
}

// start begins a time of d from now, or begins it anew.
func (c *clock) start(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running = true; c.timer != nil {
		c.timer.Reset(d)
		return
	}
	c.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.running {
			c.over()
		}
	})
}

// extend gives an attempt that goes on a time of d from now.
func (c *clock) extend(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		c.timer.Reset(d)
	}
}

// stop ends the time: what was not done by its return will not be done.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = false
	c.timer.Stop()
}
