package signer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
)

func match(methods string, globs ...string) signer.Match {
	return must(signer.ParseMatch(methods, globs...))
}

// statuses answers with each in turn, the last again and again.
func statuses(codes ...int) func(*http.Request) (*http.Response, error) {
	n := -1
	return func(*http.Request) (*http.Response, error) {
		n = min(n+1, len(codes)-1)
		return respond(codes[n], "answer"), nil
	}
}

func TestRetry(t *testing.T) {
	rules := []signer.Retry{
		{On: match("POST", "/s/**"), Status: []int{502}, Attempts: 4},
		{On: match("POST", "/s/**"), Status: []int{500}, Attempts: 2},
		{On: match("POST", "/r/**"), Status: []int{503}, BodyHas: "/ref"},
		{On: match("GET", "/**"), Status: []int{503}},
	}
	for _, test := range []struct {
		call, body string
		codes      []int
		want, sent int
	}{
		{"POST /s/x", "{}", []int{502, 502, 200}, 200, 3},
		{"POST /s/x", "{}", []int{502}, 502, 4},
		{"POST /s/x", "{}", []int{500}, 500, 2},
		{"POST /s/x", "{}", []int{502, 500, 502, 500}, 500, 4},
		{"POST /s/x", "{}", []int{503}, 503, 1},
		{"POST /other", "{}", []int{502}, 502, 1},
		{"PUT /s/x", "{}", []int{502}, 502, 1},
		{"POST /r/x", `{"ref":"1"}`, []int{503, 200}, 200, 2},
		{"POST /r/x", `{"other":"1"}`, []int{503, 200}, 503, 1},
		{"POST /r/x", `{"ref":""}`, []int{503, 200}, 503, 1},
		{"POST /r/x", `no JSON`, []int{503, 200}, 503, 1},
		{"GET /", "", []int{503, 503, 200}, 200, 3},
		{"HEAD /", "", []int{503, 200}, 200, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answer: statuses(test.codes...)}
			key := must(signer.NewIdempotency(signer.IdempotencyOptions{}))
			p := newPartner(t, signer.Options{Retries: rules, Steps: []signer.Step{key, newStamp()}})
			method, path, _ := strings.Cut(test.call, " ")
			req := must(http.NewRequest(method, "https://partner.example"+path, strings.NewReader(test.body)))
			res, err := p.Transport(w).RoundTrip(req)
			if err != nil || res.StatusCode != test.want || len(w.sent) != test.sent {
				t.Fatalf("%s %s: %v, %d sent, error %v", test.call, test.body, res, len(w.sent), err)
			}
			_ = res.Body.Close()
			for i, m := range w.sent {
				first := w.sent[0]
				if m.body != test.body || m.header.Get("Idempotency-Key") != first.header.Get("Idempotency-Key") {
					t.Errorf("%s: attempt %d has another body or key", test.call, i)
				}
				if i > 0 && m.header.Get("Stamp") == first.header.Get("Stamp") {
					t.Errorf("%s: attempt %d has the first one's signature", test.call, i)
				}
			}
		})
	}
}

// The pauses double, are shortened at random, and follow Retry-After.
func TestRetryBackoff(t *testing.T) {
	send := func(t *testing.T, timeout time.Duration, retry signer.Retry, retryAfter string) (status, sent int, took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answer: func(*http.Request) (*http.Response, error) {
				res := respond(503, "")
				if retryAfter != "" {
					res.Header.Set("Retry-After", retryAfter)
				}
				return res, nil
			}}
			retry.On, retry.Status = match("GET", "/**"), []int{503}
			p := newPartner(t, signer.Options{Timeout: timeout, Retries: []signer.Retry{retry}})
			begin := time.Now()
			res := must(p.Transport(w).RoundTrip(must(http.NewRequest("GET", "https://partner.example/", nil))))
			_ = res.Body.Close()
			status, sent, took = res.StatusCode, len(w.sent), time.Since(begin)
		})
		return
	}
	for range 20 {
		_, sent, took := send(t, time.Minute, signer.Retry{Attempts: 5, MinBackoff: time.Second, MaxBackoff: 3 * time.Second}, "")
		if low, high := 4500*time.Millisecond, 9*time.Second; sent != 5 || took < low || took > high {
			t.Fatalf("%d sent in %v, want 5 in %v to %v", sent, took, low, high)
		}
	}
	if _, sent, took := send(t, time.Minute, signer.Retry{}, "7"); sent != 3 || took != 14*time.Second {
		t.Errorf("Retry-After 7: %d sent in %v", sent, took)
	}
	if status, sent, took := send(t, time.Minute, signer.Retry{}, "61"); status != 503 || sent != 1 || took != 0 {
		t.Errorf("Retry-After after the timeout: %d, %d sent in %v", status, sent, took)
	}
	if status, sent, took := send(t, 5*time.Second, signer.Retry{Attempts: 1 << 30, MinBackoff: time.Second, MaxBackoff: time.Second}, ""); status != 503 || sent < 5 || sent > 10 || took >= 5*time.Second {
		t.Errorf("%d: %d sent in %v, must end within the timeout", status, sent, took)
	}
}

func TestRetryEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: statuses(503)}
		p := newPartner(t, signer.Options{Retries: []signer.Retry{{Status: []int{503}, MinBackoff: 10 * time.Second, MaxBackoff: 10 * time.Second}}})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		_, err := p.Transport(w).RoundTrip(must(http.NewRequestWithContext(ctx, "GET", "https://partner.example/", nil)))
		if !errors.Is(err, context.Canceled) || len(w.sent) != 1 || time.Since(begin) != time.Second {
			t.Errorf("error %v, %d sent in %v", err, len(w.sent), time.Since(begin))
		}
	})
}

func TestRetryEndsWithTheExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: statuses(503)}
		p := newPartner(t, signer.Options{Retries: []signer.Retry{{Status: []int{503}, MinBackoff: 20 * time.Second, MaxBackoff: 20 * time.Second}}})
		x := p.Begin()
		time.AfterFunc(time.Second, x.Close)
		begin := time.Now()
		_, err := x.RoundTrip(must(http.NewRequest("GET", "https://partner.example/", nil)), w)
		if !errors.Is(err, context.Canceled) || len(w.sent) != 1 || time.Since(begin) != time.Second {
			t.Errorf("error %v, %d sent in %v", err, len(w.sent), time.Since(begin))
		}
	})
}

// What is in the way of the next attempt is taken out of it: an answer that
// does not end.
func TestRetryAfterAnEndlessAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		base := roundTripper(func(out *http.Request) (*http.Response, error) {
			if n++; n > 1 {
				return respond(200, ""), nil
			}
			res := respond(503, "")
			body, w := io.Pipe()
			context.AfterFunc(out.Context(), func() { _ = w.CloseWithError(context.Canceled) })
			res.Body = body
			return res, nil
		})
		p := newPartner(t, signer.Options{Retries: []signer.Retry{{Status: []int{503}}}})
		begin := time.Now()
		res := must(p.Transport(base).RoundTrip(must(http.NewRequest("GET", "https://partner.example/", nil))))
		_ = res.Body.Close()
		if res.StatusCode != 200 || time.Since(begin) > 2*time.Second {
			t.Errorf("%d after %v", res.StatusCode, time.Since(begin))
		}
	})
}

func TestRetriesAreChecked(t *testing.T) {
	for want, retry := range map[string]signer.Retry{
		"needs the status codes":     {},
		"from 400 to 599":            {Status: []int{200}},
		"at least two attempts":      {Status: []int{502}, Attempts: 1},
		"a shorter and a longer":     {Status: []int{502}, MinBackoff: 2, MaxBackoff: 1},
		"a JSON pointer, such as /e": {Status: []int{502}, BodyHas: "externalId"},
	} {
		_, err := signer.New(signer.Options{Upstream: must(signer.ParseUpstream("https://partner.example")), Retries: []signer.Retry{retry}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2024, 2, 15, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, "-1": 0, "1.5": 0, "4294967296": 0, "soon": 0,
		"Thu, 15 Feb 2024 09:00:00 GMT": 0, "Thu, 15 Feb 2024 10:01:00 GMT": time.Minute,
	} {
		if got := signer.ParseRetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
	theirs := http.Header{"Retry-After": {"Thu, 15 Feb 2024 23:01:00 GMT"}, "Date": {"Thu, 15 Feb 2024 23:00:00 GMT"}}
	if got := signer.ParseRetryAfter(theirs, now); got != time.Minute {
		t.Errorf("by a clock that is 13 h ahead: %v", got)
	}
}
