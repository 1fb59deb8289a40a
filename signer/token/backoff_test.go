package token_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer/token"
)

// An endpoint that does not answer has 10 seconds.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour, delay: time.Minute}
		begin := time.Now()
		_, err := apply(t.Context(), s.cache(unique()))
		wantProblem(t, err, "no token from auth.example: it did not answer in time")
		if time.Since(begin) != 10*time.Second {
			t.Errorf("it took %v", time.Since(begin))
		}
	})
}

// An endpoint that fails is asked at growing intervals, however many need it.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour}
		s.fail.Store(respond(500, ""))
		c := s.cache(unique())
		var asked []time.Time
		begin := time.Now()
		for time.Since(begin) < 10*time.Minute {
			before := s.issued.Load()
			_, err := apply(t.Context(), c)
			problem := wantProblem(t, err, "it answered 500")
			if problem.RetryAfter <= 0 || problem.RetryAfter > time.Minute {
				t.Fatalf("retry after %v", problem.RetryAfter)
			}
			if s.issued.Load() > before {
				asked = append(asked, time.Now())
			}
			time.Sleep(100 * time.Millisecond)
		}
		if len(asked) < 10+5 || len(asked) > 20+7 {
			t.Errorf("asked %d times in 10 minutes", len(asked))
		}
		for i, limit := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			limit *= time.Second
			if pause := asked[i+1].Sub(asked[i]); pause < limit/2 || pause > limit+100*time.Millisecond {
				t.Errorf("pause %d was %v, want at most %v", i, pause, limit)
			}
		}
		time.Sleep(time.Minute)
		s.fail.Store(nil)
		if got, err := apply(t.Context(), c); err != nil || got == "" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{"90": 90 * time.Second, "999999999": time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{life: time.Hour}
			busy := respond(429, "")
			busy.Header.Set("Retry-After", value)
			s.fail.Store(busy)
			c := s.cache(unique())
			_, err := apply(t.Context(), c)
			if problem := wantProblem(t, err, "it answered 429"); problem.RetryAfter != want {
				t.Errorf("retry after %v", problem.RetryAfter)
			}
			s.fail.Store(nil)
			time.Sleep(want - 1)
			_, err = apply(t.Context(), c)
			if problem := wantProblem(t, err, "it answered 429"); problem.RetryAfter != 1 || s.issued.Load() != 1 {
				t.Errorf("retry after %v, asked %d times", problem.RetryAfter, s.issued.Load())
			}
			time.Sleep(time.Nanosecond)
			wantToken(t, c, "t2")
		})
	}
}

// While a refresh fails, the token is used as long as it is good.
func TestFailingRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour}
		var last token.Event
		c := token.NewCache(s.source(unique()), token.CacheOptions{Observe: func(e token.Event) { last = e }})
		begin := time.Now()
		wantToken(t, c, "t1")
		s.fail.Store(respond(401, ""))
		for time.Sleep(55 * time.Minute); time.Since(begin) < time.Hour-10*time.Second; time.Sleep(time.Second) {
			wantToken(t, c, "t1")
		}
		synctest.Wait()
		if n := s.issued.Load(); n < 5 || n > 20 {
			t.Errorf("asked %d times", n)
		}
		if last.Result != token.Failed || !last.Expiry.Equal(begin.Add(time.Hour)) || last.Problem == nil {
			t.Errorf("event %+v", last)
		}
		_, err := apply(t.Context(), c)
		wantProblem(t, err, "it answered 401")
	})
}
