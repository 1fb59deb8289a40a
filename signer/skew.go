package signer

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A Skew is how far a partner's clock is from this machine's, as the Date of an
// answer shows it. The zero value: not known.
type Skew struct {
	// Offset is positive when the partner's clock is ahead, and negative when
	// it is behind.
	Offset time.Duration
	// Uncertainty is by how much Offset may be wrong, either way: half a second,
	// as Date has whole ones, and half of what the answer took.
	Uncertainty time.Duration
}

// Known reports whether the answer told anything.
func (s Skew) Known() bool { return s.Uncertainty > 0 }

// Beyond reports whether the clocks are further apart than limit for certain.
func (s Skew) Beyond(limit time.Duration) bool {
	return s.Known() && s.Offset.Abs()-s.Uncertainty > limit
}

// Dates are what answers have told, of which the last is kept: for a second
// they tell the same, and to read it takes as long as a small HMAC.
type dates struct{ last atomic.Pointer[date] }

type date struct {
	text string
	at   time.Time
}

func (d *dates) parse(text string) (time.Time, error) {
	if last := d.last.Load(); last != nil && last.text == text {
		return last.at, nil
	}
	at, err := http.ParseTime(text)
	if err == nil {
		d.last.Store(&date{strings.Clone(text), at})
	}
	return at, err
}

// skew reads the Date of an answer that came after took, at the time now. The
// partner set it somewhere in between, unless a cache has kept the answer.
func (d *dates) skew(method string, h http.Header, now time.Time, took time.Duration) Skew {
	if told := h["Date"]; len(told) == 1 && !mayBeKept(method, h) {
		if at, err := d.parse(told[0]); err == nil {
			const half = time.Second / 2
			return Skew{at.Add(half).Sub(now.Add(-took / 2)), half + took/2}
		}
	}
	return Skew{}
}

// mayBeKept reports whether the answer may come from a cache. Those have an Age
// (RFC 9111 section 5.1), which some leave out: what may be kept at all, as its
// headers say, does not count either.
func mayBeKept(method string, h http.Header) bool {
	if age := h["Age"]; len(age) > 1 || len(age) == 1 && age[0] != "0" {
		return true
	}
	if method != http.MethodGet && method != http.MethodHead {
		return false
	}
	if control := h["Cache-Control"]; len(control) > 0 {
		return !slices.ContainsFunc(control, func(line string) bool {
			return strings.Contains(line, "no-store") || strings.Contains(line, "no-cache") || strings.Contains(line, "private")
		})
	}
	return len(h["Expires"]) > 0 || len(h["Last-Modified"]) > 0
}
