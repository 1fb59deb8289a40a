package signer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A Retry says that a request is sent again, with the same body, the same
// idempotency key and a new signature, after some answers. Of several that fit
// an answer the first decides.
type Retry struct {
	// On selects the requests. Their bodies are held, to be sent again.
	On Match
	// BodyHas is a JSON pointer (RFC 6901) to a string or number that the body
	// must hold, such as the reference by which the partner knows a call
	// again. Empty: nothing.
	BodyHas string
	// Status are the answers. Required.
	Status []int
	// Attempts is how often the request is sent at most. Default: 3.
	Attempts int
	// MinBackoff is waited before the second attempt, twice that before the
	// third and so on, less up to half of it at random; no longer than
	// MaxBackoff. A Retry-After that is longer is followed. What would end
	// after the partner's Timeout is not begun. Default: 200 ms and 5 s.
	MinBackoff, MaxBackoff time.Duration
}

// What a Retry does unless told otherwise.
const (
	DefaultAttempts   = 3
	DefaultMinBackoff = 200 * time.Millisecond
	DefaultMaxBackoff = 5 * time.Second
)

// CheckRetry says what is wrong with a retry.
func CheckRetry(r Retry) error {
	_, err := checkRetries([]Retry{r})
	return err
}

func checkRetries(retries []Retry) ([]Retry, error) {
	retries = slices.Clone(retries)
	for i := range retries {
		r := &retries[i]
		r.Attempts = cmp.Or(r.Attempts, DefaultAttempts)
		r.MinBackoff = cmp.Or(r.MinBackoff, DefaultMinBackoff)
		r.MaxBackoff = cmp.Or(r.MaxBackoff, max(r.MinBackoff, DefaultMaxBackoff))
		switch {
		case len(r.Status) == 0:
			return nil, errors.New("a retry needs the status codes after which it is done")
		case slices.ContainsFunc(r.Status, func(code int) bool { return code < 400 || code > 599 }):
			return nil, errors.New("a retry is for status codes from 400 to 599")
		case r.Attempts < 2:
			return nil, errors.New("a retry needs at least two attempts")
		case r.MinBackoff < 0 || r.MaxBackoff < r.MinBackoff:
			return nil, errors.New("the backoff of a retry is a shorter and a longer duration")
		case r.BodyHas != "" && r.BodyHas[0] != '/':
			return nil, errors.New("what the body must have is a JSON pointer, such as /externalId")
		}
	}
	return retries, nil
}

// retried reports whether the request may have to be sent again, so that its
// body must be held.
func (p *Partner) retried(r *Request) bool {
	return slices.ContainsFunc(p.retries, func(retry Retry) bool { return retry.On.Matches(r.Method, r.Path) })
}

// pause is how long to wait until the request is sent again because of its
// answer, or not ok.
func (x *Exchange) pause(r *Request, res *http.Response) (_ time.Duration, ok bool) {
	retries := x.partner.retries
	i := slices.IndexFunc(retries, func(retry Retry) bool {
		return slices.Contains(retry.Status, res.StatusCode) && retry.On.Matches(r.Method, r.Path) && retry.fits(r.Body)
	})
	if i < 0 || r.Body == nil {
		return 0, false
	}
	retry := &retries[i]
	if x.retries == nil {
		x.retries = make([]int, len(retries))
	}
	if x.retries[i]+1 >= retry.Attempts {
		return 0, false
	}
	wait := retry.MaxBackoff
	if n := x.retries[i]; n < 32 && retry.MinBackoff<<n < wait && retry.MinBackoff<<n > 0 {
		wait = retry.MinBackoff << n
	}
	wait = max(wait/2+rand.N(wait/2+1), ParseRetryAfter(res.Header, x.partner.now()))
	if time.Until(x.deadline) <= wait {
		return 0, false
	}
	x.retries[i]++
	return wait, true
}

func (retry *Retry) fits(body *Body) bool {
	if retry.BodyHas == "" {
		return true
	}
	_, ok, err := lookupJSON(body.Bytes(), retry.BodyHas)
	return ok && err == nil
}

// rest waits, unless the client leaves or the exchange is closed.
func (x *Exchange) rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	if x.setResting(timer) {
		return errClosed
	}
	select {
	case <-ctx.Done():
		x.setResting(nil)
		return errClientLeft
	case <-timer.C:
	}
	if x.setResting(nil) {
		return errClosed
	}
	return nil
}

// setResting reports whether the exchange is closed.
func (x *Exchange) setResting(timer *time.Timer) (closed bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.resting = timer
	return x.closed
}

// discard ends an answer that nobody will get. What is short, and there soon, is
// read to its end, so that the connection can be used again.
func (x *Exchange) discard(res *http.Response) {
	if res.Body == nil {
		return
	}
	timer := time.AfterFunc(time.Second, func() { x.end(errClosed) })
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10)
	_ = res.Body.Close()
}

// ParseRetryAfter reads Retry-After, which is seconds or a date (RFC 9110
// section 10.2.3); 0 if there is neither. A date counts from the Date of the
// same answer, which the same clock has set, or else from now.
func ParseRetryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		if sent, err := http.ParseTime(h.Get("Date")); err == nil {
			now = sent
		}
		return max(0, date.Sub(now))
	}
	return 0
}
