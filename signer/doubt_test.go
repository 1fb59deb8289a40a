package signer_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// What keeps a later try from being sent does not speak for the one before it, which
// the partner may have carried out.
func TestDoubtAfterSentTry(t *testing.T) {
	for _, test := range []struct {
		method string
		kind   signer.Kind
		part   string
	}{
		{"POST", signer.PartnerFailed, "could not be sent again; whether it carried out the call is not known"},
		{"GET", signer.SigningFailed, "was not sent"},
	} {
		signed := 0
		second := &step{apply: func(context.Context, *signer.Request) error {
			if signed++; signed > 1 {
				return errBroken
			}
			return nil
		}}
		p := newPartner(t, signer.Options{
			Steps:   []signer.Step{second},
			Retries: []signer.Retry{{On: must(signer.ParseMatch("*", "/**")), Status: []int{503}, MinBackoff: time.Millisecond}},
		})
		x := p.Begin()
		defer x.Close()
		res, err := x.RoundTrip(must(http.NewRequest(test.method, "/", strings.NewReader("{}"))), roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody}, nil
		}))
		wantProblem(t, res, err, test.kind, test.part)
		unreachable := signer.PartnerUnreachable.Problem("nothing was sent")
		if got := x.Doubted(must(http.NewRequest(test.method, "/", nil)), unreachable); (got == unreachable) == (test.method == "POST") {
			t.Errorf("%s: %v", test.method, got)
		}
	}
}
