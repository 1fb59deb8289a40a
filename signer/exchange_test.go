//lint:file-ignore SA1019 This is how Caddy sets up HTTP/2.

package signer_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/partnersign/partnersign/signer"
)

// versions are the ways to send by net/http. In production Caddy configures
// HTTP/2 by golang.org/x/net, which is other code than that within net/http.
var versions = []string{"HTTP/1.1", "HTTP/2 of net/http", "HTTP/2 of x/net"}

// newBase makes a transport that trusts a server and always dials it. The
// certificate of httptest is for example.com, too.
func newBase(t *testing.T, version string, certificate *x509.Certificate, address string) *http.Transport {
	t.Helper()
	base := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	if certificate != nil {
		base.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		base.TLSClientConfig.RootCAs.AddCert(certificate)
	}
	switch version {
	case "HTTP/2 of net/http":
		base.ForceAttemptHTTP2 = true
	case "HTTP/2 of x/net":
		if err := http2.ConfigureTransport(base); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(base.CloseIdleConnections)
	return base
}

// overTLS runs a test against a partner, by all versions.
func overTLS(t *testing.T, handler http.HandlerFunc, test func(*testing.T, http.RoundTripper)) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			noLeaks(t)
			server := httptest.NewUnstartedServer(handler)
			server.EnableHTTP2 = version != versions[0]
			server.StartTLS()
			t.Cleanup(server.Close)
			test(t, newBase(t, version, server.Certificate(), server.Listener.Addr().String()))
		})
	}
}

var example = must(signer.ParseUpstream("https://example.com:8443"))

// Where a request goes is the upstream's to say, and nobody else's.
func TestDestination(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s %s %q", r.TLS.ServerName, r.Host, r.Method, r.RequestURI, r.Header.Values("Authorization"))
	}
	overTLS(t, handler, func(t *testing.T, base http.RoundTripper) {
		p := newPartner(t, signer.Options{Upstream: example})
		for _, raw := range []string{
			"GET /a?b HTTP/1.1\nHost: localhost",
			"GET /a?b HTTP/1.1\nHost: EVIL.example.:81",
			"GET http://evil.example/a?b HTTP/1.1\nHost: localhost",
			"GET http://user:secret@evil.example:81/a?b HTTP/1.1\nHost: evil.example",
			"GET ftp://example.com/a?b HTTP/1.1\nHost: example.com",
			"GET /a?b HTTP/1.1\nHost: a\nX-Forwarded-Host: evil.example\nForwarded: host=evil.example\nX-Original-Url: /c",
		} {
			req := request(t, raw)
			req.Header["Host"] = []string{"evil.example"}
			res, err := p.Transport(base).RoundTrip(req)
			wantAnswer(t, res, err, 200, `example.com example.com:8443 GET /a?b []`)
		}
	})
}

// A caller that chooses the address, as Caddy does, chooses nothing else.
func TestDialHost(t *testing.T) {
	w := new(wire)
	p := newPartner(t, signer.Options{Upstream: example, DialHost: true})
	res, err := p.Transport(w).RoundTrip(&http.Request{Method: "GET", URL: parse(t, "http://user@192.0.2.1:81/a"), Host: "evil.example"})
	wantAnswer(t, res, err, 200, "")
	if out := w.last(t).out; out.URL.String() != "https://192.0.2.1:81/a" || out.Host != "example.com:8443" {
		t.Errorf("sent to %s, Host %s", out.URL, out.Host)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Errorf("%s was asked for", r.URL)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(307)
	}
	overTLS(t, handler, func(t *testing.T, base http.RoundTripper) {
		res, err := newPartner(t, signer.Options{Upstream: example}).Transport(base).RoundTrip(must(http.NewRequest("GET", "/", nil)))
		wantAnswer(t, res, err, 307, "")
		if res.Header.Get("Location") != "/elsewhere" {
			t.Errorf("Location %q", res.Header.Get("Location"))
		}
	})
}

