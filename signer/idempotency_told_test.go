package signer_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// The client learns its key from whatever answer it gets.
func TestKeyIsTold(t *testing.T) {
	broken := &step{phase: signer.PhaseSignature, apply: func(context.Context, *signer.Request) error { return errBroken }}
	for _, test := range []struct {
		name   string
		step   *step
		answer func(*http.Request) (*http.Response, error)
		status int
	}{
		{"answer", new(step), nil, 200},
		{"partner's refusal", new(step), func(*http.Request) (*http.Response, error) { return respond(409, ""), nil }, 409},
		{"signing failed", broken, nil, 503},
		{"no answer", new(step), func(*http.Request) (*http.Response, error) { return nil, errBroken }, 502},
	} {
		p := idempotent(t, signer.IdempotencyOptions{}, test.step)
		res, err := p.Transport(&wire{answer: test.answer}).RoundTrip(request(t, "POST"+call))
		if err != nil {
			t.Fatal(err)
		}
		if key := res.Header.Get("Idempotency-Key"); res.StatusCode != test.status || !uuid4.MatchString(key) {
			t.Errorf("%s: status %d, key %q", test.name, res.StatusCode, key)
		}
	}
	partners := &wire{answer: func(*http.Request) (*http.Response, error) {
		res := respond(200, "")
		res.Header.Set("Idempotency-Key", "the partner's")
		return res, nil
	}}
	res, err := idempotent(t, signer.IdempotencyOptions{}).Transport(partners).RoundTrip(request(t, "POST"+call))
	wantAnswer(t, res, err, 200, "")
	if got := res.Header.Values("Idempotency-Key"); len(got) != 1 || got[0] != "the partner's" {
		t.Errorf("the partner's answer is changed: %q", got)
	}
}

// net/http sends a request again by itself when its header map has one of two
// keys: spelled otherwise it does not, and to servers it is the same header.
func TestKeyIsHiddenFromNetHTTP(t *testing.T) {
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		for _, p := range []*signer.Partner{
			idempotent(t, signer.IdempotencyOptions{Header: name}),
			newPartner(t, signer.Options{}), // a client's own key, and no step for it
		} {
			w := new(wire)
			res, err := p.Transport(w).RoundTrip(request(t, "POST"+call+name+": mine\n"))
			wantAnswer(t, res, err, 200, "")
			out := w.last(t).out.Header
			if out[name] != nil || out[strings.ToLower(name)][0] != "mine" || w.last(t).header.Get(name) != "mine" {
				t.Errorf("%s: sent %v", name, out)
			}
		}
	}
}

func TestIdempotencyOptionsRefused(t *testing.T) {
	for _, o := range []signer.IdempotencyOptions{
		{Header: "X Key"}, {ResponseHeader: "X:"}, {FromHeader: "ü"}, {Header: "Connection"}, {Header: "content-length"},
		{FromHeader: "X-Ref", FromBody: "/id"}, {FromBody: "id"},
	} {
		if _, err := signer.NewIdempotency(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// Two partners, or two places of one, never share a key.
func TestKeyOfReferenceIsThePartners(t *testing.T) {
	keys := map[string]bool{}
	for _, upstream := range []string{"https://a.example", "https://b.example", "https://a.example:8443", "http://localhost"} {
		step := must(signer.NewIdempotency(signer.IdempotencyOptions{FromHeader: "X-Ref"}))
		p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream(upstream)), Steps: []signer.Step{step}})
		res, err := p.Transport(new(wire)).RoundTrip(request(t, "POST"+call+"X-Ref: 42\n"))
		wantAnswer(t, res, err, 200, "")
		keys[res.Header.Get("Idempotency-Key")] = true
	}
	if len(keys) != 4 {
		t.Errorf("keys %v", keys)
	}
}
