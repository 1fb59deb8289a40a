package dfns_test

import (
	"errors"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/dfns"
	"github.com/partnersign/partnersign/signer/internal/clocktest"
)

// A webhook does not pass twice because the clock was set: not while it is
// fresh, and not when it becomes so again.
func TestClockIsSetBesideWebhooks(t *testing.T) {
	const keep = 2 * dfns.DefaultWebhookTolerance
	type step struct{ jump, advance time.Duration }
	for name, steps := range map[string][]step{
		"ahead and back":         {{jump: time.Hour}, {jump: -time.Hour}},
		"ahead, and slowly back": {{jump: time.Hour, advance: keep - time.Minute}, {jump: -time.Hour}},
		"back":                   {{jump: -time.Hour}, {advance: time.Hour + keep/2}},
		"back and ahead":         {{jump: -time.Hour, advance: time.Minute}, {jump: time.Hour}},
	} {
		clock := clocktest.New()
		m := dfns.NewWebhookMemory(0)
		if _, err := m.Claim(dfns.WebhookMAC{1}, clock.Now(), keep); err != nil {
			t.Fatal(err)
		}
		for i, s := range steps {
			clock.Jump(s.jump)
			clock.Advance(s.advance)
			_, _ = m.Claim(dfns.WebhookMAC{2}, clock.Now(), keep) // sweeps
			if _, err := m.Claim(dfns.WebhookMAC{1}, clock.Now(), keep); !errors.Is(err, dfns.ErrWebhookReplayed) {
				t.Errorf("%s: step %d: %v", name, i, err)
			}
		}
	}
}

// What is remembered is forgotten in the end, also if the clock was set.
func TestClockIsSetAndWebhooksAreForgotten(t *testing.T) {
	const keep = time.Minute
	for _, jump := range []time.Duration{0, time.Hour, -time.Hour} {
		clock := clocktest.New()
		m := dfns.NewWebhookMemory(1)
		if _, err := m.Claim(dfns.WebhookMAC{1}, clock.Now(), keep); err != nil {
			t.Fatal(err)
		}
		clock.Jump(jump)
		clock.Advance(max(0, -jump) + keep + time.Second)
		if _, err := m.Claim(dfns.WebhookMAC{2}, clock.Now(), keep); err != nil {
			t.Errorf("set by %v: %v", jump, err)
		}
	}
}
