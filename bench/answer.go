package main

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// An answer is made once a second, for its Date.
type datedAnswer struct {
	second int64
	text   []byte
}

var lastAnswer atomic.Pointer[datedAnswer]

// answer is what the partner says to every request.
func answer(now time.Time) []byte {
	if last := lastAnswer.Load(); last != nil && last.second == now.Unix() {
		return last.text
	}
	const body = `{"id":"pay_01","status":"accepted"}`
	text := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		now.UTC().Format(http.TimeFormat), len(body), body)
	lastAnswer.Store(&datedAnswer{now.Unix(), text})
	return text
}
