package capture_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
	"github.com/partnersign/partnersign/signer/internal/clocktest"
)

// A token that is told once is not lost because the clock is set ahead, and is
// over in time when it is set back: both with an end that the partner tells and
// without.
func TestClockIsSetWhileATokenIsKept(t *testing.T) {
	for how, o := range map[string]capture.Options{"told": dynamicFlow(), "default": withoutEnd(dynamicFlow())} {
		for _, jump := range []time.Duration{-10 * time.Hour, 10 * time.Hour} {
			clock := clocktest.New()
			w := newWorld(t, o, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Got", r.Header.Get(header))
				sendJSON(w, strings.Replace(minted("dft_1"), "2099-01-01T00:00:00.000Z", clock.Now().Add(time.Hour).Format(time.RFC3339Nano), 1))
			}))
			w.partner = must(signer.New(signer.Options{
				Upstream: w.partner.Upstream(), Now: clock.Now, Steps: []signer.Step{must(capture.New(w.withStore()))},
			}))
			w.post(source)
			clock.Jump(jump)
			if got := w.do("POST", quote).Header.Get("X-Got"); got != "dft_1" {
				t.Errorf("%s, set by %v: sent with %q", how, jump, got)
			}
			clock.Advance(time.Hour)
			if got := w.do("POST", quote).Header.Get("X-Got"); got != "" {
				t.Errorf("%s, set by %v: sent with %q when it was over", how, jump, got)
			}
		}
	}
}

func withoutEnd(o capture.Options) capture.Options {
	o.ExpiresAt, o.Life = "", time.Hour
	return o
}
