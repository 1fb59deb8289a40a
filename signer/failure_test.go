package signer_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// An opaqueError does not unwrap, as the one that Caddy wraps failed dials in.
type opaqueError struct{ error }

// A connection that could not be made is an error, and the very one that the
// base transport gave: callers match its type and try elsewhere.
func TestDialFailure(t *testing.T) {
	noLeaks(t)
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	address := listener.Addr().String()
	_ = listener.Close() // and nobody listens
	for name, wrap := range map[string]func(error) error{
		"net": func(err error) error { return err }, "opaque": func(err error) error { return opaqueError{err} },
	} {
		for _, step := range []signer.Step{wholeBody, new(step)} {
			t.Run(name, func(t *testing.T) {
				var dialErr error
				base := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, address)
					dialErr = wrap(err)
					return conn, dialErr
				}}
				memory := signer.NewMemory(0)
				p := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{step}})
				body := &watchedBody{Reader: strings.NewReader("{}")}
				_, err := p.Transport(base).RoundTrip(must(http.NewRequest("POST", "/", body)))
				if err == nil || err != dialErr {
					t.Errorf("error %#v, want %#v", err, dialErr)
				}
				wantMemory(t, memory, 0)
				if !body.closed.Load() {
					t.Error("the body was not closed")
				}
			})
		}
	}
}

// A partner that is not who it should be gets nothing.
func TestTLSFailure(t *testing.T) {
	noLeaks(t)
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") })
	trusted := httptest.NewUnstartedServer(never)
	trusted.Config.ErrorLog = quiet
	trusted.StartTLS()
	defer trusted.Close()
	picky := httptest.NewUnstartedServer(never)
	picky.Config.ErrorLog = quiet
	picky.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}
	picky.StartTLS()
	defer picky.Close()
	plain := listen(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	hangsUp := listen(t, func(net.Conn) {})

	for _, test := range []struct {
		name, upstream string
		address        net.Addr
		kind           signer.Kind
		part           string
	}{
		{"another name", "https://other.example", trusted.Listener.Addr(), signer.PartnerUntrusted, "before anything was sent"},
		{"no TLS", "https://example.com", plain, signer.PartnerUntrusted, "before anything was sent"},
		{"hangs up", "https://example.com", hangsUp, signer.PartnerUnreachable, "nothing was sent"},
		{"refuses us", "https://example.com", picky.Listener.Addr(), signer.PartnerUnreachable, "nothing was sent"},
	} {
		for _, version := range versions {
			t.Run(test.name+", "+version, func(t *testing.T) {
				base := newBase(t, version, trusted.Certificate(), test.address.String())
				p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream(test.upstream)), Steps: []signer.Step{wholeBody}})
				res, err := p.Transport(base).RoundTrip(must(http.NewRequest("POST", "/", strings.NewReader("{}"))))
				wantProblem(t, res, err, test.kind, test.part)
			})
		}
	}
	base := newBase(t, versions[0], nil, trusted.Listener.Addr().String()) // trusts the system's authorities
	res, err := newPartner(t, signer.Options{Upstream: example}).Transport(base).RoundTrip(must(http.NewRequest("GET", "/", nil)))
	wantProblem(t, res, err, signer.PartnerUntrusted, "before anything was sent")
}

// A partner that takes the request and gives no answer may have carried it out.
func TestNoAnswer(t *testing.T) {
	noLeaks(t)
	for _, answer := range []string{"", "garbage\r\n\r\n", "HTTP/1.1 2"} {
		address := listen(t, func(conn net.Conn) {
			must(conn.Read(make([]byte, 1)))
			_, _ = io.WriteString(conn, answer)
		})
		p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream("http://localhost")), Steps: []signer.Step{wholeBody}})
		base := newBase(t, versions[0], nil, address.String())
		for method, part := range map[string]string{"GET": "try again", "POST": "is not known: ask it, or repeat the call with the same idempotency key"} {
			res, err := p.Transport(base).RoundTrip(must(http.NewRequest(method, "/", strings.NewReader("{}"))))
			wantProblem(t, res, err, signer.PartnerFailed, part)
		}
	}
}

// Bases that tell nothing about connections are believed by their errors.
func TestFailureOfAnyBase(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: timeoutError{}}
	for _, test := range []struct {
		err  error
		kind signer.Kind
	}{
		{dial, signer.Kind{}},
		{opaqueError{dial}, signer.PartnerFailed},
		{&tls.CertificateVerificationError{Err: errBroken}, signer.PartnerUntrusted},
		{timeoutError{}, signer.TooSlow},
		{errBroken, signer.PartnerFailed},
		{context.Canceled, signer.PartnerFailed}, // not by the client
	} {
		res, err := newPartner(t, signer.Options{}).Transport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, test.err })).
			RoundTrip(must(http.NewRequest("POST", "/", nil)))
		if test.kind.Name != "" {
			wantProblem(t, res, err, test.kind, "")
		} else if !errors.Is(err, test.err) {
			t.Errorf("error %v, want %v", err, test.err)
		}
	}
}

// Close ends an attempt that another goroutine makes, and its answer.
func TestCloseEndsAttempts(t *testing.T) {
	p := newPartner(t, signer.Options{})
	x := p.Begin()
	base := roundTripper(func(out *http.Request) (*http.Response, error) {
		go x.Close()
		return silent(out)
	})
	if _, err := x.RoundTrip(must(http.NewRequest("GET", "/", nil)), base); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	var contexts []context.Context
	keep := roundTripper(func(out *http.Request) (*http.Response, error) {
		contexts = append(contexts, out.Context())
		return respond(503, ""), nil
	})
	x = p.Begin()
	for range 2 { // as a proxy that tries again
		res, err := x.RoundTrip(must(http.NewRequest("GET", "/", nil)), keep)
		wantAnswer(t, res, err, 503, "")
	}
	if contexts[0].Err() == nil || contexts[1].Err() != nil {
		t.Errorf("after the second answer the contexts are %v and %v", contexts[0].Err(), contexts[1].Err())
	}
	x.Close()
	if contexts[1].Err() == nil {
		t.Error("the context outlives the exchange")
	}
}
