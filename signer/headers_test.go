package signer_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// exchangeHeaders sends a request with these header lines and returns the
// headers on the wire, without those that every request has.
func exchangeHeaders(t *testing.T, p *signer.Partner, lines string) http.Header {
	t.Helper()
	req := request(t, "GET / HTTP/1.1\nHost: localhost\n"+strings.TrimSpace(lines))
	w := new(wire)
	res, err := p.Transport(w).RoundTrip(req)
	wantAnswer(t, res, err, 200, "")
	h := w.last(t).header
	delete(h, "User-Agent")
	delete(h, "Accept-Encoding")
	return h
}

func wantHeaders(t *testing.T, got, want http.Header) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("headers on the wire:\n %v, want\n %v", got, want)
	}
}

// What belongs to the client, to its browser or to proxies stays here, in
// every spelling that a server might take for it.
func TestHeadersThatStay(t *testing.T) {
	p := newPartner(t, signer.Options{Steps: []signer.Step{&step{owns: []string{"x-api-key", "Signature", "Signature-Input"}}}})
	for name := range strings.FieldsSeq(`
		Authorization Cookie Referer Origin X-Real-IP Forwarded Via Early-Data Expect
		Sec-Fetch-Site Sec-CH-UA Sec-Websocket-Key Proxy-Authorization Proxy-Foo Proxy-Connection X-Forwarded-For X-Forwarded-Anything
		X-HTTP-Method-Override X-HTTP-Method X-Method-Override X-Original-URL X-Rewrite-URL
		Connection Keep-Alive TE Trailer Upgrade
		X-API-Key Signature Signature-Input`) {
		for _, spelled := range []string{
			name, strings.ToLower(name), strings.ToUpper(name),
			strings.ReplaceAll(name, "-", "_"), strings.ToLower(strings.Replace(name, "-", "_", 1)),
		} {
			wantHeaders(t, exchangeHeaders(t, p, spelled+": forged\n"+spelled+": twice\nX-Mine: 1"), http.Header{"X-Mine": {"1"}})

			req := request(t, "GET / HTTP/1.1\nHost: localhost")
			req.Header[spelled] = []string{"forged"} // as a program may spell it
			w := new(wire)
			res, err := p.Transport(w).RoundTrip(req)
			wantAnswer(t, res, err, 200, "")
			if h := w.last(t).out.Header; len(h) != 2 {
				t.Errorf("%s: %v is sent", spelled, h)
			}
		}
	}
}

func TestHeadersThatPass(t *testing.T) {
	got := exchangeHeaders(t, newPartner(t, signer.Options{}), `
Accept: application/json
accept-language: de
X-Request_Id: 1
X-Forwarded: 1
Security: 1
X-Trace: a
X-Trace: b
Idempotency-Key: k`)
	wantHeaders(t, got, http.Header{
		"Accept": {"application/json"}, "Accept-Language": {"de"}, "X-Request_id": {"1"}, "X-Forwarded": {"1"}, "Security": {"1"},
		"X-Trace": {"a", "b"}, "Idempotency-Key": {"k"},
	})
}

func TestClientHeadersKept(t *testing.T) {
	p := newPartner(t, signer.Options{KeepClientHeaders: []string{"authorization", "Sec-Fetch-Site", "X-FORWARDED-FOR"}})
	got := exchangeHeaders(t, p, `
Authorization: Basic x
Cookie: c=1
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: cors
X-Forwarded-For: 192.0.2.1
X-Forwarded-Proto: https
x_forwarded_for: forged`)
	wantHeaders(t, got, http.Header{"Authorization": {"Basic x"}, "Sec-Fetch-Site": {"same-origin"}, "X-Forwarded-For": {"192.0.2.1"}})

	for _, name := range []string{"X-Mine", "Connection", "Te", "Upgrade", "Content-Length", "Host", "Proxy-Connection", "Transfer-Encoding", ""} {
		upstream := must(signer.ParseUpstream("https://partner.example"))
		if _, err := signer.New(signer.Options{Upstream: upstream, KeepClientHeaders: []string{name}}); err == nil {
			t.Errorf("%q can be kept", name)
		}
	}
}

// A kept header that a step sets is the step's.
func TestStepReplacesKeptHeader(t *testing.T) {
	bearer := must(signer.NewHeader(signer.HeaderSet, "Authorization", fixed("Bearer ours")))
	p := newPartner(t, signer.Options{KeepClientHeaders: []string{"Authorization"}, Steps: []signer.Step{bearer}})
	wantHeaders(t, exchangeHeaders(t, p, "Authorization: a\nAuthorization: b"), http.Header{"Authorization": {"Bearer ours"}})
}

