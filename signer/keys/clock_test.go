package keys_test

import (
	"testing"
	"time"
)

// A file that changes is read within a second of the clock's being set: ahead,
// back, and back and forth.
func TestClockIsSetBesideFiles(t *testing.T) {
	for _, jump := range []time.Duration{-time.Hour, time.Hour, -1000 * time.Hour, -time.Second} {
		f := newFollowedFiles(t)
		write(t, f.secretPath, "new")
		write(t, f.keyPath, pkcs8(newKey))
		f.want("old", oldKey) // within the second in which they were read
		f.advance(jump)
		f.want("new", newKey)
		write(t, f.secretPath, "newer")
		f.advance(-jump)
		f.want("newer", newKey)
		f.wantTold([]string{"", ""}, []string{""})
	}
}
