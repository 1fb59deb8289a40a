package partnertest

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// TestProofFail: sessions fail as often as asked for, and every try is recorded.
func TestProofFail(t *testing.T) {
	for _, failure := range []Failure{
		{Status: 502, Code: "upstream_error"}, {Status: 502, Code: "upstream_unavailable"}, {Status: 500, Code: "internal_error"},
		{Status: 409}, {Status: 429, RetryAfter: "7"},
	} {
		for _, failure.After = range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v", failure), func(t *testing.T) {
				const times = 2
				c := newProofCaller(t, ProofOptions{Fail: func(stage ProofStage, n int, _ *Request) Failure {
					if stage == ProofSessionCall && n <= times {
						return failure
					}
					return Failure{}
				}})
				const body = `{ "a" : 1.0 }`
				for n := 1; n <= times; n++ {
					answer := answeredWith(t, c.call("POST", "/widget/session", body), failure.Status)
					code := failure.Code
					if code == "" {
						code = map[int]string{409: "conflict", 429: "too_many_requests"}[failure.Status]
					}
					if answer.object["code"] != code || answer.object["error"] == "" || answer.Header.Get("X-Request-Id") == "" || answer.Header.Get("Retry-After") != failure.RetryAfter {
						t.Errorf("answered %s %v", answer.text, answer.Header)
					}
				}
				c.session(body)
				tries := c.Tries()
				if len(tries) != times+1 || string(tries[0]) != body || string(tries[2]) != body || len(c.Refusals()) != 0 {
					t.Errorf("tries %q, %v", tries, c.Refusals())
				}
				if want := map[bool]int{true: times + 1, false: 1}[failure.After]; len(c.Sessions()) != want {
					t.Errorf("%d sessions, want %d", len(c.Sessions()), want)
				}
			})
		}
	}
}

// TestProofBrokenTry: a try whose connection Break ends is one.
func TestProofBrokenTry(t *testing.T) {
	var breaking atomic.Bool
	c := newProofCaller(t, ProofOptions{Options: Options{Break: func(m Moment) Ending {
		if m.Stage == Executed && breaking.Load() {
			return Close
		}
		return GoOn
	}}})
	breaking.Store(true)
	if answer, err := sendTo(c.client, c.request("POST", "/widget/session", `{"a":1}`)); err == nil {
		t.Errorf("answered %s", answer.text)
	}
	breaking.Store(false)
	c.call("GET", "/widget/transactions/none", "")
	c.session(`{}`)
	if tries := c.Tries(); len(tries) != 2 || string(tries[0]) != `{"a":1}` {
		t.Errorf("tries %q", tries)
	}
}
