package token

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// An entry is what is kept of the tokens of one grant. When a token ends is told
// by the partner's clock, how long ago something was by time.Now.
type entry struct {
	current atomic.Pointer[issued] // nil: there is no token
	used    uint64                 // the higher, the later; guarded by the store

	mu       sync.Mutex
	flight   *flight // nil: nobody asks for a token
	failures int     // one after another
	last     Result  // what became of a token last, for State; "": nothing yet
	lastAt   time.Time
	problem  *signer.Problem
	retryAt  time.Time // not asked before
	renewAt  time.Time // a token that is refused is not forgotten before
	pause    time.Duration
}

// A flight is one request for a token, for all who wait for it. What it brings
// is there when it is done.
type flight struct {
	done    chan struct{}
	token   *issued
	problem *signer.Problem // if token is nil
}

const (
	// A source that fails is asked again after minBackoff, twice that and so on
	// up to maxBackoff, less up to half of it at random.
	minBackoff, maxBackoff = time.Second, time.Minute
	// maxRetryAfter is the longest Retry-After that is believed.
	maxRetryAfter = time.Hour
	// Refused tokens are renewed once in minRenewal. While the partner takes
	// none of the new ones either, that doubles up to maxRenewal.
	minRenewal, maxRenewal = 10 * time.Second, 5 * time.Minute
)

// join returns the request for a token that runs. If none does it makes one in
// place of seen, which start then carries out. After a failure it is too early
// for that until the pause is over: a problem.
func (e *entry) join(seen *issued, start func(*flight)) (*flight, *signer.Problem) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.flight != nil {
		return e.flight, nil
	}
	if t := e.current.Load(); t != nil && t != seen { // it came in between
		done := make(chan struct{})
		close(done)
		return &flight{done: done, token: t}, nil
	}
	if left := time.Until(e.retryAt); left > 0 {
		problem := *e.problem
		problem.RetryAfter = left
		return nil, &problem
	}
	e.flight = &flight{done: make(chan struct{})}
	go start(e.flight)
	return e.flight, nil
}

// land ends a flight with a token or, if it is nil, with a problem.
func (e *entry) land(f *flight, t *issued, problem *signer.Problem) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last, e.lastAt = Refreshed, time.Now()
	if t != nil {
		e.failures, e.problem, e.retryAt = 0, nil, time.Time{}
		e.current.Store(t)
	} else {
		e.last = Failed
		backoff := min(minBackoff<<min(e.failures, 6), maxBackoff)
		e.failures++
		backoff = max(backoff/2+rand.N(backoff/2+1), min(problem.RetryAfter, maxRetryAfter))
		told := *problem
		told.RetryAfter = backoff
		problem, e.problem, e.retryAt = &told, &told, time.Now().Add(backoff)
	}
	f.token, f.problem, e.flight = t, problem, nil
	close(f.done)
}

// forget takes away a token that the partner has refused, which is done once in
// a while. renew reports whether another may be had: also if it is there.
func (e *entry) forget(t *issued) (forgotten, renew bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	switch {
	case e.current.Load() != t:
		return false, true
	case now.Before(e.renewAt):
		return false, false
	}
	e.pause = min(2*e.pause, maxRenewal)
	if t.accepted.Load() || e.pause == 0 {
		e.pause = minRenewal
	}
	e.last, e.lastAt = Refused, now
	e.renewAt = now.Add(e.pause)
	e.current.Store(nil)
	return true, true
}

// isIdle reports whether nothing is lost with e.
func (e *entry) isIdle(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.current.Load()
	return e.flight == nil && (t == nil || !isBefore(now, t.expiry)) && now.After(e.retryAt) && now.After(e.renewAt)
}
