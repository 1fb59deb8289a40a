package partnertest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// TestOffBlocksFail: each stage fails in each way, before it is carried out or after, and
// the next call of it does not.
func TestOffBlocksFail(t *testing.T) {
	for _, stage := range []OffBlocksStage{OffBlocksTokenCall, OffBlocksAuthCall, OffBlocksWriteCall, OffBlocksReadCall} {
		for _, failure := range []Failure{
			{Status: 401}, {Status: 503, RetryAfter: "7"}, {Body: "<html>"}, {Status: 502, Body: "<html>"}, {Status: 500, Code: "odd"}, {End: Close},
		} {
			for _, failure.After = range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %+v", stage, failure), func(t *testing.T) { testOffBlocksFailure(t, stage, failure) })
			}
		}
	}
}

func testOffBlocksFailure(t *testing.T, failing OffBlocksStage, failure Failure) {
	var armed atomic.Bool
	c := newOffBlocksCaller(t, OffBlocksOptions{Fail: func(stage OffBlocksStage, n int, seen *Request) Failure {
		if seen == nil || n < 1 {
			t.Errorf("asked about %v, call %d", seen, n)
		}
		if stage == failing && armed.Load() {
			return failure
		}
		return Failure{}
	}})
	id := c.call("POST", "/v1/customers", `{}`).object["id"].(string)
	// Each with a connection of its own: net/http repeats a write with an Idempotency-Key
	// when one that is reused ends, and its signature is then a replay.
	send := map[OffBlocksStage]func() (callAnswer, error){
		OffBlocksTokenCall: func() (callAnswer, error) { return sendTo(c.Client(), c.tokenRequest(offBlocksSecret)) },
		OffBlocksAuthCall: func() (callAnswer, error) {
			return sendTo(c.Client(), c.manage("PUT", "/v1/auth/signing", keyBody(t, c.pair.key.Public)))
		},
		OffBlocksWriteCall: func() (callAnswer, error) {
			return sendTo(c.Client(), c.sign(c.draft("POST", "/v1/customers", `{}`)))
		},
		OffBlocksReadCall: func() (callAnswer, error) {
			return sendTo(c.Client(), c.sign(c.draft("GET", "/v1/customers/"+id, "")))
		},
	}[failing]
	armed.Store(true)
	answer, err := send()
	switch {
	case failure.End != GoOn:
		if err == nil {
			t.Errorf("answered %d %s, want the end of the connection", answer.StatusCode, answer.text)
		}
	case err != nil:
		t.Fatal(err)
	case answer.StatusCode != max(200, failure.Status) || answer.Header.Get("Retry-After") != failure.RetryAfter:
		t.Errorf("answered %d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
	case (failure.Body == "") != (answer.Header.Get("Content-Type") == "application/json"):
		t.Errorf("Content-Type %q", answer.Header.Get("Content-Type"))
	case failure.Body != "" && answer.text != failure.Body, failure.Code != "" && answer.object["code"] != failure.Code:
		t.Errorf("answered %s", answer.text)
	}
	if n := len(c.Refusals()); n != 0 {
		t.Errorf("%d refusals: an injected failure is none", n)
	}
	made := map[bool]int{true: 1}[failure.After]
	if failing == OffBlocksTokenCall && c.Tokens() != 1+made || failing == OffBlocksWriteCall && c.Customers() != 1+made {
		t.Errorf("%d tokens, %d customers", c.Tokens(), c.Customers())
	}
	armed.Store(false)
	if answer, err = send(); err != nil || answer.StatusCode > 201 {
		t.Errorf("then %v %d %s", err, answer.StatusCode, answer.text)
	}
}

// TestOffBlocksTokenDiesMidway: tokens may be invalidated while a call is on its way.
func TestOffBlocksTokenDiesMidway(t *testing.T) {
	var offblocks atomic.Pointer[OffBlocks]
	c := newOffBlocksCaller(t, OffBlocksOptions{Fail: func(stage OffBlocksStage, n int, _ *Request) Failure {
		if stage == OffBlocksReadCall && n == 1 {
			offblocks.Load().InvalidateTokens()
		}
		return Failure{}
	}})
	offblocks.Store(c.OffBlocks)
	refusedWith(t, c.Refusals, c.call("GET", "/v1/customers/none", ""), 401, "not valid any more")
	c.token = c.newToken()
	refusedWith(t, c.Refusals, c.call("GET", "/v1/customers/none", ""), 404, "not found")
}

func TestOffBlocksSlow(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{Fail: func(OffBlocksStage, int, *Request) Failure { return Failure{Delay: 30 * time.Millisecond} }})
	start := time.Now()
	if c.newToken(); time.Since(start) < 30*time.Millisecond {
		t.Errorf("answered after %s", time.Since(start))
	}
}
