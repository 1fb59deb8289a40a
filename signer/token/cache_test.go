package token_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/token"
)

// All who need a token at once have it by one request, over a real connection.
func TestOneFetchForAll(t *testing.T) {
	var calls atomic.Int64
	endpoint := newTLSServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		time.Sleep(50 * time.Millisecond)
		_, _ = w.Write([]byte(`{"access_token":"shared","token_type":"Bearer","expires_in":3600}`))
	}))
	c := token.NewCache(must(token.NewOAuth2(token.OAuth2Options{
		TokenURL: endpoint.URL, ClientID: fixed("c"), ClientSecret: unique(), Client: endpoint.Client(),
	})), token.CacheOptions{})
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() { wantToken(t, c, "shared") })
	}
	all.Wait()
	if calls.Load() != 1 {
		t.Errorf("%d requests for a token", calls.Load())
	}
}

// A token is refreshed while it is good, beside the requests that use it.
func TestRefreshAhead(t *testing.T) {
	for _, test := range []struct{ life, good, dead time.Duration }{
		{time.Hour, 55 * time.Minute, time.Hour - 10*time.Second},
		{time.Minute, 48 * time.Second, 54 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{life: test.life, delay: time.Second}
			var events []token.Event
			c := token.NewCache(s.source(unique()), token.CacheOptions{Observe: func(e token.Event) { events = append(events, e) }})
			begin := time.Now() // what a token's life counts from
			wantToken(t, c, "t1")
			time.Sleep(time.Until(begin.Add(test.good - 1)))
			wantToken(t, c, "t1")
			if synctest.Wait(); s.issued.Load() != 1 {
				t.Errorf("%v: refreshed too early", test.life)
			}
			time.Sleep(time.Nanosecond)
			asked := time.Now()
			for range 100 {
				wantToken(t, c, "t1")
			}
			if time.Since(asked) != 0 {
				t.Errorf("%v: a request waited %v for a refresh", test.life, time.Since(asked))
			}
			time.Sleep(time.Second)
			synctest.Wait()
			wantToken(t, c, "t2")
			if s.issued.Load() != 2 || len(events) != 2 {
				t.Fatalf("%v: %d requests for a token, events %v", test.life, s.issued.Load(), events)
			}
			if e := events[1]; e.Host != "auth.example" || e.Result != token.Refreshed || !e.Expiry.Equal(asked.Add(test.life)) || e.Duration != time.Second || e.Problem != nil {
				t.Errorf("event %+v", e)
			}
			// Unused until it is nearly over, it is not sent.
			time.Sleep(time.Until(asked.Add(test.dead)))
			asked = time.Now()
			wantToken(t, c, "t3")
			if time.Since(asked) != time.Second {
				t.Errorf("%v: waited %v", test.life, time.Since(asked))
			}
		})
	}
}

// Each waits as long as its own client, and the request goes on without any.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour, delay: 5 * time.Second}
		c := s.cache(unique())
		left := errors.New("left")
		ctx, leave := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { leave(left) })
		begin := time.Now()
		if _, err := apply(ctx, c); err != left || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		wantToken(t, c, "t1")
		if time.Since(begin) != 5*time.Second || s.issued.Load() != 1 {
			t.Errorf("after %v, by %d requests", time.Since(begin), s.issued.Load())
		}
	})
}

// Nothing of a request's context reaches the request for a token: Caddy dials by
// a value in it.
func TestContextOfNobody(t *testing.T) {
	type key struct{}
	s := &server{life: time.Hour}
	seen := make(chan any, 1)
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		seen <- req.Context().Value(key{})
		return s.RoundTrip(req)
	})
	source := must(token.NewOAuth2(token.OAuth2Options{
		TokenURL: "https://auth.example/token", ClientID: fixed("c"), ClientSecret: unique(), Client: &http.Client{Transport: base},
	}))
	if _, err := apply(context.WithValue(t.Context(), key{}, "dial here"), token.NewCache(source, token.CacheOptions{})); err != nil {
		t.Error(err)
	}
	if value := <-seen; value != nil {
		t.Errorf("the context has %v", value)
	}
}

// What is signed after a wait is signed at the time after it.
func TestTimeAfterWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour, delay: 5 * time.Second}
		bearers := &token.Bearers{Tokens: []token.Bearer{{Cache: s.cache(unique())}}}
		begin := time.Now()
		for _, want := range []time.Duration{5 * time.Second, 0} {
			r := &signer.Request{Method: "GET", Path: "/", Header: http.Header{}, Now: begin}
			if err := bearers.Apply(t.Context(), r); err != nil || r.Now.Sub(begin) != want {
				t.Errorf("signed at %v, %v, want %v", r.Now.Sub(begin), err, want)
			}
		}
	})
}
