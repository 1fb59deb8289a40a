// Package clocktest makes the times of clocks that are set while they run, as
// NTP and resumed machines set them. It is for tests.
package clocktest

import (
	"time"
	"unsafe"
)

// Set is t on a machine whose wall clock was set by so many whole seconds: the
// monotonic clock, by which times of one process are compared, did not notice.
// t must have a monotonic reading, as those of time.Now have.
func Set(t time.Time, by time.Duration) time.Time {
	set := t
	*(*uint64)(unsafe.Pointer(&set)) += uint64(by/time.Second) << 30 // seconds, see time.Time
	if !set.Equal(t) || set.Round(0).Sub(t.Round(0)) != by {
		panic("clocktest: the time has no monotonic reading, or package time has changed")
	}
	return set
}

// A Clock shows real time, and can be advanced and set. It serves one goroutine
// at a time.
type Clock struct {
	now time.Time
	set time.Duration
}

// New is a clock that is right.
func New() *Clock { return &Clock{now: time.Now()} }

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time { return Set(c.now, c.set) }

// Advance lets time pass.
func (c *Clock) Advance(d time.Duration) { c.now = c.now.Add(d) }

// Jump sets the wall clock, ahead or back, while no time passes. A machine that
// was suspended finds it ahead, too.
func (c *Clock) Jump(by time.Duration) { c.set += by }
