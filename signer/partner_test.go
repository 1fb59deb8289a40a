package signer_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

func TestOptions(t *testing.T) {
	upstream := must(signer.ParseUpstream("https://partner.example:8443"))
	for _, o := range []signer.Options{
		{}, {Upstream: upstream, MaxBody: -1}, {Upstream: upstream, Timeout: -1}, {Upstream: upstream, KeepClientHeaders: []string{"X"}},
	} {
		if _, err := signer.New(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if p := newPartner(t, signer.Options{Upstream: upstream}); p.Name() != "partner.example" || p.Upstream() != upstream {
		t.Errorf("%s, %s", p.Name(), p.Upstream())
	}
	if p := newPartner(t, signer.Options{Upstream: upstream, Name: "acme"}); p.Name() != "acme" {
		t.Errorf("%s", p.Name())
	}
}

// What signs comes after what is signed, however it was written down; within a
// phase steps run as written. All see one time until a challenge, and all after
// it another.
func TestPhases(t *testing.T) {
	var ran []string
	var times []time.Time
	named := func(name string, phase signer.Phase) *step {
		return &step{phase: phase, apply: func(_ context.Context, r *signer.Request) error {
			ran, times = append(ran, name), append(times, r.Now)
			return nil
		}}
	}
	steps := []signer.Step{
		named("signature 1", signer.PhaseSignature), named("digest", signer.PhaseDigest), named("signature 2", signer.PhaseSignature),
		named("challenge", signer.PhaseChallenge), named("token", signer.PhaseCredentials), named("header", signer.PhaseCredentials),
		named("key", signer.PhaseIdempotency),
	}
	ticks := 0
	p := newPartner(t, signer.Options{Steps: steps, Now: func() time.Time { ticks++; return time.Unix(int64(ticks), 0) }})
	res, err := p.Transport(new(wire)).RoundTrip(request(t, "GET / HTTP/1.1\nHost: localhost"))
	wantAnswer(t, res, err, 200, "")
	if got := strings.Join(ran, ", "); got != "key, token, header, challenge, digest, signature 1, signature 2" {
		t.Errorf("steps ran as %s", got)
	}
	for i, now := range times {
		want := time.Unix(1, 0)
		if i > slices.Index(ran, "challenge") {
			want = time.Unix(2, 0)
		}
		if !now.Equal(want) {
			t.Errorf("times %v", times)
		}
	}
}

// What a step sees is what is sent.
func TestStepsSeeTheRequestAsSent(t *testing.T) {
	var seen signer.Request
	see := &step{needsBody: true, apply: func(_ context.Context, r *signer.Request) error { seen = *r; return nil }}
	p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream("https://Partner.example:443")), Steps: []signer.Step{see}})
	w := new(wire)
	res, err := p.Transport(w).RoundTrip(request(t, "PATCH http://evil.example/a%2fb?x HTTP/1.1\nHost: evil\nTransfer-Encoding: chunked\n\n2\r\n{}\r\n0\r\n\r\n"))
	wantAnswer(t, res, err, 200, "")
	if seen.Method != "PATCH" || seen.Scheme != "https" || seen.Authority != "partner.example" || seen.Path != "/a%2fb" || !seen.HasQuery ||
		seen.Target() != "/a%2fb?x" || seen.ContentLength != 2 || string(seen.Body.Bytes()) != "{}" {
		t.Errorf("a step sees %+v", seen)
	}
	sent := w.last(t)
	delete(sent.header, "Host")
	wantHeaders(t, sent.header, http.Header{"User-Agent": {"partnersign"}, "Accept-Encoding": {"identity"}, "Content-Length": {"2"}})
	wantHeaders(t, sent.header, seen.Header)
}

// A Step by value, as users of the package may write one.
type valueStep struct{ secret string }

func (valueStep) Phase() signer.Phase                          { return signer.PhaseCredentials }
func (valueStep) Owns() []string                               { return nil }
func (valueStep) NeedsBody(*signer.Request) bool               { return true }
func (valueStep) Apply(context.Context, *signer.Request) error { return nil }

// Neither a partner nor an exchange tells a log what it holds.
func TestPrintsNoSecret(t *testing.T) {
	const canary = "canary-7f3a"
	p := newPartner(t, signer.Options{Steps: []signer.Step{
		valueStep{canary}, must(signer.NewHeader(signer.HeaderSet, "Authorization", fixed(canary))), must(signer.NewIdempotency(signer.IdempotencyOptions{})),
	}})
	x := p.Begin()
	defer x.Close()
	res, err := x.RoundTrip(request(t, "POST / HTTP/1.1\nHost: localhost\nIdempotency-Key: "+canary+"\nContent-Length: 11\n\n"+canary), new(wire))
	wantAnswer(t, res, err, 200, "")
	transport := p.Transport(new(wire))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		for _, value := range []any{p, x, &p, &x, []any{p, x}, map[string]any{"p": p, "x": x}, struct{ P, X any }{p, x}, transport} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
				t.Errorf("%s: %s", verb, text)
			}
		}
	}
	if text := fmt.Sprint(p, x); text != "[partner partner.example] [exchange]" {
		t.Error(text)
	}
}

// The caller's request is in the answer, and not ours, which holds credentials.
func TestAnswerIsToTheCallersRequest(t *testing.T) {
	w := &wire{answer: func(out *http.Request) (*http.Response, error) {
		res := respond(200, "")
		res.Request = out
		return res, nil
	}}
	p := newPartner(t, signer.Options{Rules: signer.Rules{Allow: rules("GET /")}})
	for _, method := range []string{"GET", "POST"} {
		req := must(http.NewRequest(method, "/", nil))
		res := must(p.Transport(w).RoundTrip(req))
		if res.Request != req {
			t.Errorf("%s: an answer to %p, not %p", method, res.Request, req)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}

// A request that could not be signed is not sent, and says so.
func TestSigningFailureSendsNothing(t *testing.T) {
	for _, test := range []struct {
		err  error
		kind signer.Kind
		part string
	}{
		{errBroken, signer.SigningFailed, "was not sent because it could not be signed"},
		{signer.CredentialUnavailable.Problem("no token").Because(errBroken), signer.CredentialUnavailable, "no token"},
		{fmt.Errorf("token: %w", signer.BodyUnusable.Problem("no object")), signer.BodyUnusable, "no object"},
		{context.Canceled, signer.SigningFailed, "was not sent"}, // of a context that is not the client's
	} {
		for _, needsBody := range []bool{true, false} {
			fails := &step{needsBody: needsBody, apply: func(context.Context, *signer.Request) error { return test.err }}
			after := &step{phase: signer.PhaseSignature, apply: func(context.Context, *signer.Request) error { panic("a step ran after a failure") }}
			w, body := new(wire), &watchedBody{Reader: strings.NewReader("{}")}
			res, err := newPartner(t, signer.Options{Steps: []signer.Step{fails, after}}).Transport(w).RoundTrip(must(http.NewRequest("POST", "/", body)))
			wantProblem(t, res, err, test.kind, test.part)
			if len(w.sent) > 0 || !body.closed.Load() {
				t.Errorf("sent %d times, body closed: %t", len(w.sent), body.closed.Load())
			}
		}
	}
}
