package partnertest

import (
	"context"
	"testing"
	"time"
)

// TestOffBlocksIdempotency: one key is one write, for an hour.
func TestOffBlocksIdempotency(t *testing.T) {
	now := time.Unix(1800000000, 0)
	c := newOffBlocksCaller(t, OffBlocksOptions{Options: Options{Now: func() time.Time { return now }}, TokenLife: 3 * time.Hour})
	first := answeredWith(t, c.keyed(uuid1, "POST", "/v1/customers", `{"externalId":"a"}`), 201)
	now = now.Add(time.Hour - time.Second)
	again := answeredWith(t, c.keyed(uuid1, "POST", "/v1/customers", `{"externalId":"a"}`), 201)
	if again.text != first.text || c.Customers() != 1 || len(c.Writes()) != 1 {
		t.Errorf("answered %s, then %s; %d customers", first.text, again.text, c.Customers())
	}
	customer := "/v1/customers/" + first.object["id"].(string)
	refusedWith(t, c.Refusals, c.keyed(uuid1, "POST", "/v1/customers", `{"externalId":"b"}`), 422, "another payload")
	refusedWith(t, c.Refusals, c.keyed(uuid1, "PATCH", customer, `{"externalId":"a"}`), 422, "another payload")
	answeredWith(t, c.keyed(uuid2, "POST", "/v1/customers", `{"externalId":"a"}`), 201)
	if c.Customers() != 2 {
		t.Errorf("%d customers, want 2 of two keys", c.Customers())
	}
	now = now.Add(time.Second)
	answeredWith(t, c.keyed(uuid1, "POST", "/v1/customers", `{"externalId":"b"}`), 201)
	if c.Customers() != 3 {
		t.Errorf("%d customers, want one more after an hour", c.Customers())
	}
}

// TestOffBlocksRefusedKeyIsFree: a refused write leaves its key unused.
func TestOffBlocksRefusedKeyIsFree(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{})
	refusedWith(t, c.Refusals, c.keyed(uuid1, "POST", "/v1/customers", `{"externalId":1}`), 400, "not a string")
	answeredWith(t, c.keyed(uuid1, "POST", "/v1/customers", `{"externalId":"1"}`), 201)
}

// TestOffBlocksInFlight: a key whose first call is not answered yet is refused, and has
// the answer afterwards, though the client got none.
func TestOffBlocksInFlight(t *testing.T) {
	for _, end := range []Ending{GoOn, Close} {
		release := make(chan struct{})
		c := newOffBlocksCaller(t, OffBlocksOptions{Fail: func(stage OffBlocksStage, n int, _ *Request) Failure {
			if stage == OffBlocksWriteCall && n == 1 {
				return Failure{After: true, Delay: time.Hour, End: end, Status: 503}
			}
			return Failure{}
		}})
		request := c.sign(c.draft("POST", "/v1/customers", `{}`))
		key := request.Header.Get("Idempotency-Key")
		ctx, leave := context.WithCancel(context.Background())
		defer leave()
		go func() {
			defer close(release)
			sendTo(c.Client(), request.WithContext(ctx))
		}()
		for c.Customers() == 0 {
			time.Sleep(time.Millisecond)
		}
		refusedWith(t, c.Refusals, c.keyed(key, "POST", "/v1/customers", `{}`), 409, "in flight")
		leave() // which ends the delay
		<-release
		var answer callAnswer
		for range 100 { // the partner learns of the end a moment later
			if answer = c.keyed(key, "POST", "/v1/customers", `{}`); answer.StatusCode != 409 {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		answeredWith(t, answer, 201)
		if c.Customers() != 1 {
			t.Errorf("%d customers", c.Customers())
		}
	}
}
