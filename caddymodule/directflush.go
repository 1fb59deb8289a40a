package caddymodule

import (
	"io"
	"sync"
	"time"
)

// A flusher passes each piece on at once, and the header even if no piece follows.
type flusher struct {
	to    io.Writer
	flush func() error

	mu      sync.Mutex
	flushed bool
	timer   *time.Timer
}

// start has the header flushed soon: a piece that comes with it goes with it.
func (f *flusher) start() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.timer = time.AfterFunc(0, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.flushed {
			f.flushed = true
			_ = f.flush()
		}
	})
}

// Write implements io.Writer.
func (f *flusher) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushed = true
	n, err := f.to.Write(p)
	_ = f.flush() // not every handler's writer can
	return n, err
}

// stop ends the flusher: after its return it does nothing.
func (f *flusher) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushed = true
	f.timer.Stop()
}
