package signer

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func newExchange(t *testing.T, timeout time.Duration, steps ...Step) *Exchange {
	t.Helper()
	upstream, _ := ParseUpstream("https://partner.example")
	p, err := New(Options{Upstream: upstream, Timeout: timeout, Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	return p.Begin()
}

type slowlyClosed struct {
	io.Reader
	closing time.Duration
}

func (b slowlyClosed) Close() error { time.Sleep(b.closing); return nil }

// A server listens for whether its client leaves once it has the whole body: it is set
// no read deadline then.
func TestNoReadDeadlineForWholeBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, time.Minute, wholeBodyStep{})
		defer x.Close()
		x.SetReadDeadline(func(time.Time) error { t.Error("a read deadline is set"); return nil })
		req, _ := http.NewRequest("POST", "/", slowlyClosed{strings.NewReader("{}"), time.Hour})
		res, err := x.RoundTrip(req, roundTripFunc(answer200))
		if err != nil || res.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("%v, %v", res, err)
		}
	})
}

// Nor is one that has no body, however late it is sent again.
func TestNoReadDeadlineWithoutBody(t *testing.T) {
	for range 1000 {
		x := newExchange(t, 1)
		x.SetReadDeadline(func(time.Time) error { t.Error("a read deadline is set"); return nil })
		req, _ := http.NewRequest("GET", "/", http.NoBody)
		if _, err := x.RoundTrip(req, roundTripFunc(answer200)); err != nil || t.Failed() {
			t.Fatal(err)
		}
		x.Close()
	}
}