func TestHEAD(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "1234") }
	overTLS(t, handler, func(t *testing.T, base http.RoundTripper) {
		res, err := newPartner(t, signer.Options{Upstream: example}).Transport(base).RoundTrip(must(http.NewRequest("HEAD", "/", nil)))
		wantAnswer(t, res, err, 200, "")
		if res.ContentLength != 1234 {
			t.Errorf("length %d", res.ContentLength)
		}
	})
}

// Informational answers reach a caller that listens for them.
func TestEarlyHints(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>")
		w.WriteHeader(103)
	}
	overTLS(t, handler, func(t *testing.T, base http.RoundTripper) {
		hints := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			if hints++; code != 103 || h.Get("Link") != "</a.css>" {
				t.Errorf("%d %v", code, h)
			}
			return nil
		}})
		res, err := newPartner(t, signer.Options{Upstream: example}).Transport(base).RoundTrip(must(http.NewRequestWithContext(ctx, "GET", "/", nil)))
		wantAnswer(t, res, err, 200, "")
		if hints != 1 {
			t.Errorf("%d hints", hints)
		}
	})
}

// Each event of a stream arrives before the next is sent.
func TestServerSentEvents(t *testing.T) {
	next := make(chan struct{})
	handler := func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n", i)
			w.(http.Flusher).Flush()
			<-next
		}
	}
	overTLS(t, handler, func(t *testing.T, base http.RoundTripper) {
		res, err := newPartner(t, signer.Options{Upstream: example}).Transport(base).RoundTrip(must(http.NewRequest("GET", "/", nil)))
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(res.Body)
		for i := range 3 {
			if line, err := lines.ReadString('\n'); line != fmt.Sprintf("data: %d\n", i) {
				t.Errorf("event %q, %v", line, err)
			}
			next <- struct{}{}
		}
		wantAnswer(t, res, nil, 200, "")
	})
}

// After 101 the connection is the caller's, and outlives the exchange.
func TestUpgradedConnection(t *testing.T) {
	noLeaks(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
		_ = rw.Flush()
		_, _ = io.Copy(conn, rw)
	}))
	defer server.Close()
	p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream(server.URL)), Steps: []signer.Step{wholeBody}})
	base := server.Client().Transport
	for name, roundTrip := range map[string]func(*http.Request) (*http.Response, error){
		"transport": p.Transport(base).RoundTrip,
		"exchange": func(req *http.Request) (*http.Response, error) {
			x := p.Begin()
			defer x.Close()
			return x.RoundTrip(req, base)
		},
	} {
		res, err := roundTrip(request(t, "GET /ws HTTP/1.1\nHost: localhost\nConnection: Upgrade\nUpgrade: websocket"))
		if err != nil || res.StatusCode != 101 {
			t.Fatalf("%s: %v, %v", name, res, err)
		}
		conn := res.Body.(io.ReadWriteCloser)
		for _, ping := range []string{"ping", strings.Repeat("x", 100_000)} {
			go func() { _, _ = io.WriteString(conn, ping) }()
			echo := make([]byte, len(ping))
			if _, err := io.ReadFull(conn, echo); err != nil || string(echo) != ping {
				t.Errorf("%s: echo of %d bytes: %v", name, len(ping), err)
			}
		}
		_ = conn.Close()
	}
}

// A client that leaves ends its request at the partner, and is told nothing.
func TestClientLeaves(t *testing.T) {
	arrived := make(chan struct{}, 1)
	handler := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // an answer could still arrive
	}
	overTLS(t, handler, func(t *testing.T, base http.RoundTripper) {
		for _, step := range []signer.Step{wholeBody, new(step)} {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-arrived
				cancel()
			}()
			p := newPartner(t, signer.Options{Upstream: example, Steps: []signer.Step{step}})
			_, err := p.Transport(base).RoundTrip(must(http.NewRequestWithContext(ctx, "POST", "/", strings.NewReader("{}"))))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		}
	})
}
