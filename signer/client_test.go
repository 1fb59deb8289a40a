package signer_test

import (
	"bufio"
	"context"
	"crypto"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// front is a server in front of a partner, as a proxy is one.
func front(t *testing.T, p *signer.Partner, base http.RoundTripper) *httptest.Server {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := p.Begin()
		defer x.Close()
		x.SetReadDeadline(http.NewResponseController(w).SetReadDeadline)
		res, err := x.RoundTrip(r, base)
		if err != nil {
			t.Logf("front: %v", err)
			w.WriteHeader(499)
			return
		}
		defer res.Body.Close()
		for name, values := range res.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}))
	t.Cleanup(server.Close)
	return server
}

// A client that stops in the middle of its body gets an answer, although its
// server only sees that the connection is silent.
func TestSilentClient(t *testing.T) {
	noLeaks(t)
	partner := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("the partner saw a complete request")
		}
	}))
	defer partner.Close()
	defer partner.Client().CloseIdleConnections()
	for _, test := range []struct {
		name  string
		step  signer.Step
		rules signer.Rules
		kind  signer.Kind
	}{
		{"held", newDigest(crypto.SHA256), signer.Rules{}, signer.TooSlow},
		{"streamed", new(step), signer.Rules{}, signer.TooSlow},
		{"too large", wholeBody, signer.Rules{}, signer.BodyTooLarge},
		{"not signed", &step{apply: func(context.Context, *signer.Request) error { return errBroken }}, signer.Rules{}, signer.SigningFailed},
		{"not allowed", new(step), signer.Rules{Allow: rules("GET /")}, signer.NotAllowed},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := signer.Options{
				Upstream: must(signer.ParseUpstream(partner.URL)), Timeout: 50 * time.Millisecond,
				Steps: []signer.Step{test.step}, Rules: test.rules,
			}
			if test.kind == signer.BodyTooLarge {
				o.MaxBody = 3
			}
			server := front(t, newPartner(t, o), partner.Client().Transport)
			server.Start()
			conn := must(net.Dial("tcp", server.Listener.Addr().String()))
			defer conn.Close()
			must(io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"))
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			wantProblem(t, res, err, test.kind, "")
		})
	}
}

// The same over HTTP/2, where the connection lives on.
func TestSilentClientHTTP2(t *testing.T) {
	noLeaks(t)
	for _, step := range []signer.Step{wholeBody, new(step)} {
		p := newPartner(t, signer.Options{Timeout: 50 * time.Millisecond, Steps: []signer.Step{step}})
		server := front(t, p, new(wire))
		server.EnableHTTP2 = true
		server.StartTLS()
		body, silent := io.Pipe()
		res, err := server.Client().Do(must(http.NewRequest("POST", server.URL, body)))
		wantProblem(t, res, err, signer.TooSlow, "")
		if res.ProtoMajor != 2 {
			t.Errorf("%s", res.Proto)
		}
		silent.Close()
		server.Client().CloseIdleConnections()
	}
}

// A client that leaves in the middle of its body is gone, and the partner sees
// no complete request.
func TestClientLeavesWithHalfTheBody(t *testing.T) {
	noLeaks(t)
	for _, step := range []signer.Step{wholeBody, new(step)} {
		left := make(chan error, 1)
		p := newPartner(t, signer.Options{Steps: []signer.Step{step}})
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := p.Begin().RoundTrip(r, roundTripper(func(out *http.Request) (*http.Response, error) {
				_, err := io.Copy(io.Discard, out.Body)
				if err == nil {
					t.Error("the partner saw a complete request")
				}
				return nil, err
			}))
			left <- err
		}))
		conn := must(net.Dial("tcp", server.Listener.Addr().String()))
		must(io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"))
		conn.Close()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		server.Close()
	}
}
