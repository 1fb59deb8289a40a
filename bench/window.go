package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// A window is what the partner sees of one measurement.
type window struct {
	every       int64 // of so many requests one is kept
	limit       int64 // and no more than so many
	requests    atomic.Int64
	connections atomic.Int64 // that had a request

	mu      sync.Mutex
	samples []sample
}

// A sample is a request as it came over the wire, its body without chunks.
type sample struct {
	Head, Body []byte
	Secure     bool // it came over TLS
	At         time.Time
}

// next counts a request and tells whether to keep it.
func (w *window) next() bool {
	n := w.requests.Add(1) - 1
	return w.limit > 0 && n%w.every == 0 && n/w.every < w.limit
}

func (w *window) keep(s sample) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.samples = append(w.samples, s)
}

// kept are the samples so far.
func (w *window) kept() []sample {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.samples[:len(w.samples):len(w.samples)]
}
