package signer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

func TestRecord(t *testing.T) {
	answer := func(status int) roundTripper {
		return func(*http.Request) (*http.Response, error) { return respond(status, ""), nil }
	}
	fail := func(err error) roundTripper {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	leave := func(req *http.Request) roundTripper {
		return func(out *http.Request) (*http.Response, error) {
			req.Context().Value(leaving{}).(func())()
			<-out.Context().Done()
			return nil, out.Context().Err()
		}
	}
	var outcomes []signer.Outcome
	for _, test := range []struct {
		name     string
		target   string
		base     func(*http.Request) roundTripper
		outcome  signer.Outcome
		status   int
		problem  string
		attempts int
	}{
		{"answered", "/a?secret", func(*http.Request) roundTripper { return answer(200) }, signer.Answered, 200, "", 1},
		{"partner's error", "/a", func(*http.Request) roundTripper { return answer(500) }, signer.Answered, 500, "", 1},
		{"refused", "/../a", nil, signer.Refused, 400, "invalid-request", 0},
		{"unavailable", "/unsigned", nil, signer.Unavailable, 503, "signing-failed", 0},
		{"failed", "/a", func(*http.Request) roundTripper { return fail(errBroken) }, signer.Failed, 502, "partner-failed", 1},
		{"timed out", "/a", func(*http.Request) roundTripper { return fail(timeoutError{}) }, signer.TimedOut, 504, "too-slow", 1},
		{"unreached", "/a", func(*http.Request) roundTripper { return fail(&net.OpError{Op: "dial", Err: errBroken}) }, signer.Unreached, 0, "", 1},
		{"abandoned", "/a", leave, signer.Abandoned, 0, "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var records []*signer.Record
			sign := &step{apply: func(_ context.Context, r *signer.Request) error {
				r.Record.KeyIDs = append(r.Record.KeyIDs, "key-1")
				r.Record.Digest = "sha-256=:…:"
				if r.Path == "/unsigned" {
					return errBroken
				}
				return nil
			}}
			p := newPartner(t, signer.Options{
				Name: "acme", Steps: []signer.Step{sign, must(signer.NewIdempotency(signer.IdempotencyOptions{}))},
				Observe: func(r *signer.Record) { records = append(records, r) },
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req := request(t, "PUT "+test.target+" HTTP/1.1\nHost: localhost\nIdempotency-Key: k").
				WithContext(context.WithValue(ctx, leaving{}, func() { cancel() }))
			var base http.RoundTripper = new(wire)
			if test.base != nil {
				base = test.base(req)
			}
			if res, err := p.Transport(base).RoundTrip(req); err == nil {
				_ = res.Body.Close()
			}
			if len(records) != 1 {
				t.Fatalf("%d records", len(records))
			}
			r := records[0]
			if r.Outcome != test.outcome || r.Status != test.status || r.Attempts != test.attempts {
				t.Errorf("%s, status %d, %d attempts", r.Outcome, r.Status, r.Attempts)
			}
			path, _, _ := strings.Cut(test.target, "?")
			if r.Partner != "acme" || r.Method != "PUT" || r.Path != path || r.Duration <= 0 || r.Duration > time.Minute {
				t.Errorf("%+v", r)
			}
			if got := fmt.Sprint(r.Problem); test.problem == "" && r.Problem != nil || !strings.HasPrefix(got, test.problem) {
				t.Errorf("problem %s, want %s", got, test.problem)
			}
			if signed := test.attempts > 0; r.Signed != signed || signed && (!slices.Equal(r.KeyIDs, []string{"key-1"}) || r.IdempotencyKey != "k" || r.Digest == "") {
				t.Errorf("%+v", r)
			}
		})
		outcomes = append(outcomes, test.outcome)
	}
	if outcomes = slices.Compact(outcomes); !slices.Equal(outcomes, signer.Outcomes()) {
		t.Errorf("outcomes %v, listed %v", outcomes, signer.Outcomes())
	}
}

type leaving struct{}

type timeoutError struct{}

func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return false }
func (timeoutError) Error() string   { return "timeout" }

// A caller's own deadline is its own.
func TestCallersDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
	defer cancel()
	req := must(http.NewRequestWithContext(ctx, "GET", "/", nil))
	_, err := newPartner(t, signer.Options{}).Transport(silent).RoundTrip(req)
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("the caller's own deadline: %v", err)
	}
}