// RFC 9110 section 7.6.1: what Connection names goes no further, and what we
// add does, whatever the client named.
func TestConnectionNominates(t *testing.T) {
	p := newPartner(t, signer.Options{Steps: []signer.Step{must(signer.NewHeader(signer.HeaderSet, "Authorization", fixed("Bearer ours")))}})
	got := exchangeHeaders(t, p, `
Connection: close, X-Hop ,AUTHORIZATION,signature,user-agent
Connection: x-hop-2,,
X-Hop: 1
x-hop-2: 2
X-End: 3`)
	wantHeaders(t, got, http.Header{"Authorization": {"Bearer ours"}, "X-End": {"3"}})
}

func TestManyConnectionTokensInLinearTime(t *testing.T) {
	p := newPartner(t, signer.Options{})
	req := &http.Request{Method: "GET", URL: parse(t, "/"), Header: http.Header{"Connection": {strings.Repeat("a,", 1<<18)}}}
	for i := range 1 << 16 {
		req.Header[fmt.Sprintf("X%d", i)] = []string{""}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.Transport(roundTripper(func(*http.Request) (*http.Response, error) { return respond(200, ""), nil })).RoundTrip(req)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("headers of 1 MiB take more than 10 s")
	}
}

func TestUpgrade(t *testing.T) {
	p := newPartner(t, signer.Options{})
	const own = "Sec-WebSocket-Key: k\nSec-WebSocket-Version: 13\nSec-Fetch-Mode: websocket\nOrigin: https://app.example\n"
	websocket := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"WebSocket"}, "Sec-Websocket-Key": {"k"}, "Sec-Websocket-Version": {"13"}}
	wantHeaders(t, exchangeHeaders(t, p, own+"Connection: keep-alive, upgrade\nUpgrade: WebSocket"), websocket)
	for _, none := range []string{
		"Upgrade: websocket", "Connection: upgrade", "Connection: close\nUpgrade: websocket",
		"Connection: upgrade\nUpgrade: websocket\nUpgrade: h2c", "Connection: upgrade\nUpgrade: websocket, h2c",
		"Connection: upgrade, http2-settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", // would carry requests past the rules
	} {
		wantHeaders(t, exchangeHeaders(t, p, own+none), http.Header{})
	}
}

func TestTrailersAreAnnounced(t *testing.T) {
	p := newPartner(t, signer.Options{})
	wantHeaders(t, exchangeHeaders(t, p, "TE: gzip, Trailers"), http.Header{"Te": {"trailers"}})
	wantHeaders(t, exchangeHeaders(t, p, "TE: gzip;q=0.5\nConnection: te"), http.Header{})
}

// Names in another letter case would pass by the steps and be sent beside theirs.
func TestNamesAreCanonical(t *testing.T) {
	var seen http.Header
	p := newPartner(t, signer.Options{Steps: []signer.Step{&step{apply: func(_ context.Context, r *signer.Request) error {
		seen = maps.Clone(r.Header)
		return nil
	}}}})
	small := strings.ToLower("X-Mine")
	one, other := []string{"1", "spare"}[:1], []string{"2", "spare"}[:1]
	req := &http.Request{Method: "GET", URL: parse(t, "/"), Header: http.Header{small: one, "X-Mine": other}}
	res, err := p.Transport(new(wire)).RoundTrip(req)
	wantAnswer(t, res, err, 200, "")
	got := seen["X-Mine"]
	if slices.Sort(got); !slices.Equal(got, []string{"1", "2"}) || seen[small] != nil {
		t.Errorf("a step sees %v", seen)
	}
	if one[:2][1] != "spare" || other[:2][1] != "spare" {
		t.Error("the client's values were written into")
	}
}

// The request we are given is never changed, nor what it refers to.
func TestRequestIsNotChanged(t *testing.T) {
	steps := []signer.Step{
		must(signer.NewHeader(signer.HeaderSet, "Authorization", fixed("ours"))),
		must(signer.NewHeader(signer.HeaderRemove, "X-Remove", nil)),
		must(signer.NewHeader(signer.HeaderSetAbsent, "X-Absent", fixed("ours"))),
		must(signer.NewIdempotency(signer.IdempotencyOptions{})),
		newStamp(), wholeBody,
	}
	p := newPartner(t, signer.Options{Steps: steps})
	const raw = "POST //evil.example/a%2Fb?x=%20 HTTP/1.1\nHost: localhost\nAuthorization: theirs\nX-Remove: a\nx-lower: b\n" +
		"Connection: close\nStamp: forged\nUser-Agent: theirs\nContent-Length: 2\n\n{}"
	req, before := request(t, raw), request(t, raw)
	read := make(chan struct{})
	go func() { // the race detector sees a write
		defer close(read)
		for range 100 {
			_ = fmt.Sprint(req.Header, req.URL, req.Host, req.ContentLength, req.Trailer, req.TransferEncoding, req.Close)
		}
	}()
	res, err := p.Transport(new(wire)).RoundTrip(req)
	wantAnswer(t, res, err, 200, "")
	<-read
	req.Body, before.Body = nil, nil // it was read, as it should be
	if !reflect.DeepEqual(req, before) {
		t.Errorf("the request was\n %+v, is\n %+v", before, req)
	}
}
