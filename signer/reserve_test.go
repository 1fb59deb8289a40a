package signer

import (
	"sync"
	"testing"
)

// What is refused takes nothing, not even for a moment: others have room.
func TestRefusalDoesNotCrowdOut(t *testing.T) {
	m := NewMemory(10)
	stop := make(chan struct{})
	var large sync.WaitGroup
	large.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if m.reserve(11) {
					t.Error("11 of 10 bytes were reserved")
				}
			}
		}
	})
	for range 200_000 {
		if !m.reserve(10) {
			t.Error("10 of 10 bytes were refused")
			break
		}
		m.release(10)
	}
	close(stop)
	large.Wait()
	if m.Used() != 0 {
		t.Errorf("%d bytes are used", m.Used())
	}
}
