package dfns_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/dfns"
)

func TestWebhookMemory(t *testing.T) {
	const keep = 600 * time.Second
	m := dfns.NewWebhookMemory(0)
	now := webhookTime
	claim := func(mac dfns.WebhookMAC, want error) func() {
		t.Helper()
		release, err := m.Claim(mac, now, keep)
		if !errors.Is(err, want) || err != nil && want == nil || (release == nil) != (want != nil) {
			t.Fatalf("got %v, want %v", err, want)
		}
		return release
	}
	a, b := dfns.WebhookMAC{1}, dfns.WebhookMAC{2}
	release := claim(a, nil)
	claim(a, dfns.ErrWebhookReplayed)
	claim(b, nil)
	release()
	again := claim(a, nil) // it was not delivered, so it may pass again
	release()              // the first has nothing left to give back
	claim(a, dfns.ErrWebhookReplayed)

	now = webhookTime.Add(keep)
	claim(a, dfns.ErrWebhookReplayed)
	now = now.Add(-2 * time.Hour) // the clock was set back
	claim(a, dfns.ErrWebhookReplayed)
	now = webhookTime.Add(keep + 1)
	claim(a, nil)
	again() // it has expired
	claim(a, dfns.ErrWebhookReplayed)
}

// TestWebhookMemoryCoversTolerance replays a webhook as long as it is fresh: of
// the earliest that passes, sent one tolerance ahead of our clock.
func TestWebhookMemoryCoversTolerance(t *testing.T) {
	const tolerance = 300
	body := fmt.Sprintf(`{"timestampSent":%d}`, webhookTime.Unix()+tolerance)
	m := dfns.NewWebhookMemory(0)
	passed := 0
	for second := range 3 * tolerance {
		now := webhookTime.Add(time.Duration(second) * time.Second)
		mac, err := dfns.VerifyWebhook([]string{webhookSecret}, webhookHeader(webhookSecret, body), []byte(body), now, 0)
		if err == nil {
			if _, err = m.Claim(mac, now, 2*dfns.DefaultWebhookTolerance); err == nil {
				passed++
			}
		}
	}
	if passed != 1 {
		t.Errorf("it has passed %d times", passed)
	}
}

// TestWebhookMemoryFull has more webhooks than are remembered: the new ones are
// refused, the old ones stay refused.
func TestWebhookMemoryFull(t *testing.T) {
	m := dfns.NewWebhookMemory(2)
	now := webhookTime
	steps := []struct {
		mac   byte
		after time.Duration
		want  error
	}{
		{1, 0, nil},
		{2, 5 * time.Second, nil},
		{3, 0, dfns.ErrWebhookMemoryFull},
		{1, 0, dfns.ErrWebhookReplayed},
		{3, 5 * time.Second, dfns.ErrWebhookMemoryFull},
		{3, time.Second, nil}, // the first has expired
		{4, 0, dfns.ErrWebhookMemoryFull},
		{2, 0, dfns.ErrWebhookReplayed},
	}
	for i, step := range steps {
		now = now.Add(step.after)
		if _, err := m.Claim(dfns.WebhookMAC{step.mac}, now, 10*time.Second); !errors.Is(err, step.want) || err != nil && step.want == nil {
			t.Errorf("step %d: got %v, want %v", i, err, step.want)
		}
	}
}

// TestWebhookMemoryConcurrently has many claim the same few webhooks: of each,
// one gets it at a time, and one for good.
func TestWebhookMemoryConcurrently(t *testing.T) {
	const claimants, macs = 16, 50
	m := dfns.NewWebhookMemory(macs)
	var held [macs]atomic.Int32
	var delivered [macs]atomic.Int32
	var wg sync.WaitGroup
	for claimant := range claimants {
		wg.Go(func() {
			for try := range 3 * macs {
				i := (claimant + try) % macs
				release, err := m.Claim(dfns.WebhookMAC{byte(i)}, webhookTime, time.Minute)
				if err != nil {
					continue
				}
				if held[i].Add(1) != 1 {
					t.Errorf("webhook %d passes twice at once", i)
				}
				if (claimant+try)%3 == 0 {
					held[i].Add(-1)
					release() // the application failed
				} else {
					delivered[i].Add(1)
				}
			}
		})
	}
	wg.Wait()
	for i := range delivered {
		if n := delivered[i].Load(); n != 1 {
			t.Errorf("webhook %d was delivered %d times", i, n)
		}
	}
}

func ExampleVerifyWebhook() {
	seen := dfns.NewWebhookMemory(0) // one for the process
	receive := func(header http.Header, body []byte, now time.Time, process func([]byte) error) error {
		mac, err := dfns.VerifyWebhook([]string{"whs_example"}, header, body, now, dfns.DefaultWebhookTolerance)
		if err != nil {
			return err
		}
		release, err := seen.Claim(mac, now, 2*dfns.DefaultWebhookTolerance)
		if err != nil {
			return err
		}
		if err := process(body); err != nil {
			release() // it may come again
			return err
		}
		return nil
	}

	body := []byte(`{"kind":"wallet.created","timestampSent":1701684142}`)
	header, now := webhookHeader("whs_example", string(body)), time.Unix(1701684150, 0)
	fmt.Println(receive(header, body, now, func([]byte) error { return errors.New("the database is busy") }))
	fmt.Println(receive(header, body, now, func([]byte) error { return nil }))
	fmt.Println(receive(header, body, now, func([]byte) error { return nil }))
	// Output:
	// the database is busy
	// <nil>
	// the webhook has been here before
}
