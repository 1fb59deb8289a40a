package signer_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/internal/clocktest"
)

// A clock that is set while a request is under way changes what is signed next,
// and neither ends the request nor lets it wait.
func TestClockIsSetBetweenTwoTries(t *testing.T) {
	for _, jump := range []time.Duration{-10 * time.Hour, 10 * time.Hour} {
		clock := clocktest.New()
		begin := clock.Now()
		var signed []time.Duration
		sign := &step{phase: signer.PhaseSignature, apply: func(_ context.Context, r *signer.Request) error {
			signed = append(signed, r.Now.Round(0).Sub(begin.Round(0)))
			return nil
		}}
		var record *signer.Record
		p := newPartner(t, signer.Options{
			Steps: []signer.Step{sign}, Now: clock.Now, Observe: func(r *signer.Record) { record = r },
			Retries: []signer.Retry{{Status: []int{503}, MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond}},
		})
		base := roundTripper(func(*http.Request) (*http.Response, error) {
			res := respond(200, "")
			res.Header.Set("Date", begin.UTC().Format(http.TimeFormat))
			if len(signed) == 1 {
				clock.Jump(jump)
				res.StatusCode = 503
			}
			return res, nil
		})
		res, err := p.Transport(base).RoundTrip(must(http.NewRequest("GET", "https://partner.example/", nil)))
		wantAnswer(t, res, err, 200, "")
		if len(signed) != 2 || signed[0] != 0 || signed[1] != jump {
			t.Errorf("set by %v: signed at %v", jump, signed)
		}
		if skew := record.Skew; (skew.Offset+jump).Abs() > time.Second || skew.Uncertainty > 10*time.Second || record.Duration > time.Minute {
			t.Errorf("set by %v: skew %v, duration %v", jump, skew, record.Duration)
		}
	}
}
