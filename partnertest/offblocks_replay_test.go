package partnertest

import (
	"sync/atomic"
	"testing"
)

// TestOffBlocksReplays: the same signature, and the same nonce under another signature,
// are refused and counted; so is one that came first with a call that failed.
func TestOffBlocksReplays(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{Fail: func(stage OffBlocksStage, n int, _ *Request) Failure {
		if stage == OffBlocksWriteCall && n == 1 {
			return Failure{Status: 503}
		}
		return Failure{}
	}})
	d := c.draft("POST", "/v1/customers", `{}`)
	d.params += `;nonce="a"`
	answeredWith(t, c.mustSend(c.sign(d)), 503)
	d.request.Body, _ = d.request.GetBody()
	refusedWith(t, c.Refusals, c.mustSend(d.request), 401, "seen before")

	another := c.draft("POST", "/v1/customers", `{}`)
	another.params += `;nonce="a"`
	refusedWith(t, c.Refusals, c.mustSend(c.sign(another)), 401, "seen before")
	fresh := c.draft("POST", "/v1/customers", `{}`)
	fresh.params += `;nonce="b"`
	answeredWith(t, c.mustSend(c.sign(fresh)), 201)
	if c.Replays() != 2 || c.Customers() != 1 {
		t.Errorf("%d replays, %d customers", c.Replays(), c.Customers())
	}
}

// TestOffBlocksSeesTransportReplay: net/http repeats a write with an Idempotency-Key when
// its reused connection ends, with the same signature, and that is seen.
func TestOffBlocksSeesTransportReplay(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{Fail: func(stage OffBlocksStage, n int, _ *Request) Failure {
		if stage == OffBlocksWriteCall && n == 1 {
			return Failure{End: Close}
		}
		return Failure{}
	}})
	refusedWith(t, c.Refusals, c.call("POST", "/v1/customers", `{}`), 401, "seen before")
	if c.Replays() != 1 {
		t.Errorf("%d replays", c.Replays())
	}
}

// TestOffBlocksSeesBrokenReplay: a connection that Break ends has spent its signature.
func TestOffBlocksSeesBrokenReplay(t *testing.T) {
	for _, stage := range []Stage{HeadRead, Executed} {
		var writes atomic.Int64
		c := newOffBlocksCaller(t, OffBlocksOptions{Options: Options{Break: func(m Moment) Ending {
			if m.Stage == stage && m.Request.Target == "/v1/customers" && writes.Add(1) == 1 {
				return Close
			}
			return GoOn
		}}})
		refusedWith(t, c.Refusals, c.call("POST", "/v1/customers", `{}`), 401, "seen before")
		if c.Replays() != 1 || c.Customers() != 0 {
			t.Errorf("%s: %d replays, %d customers", stage, c.Replays(), c.Customers())
		}
	}
}
