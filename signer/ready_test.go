package signer_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// A partner is ready when each step that can tell is; it asks nobody.
func TestPartnerReady(t *testing.T) {
	header := func(value signer.Value) *signer.Header {
		return must(signer.NewHeader(signer.HeaderSet, "X-Api-Key", value))
	}
	remove := must(signer.NewHeader(signer.HeaderRemove, "X-Other", nil))
	partner := newPartner(t, signer.Options{Steps: []signer.Step{header(fixed("key")), remove, newStamp()}})
	if errs := partner.Ready(); len(errs) != 0 {
		t.Errorf("it is not ready: %v", errs)
	}
	partner = newPartner(t, signer.Options{Steps: []signer.Step{header(fixed("key")), header(unavailable{}), remove, header(unavailable{})}})
	errs := partner.Ready()
	if len(errs) != 2 {
		t.Fatalf("got %v", errs)
	}
	for _, err := range errs {
		if !errors.Is(err, errBroken) || err.Error() != "header X-Api-Key: "+errBroken.Error() {
			t.Errorf("got %v", err)
		}
	}
	// What is not ready fails closed, whether it was asked or not.
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://api.acme.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := partner.Transport(new(wire)).RoundTrip(req)
	wantProblem(t, res, err, signer.CredentialUnavailable, "X-Api-Key")
}
