package signer

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// A streamedBody is a body that no step needs, on its way from the client to
// the partner.
type streamedBody struct {
	io.ReadCloser
	req   *http.Request // the client's: its trailers come with the end
	x     *Exchange
	clock *clock
}

// Read starts the time-out anew: it counts from the last byte.
func (b *streamedBody) Read(buf []byte) (int, error) {
	b.x.spent.Store(true)
	b.clock.extend(b.x.partner.timeout)
	n, err := b.ReadCloser.Read(buf)
	switch {
	case err == io.EOF && len(b.req.Trailer) > 0:
		err = trailersRefused()
	case err != nil && err != io.EOF:
		err = readProblem(b.req.Context(), err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *streamedBody) Close() error {
	if b.x.leaveOpen {
		return nil
	}
	return b.ReadCloser.Close()
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
