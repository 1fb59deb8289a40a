package partnertest

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// A recorder keeps requests in the order in which they were read to the end.
type recorder struct {
	mu       sync.Mutex
	requests []*Request
	more     chan struct{} // closed when a request is added; nil when nobody waits
}

func (c *recorder) add(r *Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
	if c.more != nil {
		close(c.more)
		c.more = nil
	}
}

// state returns what is recorded and a channel that is closed when there is more.
func (c *recorder) state() ([]*Request, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.more == nil {
		c.more = make(chan struct{})
	}
	return slices.Clone(c.requests), c.more
}

// Requests returns everything received since the last Reset, incomplete requests
// included (see [Request.Err]).
func (p *Partner) Requests() []*Request {
	requests, _ := p.seen.state()
	return requests
}

// Last returns the latest request, or nil when there is none.
func (p *Partner) Last() *Request {
	requests := p.Requests()
	if len(requests) == 0 {
		return nil
	}
	return requests[len(requests)-1]
}

// Wait waits until n requests are recorded, and returns all that are. After the
// timeout it returns what there is, and an error with the number.
func (p *Partner) Wait(n int, timeout time.Duration) ([]*Request, error) {
	late := time.After(timeout)
	for {
		requests, more := p.seen.state()
		if len(requests) >= n {
			return requests, nil
		}
		select {
		case <-more:
		case <-late:
			return requests, fmt.Errorf("partnertest: %d requests after %s, want %d", len(requests), timeout, n)
		}
	}
}

// Reset forgets what is recorded, and also nonces, signatures and idempotency keys.
func (p *Partner) Reset() {
	p.seen.mu.Lock()
	p.seen.requests = nil
	p.seen.mu.Unlock()
	p.verifier.forget()
}
