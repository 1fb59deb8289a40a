package capture

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// parseExpiry reads the time that a JSON value names: RFC 3339, or seconds or
// milliseconds since 1970, as a number or a string.
func parseExpiry(value []byte) (time.Time, bool) {
	text := string(value)
	if len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) != nil {
		return time.Time{}, false
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, true
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n <= 0 || n > maxMilliseconds {
		return time.Time{}, false
	}
	if n < firstMilliseconds {
		n *= 1000
	}
	return time.UnixMilli(int64(n)), true
}

const (
	// firstMilliseconds is read as milliseconds, in 1973; as seconds it would
	// be in the year 5138.
	firstMilliseconds = 1e11
	maxMilliseconds   = 253402300799999 // the end of the year 9999
)

// life is when a token ends that was made now, by what its answer says. What is
// no time, or over before it begins, is not believed: a token that is sent too
// long is refused, one that is not sent cannot be made again. For the same
// reason it ends by the monotonic clock, where there is one: the wall clock may
// be set ahead, and back again.
func (c *Capture) life(answer []byte, now time.Time) time.Time {
	if c.expiresAt != nil {
		if t, ok := parseExpiry(c.expiresAt.find(answer)); ok && t.After(now) {
			return now.Add(t.Sub(now))
		}
	}
	return now.Add(c.defaultLife)
}
