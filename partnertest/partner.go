// Package partnertest provides partners to test against: servers that ask of a
// request what a partner's API asks, and say in a sentence what is wrong with it.
//
//	partner := partnertest.New(t, partnertest.Options{
//		Require: partnertest.Require{
//			Bearer:        "secret",
//			Keys:          map[string]partnertest.Key{"acme-2026": {Public: public}},
//			Components:    []string{"@method", "@target-uri", "content-digest?"},
//			ContentDigest: "sha-256",
//		},
//	})
//	// … send requests to partner.URL(), trusting partner.CA() …
//	for _, request := range partner.Requests() {
//		if !request.Verdict.OK {
//			t.Error(request.Verdict.Problems)
//		}
//	}
//
// # What is received
//
// Each [Request] is recorded as it came. On HTTP/1.1 that is byte by byte, read
// below net/http, and method, target, fields and body are taken from these bytes by
// code of this package. HTTP/2 and HTTP/3 give the values after decompression.
//
// # How it is verified
//
// Each signature is checked twice: by github.com/yaronf/httpsign, and by rebuilding
// the signature base of RFC 9421 from the bytes received. Both must accept. Where
// httpsign cannot be asked (P-521, for example) the [Signature] says so. Nothing here
// shares code with the signer, so that a mistake made there is not made here again.
//
// # What is answered
//
// 200 with the verdict and the request as JSON, or 401 with the same, with the
// credentials masked. [Options.Answer] answers otherwise, and [Options.Break] ends
// connections at the moments that hurt.
//
// # Real partners
//
// [Dfns], [OffBlocks], [Dynamic] and [Proof] are partners with what these APIs document:
// their calls, tokens, signatures and refusals. Each says what it refused and what it
// carried out, and fails on request.
package partnertest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options say what a partner listens on and what it asks for. The zero value is an
// HTTPS server on a free port of 127.0.0.1 that accepts everything.
type Options struct {
	// Listener is served instead of a new one. The partner closes it.
	Listener net.Listener

	// Address is what to listen on: host:port, or the absolute path of a unix socket.
	// Default 127.0.0.1:0.
	Address string

	// Names are the host names and IP addresses in the certificate. Default
	// partner.test, localhost, 127.0.0.1 and ::1.
	Names []string

	// Protocols are ALPN names (RFC 7301): "http/1.1", "h2", and "h3", which listens
	// on the UDP port of the same number. Default http/1.1 and h2.
	Protocols []string

	// Plain serves without TLS; h2 is then HTTP/2 with prior knowledge (RFC 9113,
	// section 3.3).
	Plain bool

	// Require is what every request must show. Default nothing.
	Require Require

	// Answer may answer instead of the partner: it returns whether it did. The body
	// of r has been read and can be read again.
	Answer func(w http.ResponseWriter, r *http.Request, seen *Request, verdict Verdict) bool

	// Break is asked at every [Stage] of every request whether the connection ends
	// there. It may be called from several goroutines at once.
	Break func(Moment) Ending

	// Now is the clock, which the Date of answers shows, too. With one of its own,
	// httpsign, which reads the system's clock, is not asked about times. Default
	// time.Now.
	Now func() time.Time
}

// A Partner is a running server. Its methods may be called from several goroutines.
type Partner struct {
	opts      Options
	authority *authority
	listener  *listener
	server    *http.Server
	http3     io.Closer // nil unless Options.Protocols has h3
	verifier  *verifier
	seen      recorder
	serving   sync.WaitGroup
	handling  sync.RWMutex // held for reading by handlers: Close waits for them
	close     func()
}

// Start starts a partner, which runs until [Partner.Close]. It fails when the address
// cannot be listened on, and when opts ask for what is not known: a protocol, an
// algorithm, a key that does not fit its algorithm.
func Start(opts Options) (*Partner, error) {
	if len(opts.Names) == 0 {
		opts.Names = []string{"partner.test", "localhost", "127.0.0.1", "::1"}
	}
	if len(opts.Protocols) == 0 {
		opts.Protocols = []string{"http/1.1", "h2"}
	}
	if err := checkProtocols(opts); err != nil {
		return nil, err
	}
	verifier, err := newVerifier(opts.Require, opts.Now)
	if err != nil {
		return nil, err
	}
	authority, err := newAuthority(opts.Names)
	if err != nil {
		return nil, err
	}
	p := &Partner{opts: opts, authority: authority, verifier: verifier}
	p.close = sync.OnceFunc(p.shut)
	if p.listener, err = listen(p); err != nil {
		return nil, err
	}
	p.server = newServer(p)
	if slices.Contains(opts.Protocols, "h3") {
		if p.http3, err = serveHTTP3(p); err != nil {
			p.listener.Close()
			return nil, err
		}
	}
	p.serving.Go(func() { p.server.Serve(p.listener) })
	return p, nil
}

func checkProtocols(opts Options) error {
	for _, protocol := range opts.Protocols {
		switch {
		case protocol == "h3" && opts.Plain:
			return errors.New("partnertest: h3 needs TLS")
		case !slices.Contains([]string{"http/1.1", "h2", "h3"}, protocol):
			return fmt.Errorf("partnertest: protocol %q is none of http/1.1, h2 and h3", protocol)
		}
	}
	return nil
}

// Addr is the address listened on.
func (p *Partner) Addr() net.Addr { return p.listener.Addr() }

// URL is where the partner is, without a path: https://127.0.0.1:port. On a unix
// socket the host is the first of [Options.Names].
func (p *Partner) URL() string {
	host := p.Addr().String()
	if p.Addr().Network() == "unix" {
		host = p.opts.Names[0]
	}
	if p.opts.Plain {
		return "http://" + host
	}
	return "https://" + host
}

// SetRequire changes what requests must show from now on. What was seen before,
// nonces and idempotency keys included, stays known.
func (p *Partner) SetRequire(require Require) error { return p.verifier.set(require) }

// Close ends all connections and waits for the handlers to return. Calling it again
// does nothing.
func (p *Partner) Close() { p.close() }

func (p *Partner) shut() {
	p.server.Close()
	p.listener.Close()
	if p.http3 != nil {
		p.http3.Close()
	}
	p.serving.Wait()
	p.handling.Lock()
	defer p.handling.Unlock()
}
