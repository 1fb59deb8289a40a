package signer

import (
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Close waits for who reads the client's body, who may wait for the clock, which has
// run out and ends the attempt.
func TestCloseWhenTheTimeIsOver(t *testing.T) {
	x := newExchange(t, time.Hour)
	waiting := make(chan struct{})
	x.SetReadDeadline(func(time.Time) error { close(waiting); return nil })
	c := &clock{over: func() {}}
	c.start(time.Hour)
	defer c.timer.Stop()
	req, _ := http.NewRequest("POST", "/", strings.NewReader(strings.Repeat(" ", 5000)))
	b := &streamedBody{body: req.Body, req: req, x: x, clock: c}
	x.setStream(b)
	x.begin(func(error) {})

	done := make(chan struct{}, 2)
	c.mu.Lock() // as the timer's function does
	go func() { _, _ = b.Read(make([]byte, 1)); done <- struct{}{} }()
	for b.mu.TryLock() {
		b.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	go func() { x.Close(); done <- struct{}{} }()
	<-waiting
	go func() { x.end(errTooSlow); c.mu.Unlock() }()
	for range 2 {
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatal("they wait for each other")
		}
	}
}

// What a body takes while its exchange is closed is given back, or not had.
func TestCloseWhileMemoryIsTaken(t *testing.T) {
	for range 2000 {
		x := newExchange(t, time.Minute)
		begun := make(chan struct{}, 4)
		var takers sync.WaitGroup
		for range cap(begun) {
			takers.Go(func() {
				for n := 0; x.reserve(1) == nil; n++ {
					if n == 10 {
						begun <- struct{}{}
					}
					if n%100 == 99 {
						runtime.Gosched() // for Close, with one processor
					}
				}
			})
		}
		<-begun
		x.Close()
		takers.Wait()
		if used := x.partner.memory.Used(); used != 0 {
			t.Fatalf("%d bytes of memory are used", used)
		}
	}
}
