//lint:file-ignore SA1019 This is how Caddy sets up HTTP/2.

package signer_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/partnersign/partnersign/signer"
)

// A reaction is what an HTTP/2 partner does about the n-th request it sees, on
// whatever connection, once it has seen all of it.
type reaction func(n int, stream uint32, framer *http2.Framer) (hangUp bool)

func answers(_ int, stream uint32, framer *http2.Framer) bool {
	// ":status: 204" of the static table (RFC 7541 appendix A).
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte{0x80 | 9}, EndHeaders: true, EndStream: true})
	return false
}

func refuses(_ int, stream uint32, framer *http2.Framer) bool {
	_ = framer.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
	return false
}

func hangsUp(int, uint32, *http2.Framer) bool { return true }

// goesAway says goodbye: the request was not looked at if last is 0.
func goesAway(last uint32) reaction {
	return func(_ int, _ uint32, framer *http2.Framer) bool {
		_ = framer.WriteGoAway(last, http2.ErrCodeNo, nil)
		return last > 0
	}
}

// first reacts to the first requests as listed, and answers the rest.
func first(reactions ...reaction) reaction {
	return func(n int, stream uint32, framer *http2.Framer) bool {
		if n <= len(reactions) {
			return reactions[n-1](n, stream, framer)
		}
		return answers(n, stream, framer)
	}
}

// serveHTTP2 is a partner that speaks HTTP/2 frame by frame, over TLS or not.
func serveHTTP2(t *testing.T, config *tls.Config, react reaction) (*received, net.Addr) {
	var seen received
	var requests atomic.Int32
	return &seen, listen(t, func(conn net.Conn) {
		if config != nil {
			conn = tls.Server(conn, config)
		}
		if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		framer := http2.NewFramer(conn, conn)
		framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		_ = framer.WriteSettings()
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			ended := false
			switch frame := frame.(type) {
			case *http2.SettingsFrame:
				if !frame.IsAck() {
					_ = framer.WriteSettingsAck()
				}
			case *http2.MetaHeadersFrame:
				fields := http.Header{}
				for _, field := range frame.RegularFields() {
					fields.Add(field.Name, field.Value)
				}
				seen.add(frame.PseudoValue("method"), fields.Get("Stamp"), fields.Get("Idempotency-Key"))
				ended = frame.StreamEnded()
			case *http2.DataFrame:
				ended = frame.StreamEnded()
			}
			if ended && react(int(requests.Add(1)), frame.Header().StreamID, framer) {
				return
			}
		}
	})
}

// certificate is one for example.com.
func certificate(t *testing.T) (*tls.Config, *x509.Certificate) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return &tls.Config{Certificates: server.TLS.Certificates, NextProtos: []string{"h2"}}, server.Certificate()
}

// What HTTP/2 turns away without looking at it may be sent again whatever it
// is, and is signed again; what is lost with its connection only if that is
// safe. The first request only opens the connection, where there is one.
func TestResendOverHTTP2(t *testing.T) {
	config, cert := certificate(t)
	key := must(signer.NewIdempotency(signer.IdempotencyOptions{}))
	const streamed = "POST / HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n2\r\n{}\r\n0\r\n\r\n"
	const get, post, empty = "GET / HTTP/1.1\nHost: localhost", "POST / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}", "DELETE / HTTP/1.1\nHost: localhost"
	for _, test := range []struct {
		name, raw string
		steps     []signer.Step
		fresh     bool
		react     []reaction
		sent      int
		part      string // of the problem; "": it is answered
	}{
		{"refused on a fresh connection, GET", get, nil, true, []reaction{refuses}, 2, ""},
		{"refused on a fresh connection, POST", post, []signer.Step{wholeBody}, true, []reaction{refuses}, 2, ""},
		{"refused on a fresh connection, DELETE", empty, nil, true, []reaction{refuses}, 2, ""},
		{"refused, GET", get, nil, false, []reaction{answers, refuses}, 2, ""},
		{"refused, POST", post, []signer.Step{wholeBody}, false, []reaction{answers, refuses}, 2, ""},
		{"refused, POST with a key", post, []signer.Step{wholeBody, key}, false, []reaction{answers, refuses}, 2, ""},
		{"refused, POST streamed", streamed, nil, false, []reaction{answers, refuses}, 1, "is not known"},
		{"refused twice, GET", get, nil, false, []reaction{answers, refuses, refuses}, 2, "not even the second time"},
		{"refused twice, POST", post, []signer.Step{wholeBody}, false, []reaction{answers, refuses, refuses}, 2, "not even the second time"},
		{"refused, then lost", post, []signer.Step{wholeBody}, false, []reaction{answers, refuses, hangsUp}, 2, "is not known"},
		{"gone away before it, GET", get, nil, true, []reaction{goesAway(0)}, 2, ""},
		{"gone away before it, DELETE", empty, nil, true, []reaction{goesAway(0)}, 2, ""},
		{"gone away before it, POST", post, []signer.Step{wholeBody}, true, []reaction{goesAway(0)}, 2, ""},
		{"gone away after it, GET", get, nil, false, []reaction{answers, goesAway(3)}, 2, ""},
		{"gone away after it, POST", post, []signer.Step{wholeBody}, false, []reaction{answers, goesAway(3)}, 1, "is not known"},
		{"lost, GET", get, nil, false, []reaction{answers, hangsUp}, 2, ""},
		{"lost, POST", post, []signer.Step{wholeBody}, false, []reaction{answers, hangsUp}, 1, "is not known"},
		{"lost, POST with a key", post, []signer.Step{wholeBody, key}, false, []reaction{answers, hangsUp}, 2, ""},
		{"lost on a fresh connection, GET", get, nil, true, []reaction{hangsUp}, 1, "try again"},
	} {
		for _, version := range append(versions[1:], "HTTP/2 without TLS", "a pool that announces nothing") {
			t.Run(test.name+", "+version, func(t *testing.T) {
				noLeaks(t)
				tlsConfig, upstream := config, example
				if version == "HTTP/2 without TLS" {
					tlsConfig, upstream = nil, must(signer.ParseUpstream("http://localhost"))
				}
				seen, address := serveHTTP2(t, tlsConfig, first(test.react...))
				p := newPartner(t, signer.Options{Upstream: upstream, Steps: append(test.steps, newStamp()), H2C: tlsConfig == nil})
				transport := p.Transport(newHTTP2(t, version, cert, address.String()))
				if test.fresh {
					seen.add("", "0", "") // the one that was not needed
				} else {
					res, err := transport.RoundTrip(request(t, get))
					wantAnswer(t, res, err, 204, "")
				}
				res, err := transport.RoundTrip(request(t, test.raw))
				if test.part == "" {
					wantAnswer(t, res, err, 204, "")
				} else {
					wantProblem(t, res, err, signer.PartnerFailed, test.part)
				}
				method, _, _ := strings.Cut(test.raw, " ")
				seen.want(t, method, test.sent)
			})
		}
	}
}

func newHTTP2(t *testing.T, version string, cert *x509.Certificate, address string) http.RoundTripper {
	base := newBase(t, version, cert, address)
	switch version {
	case "HTTP/2 without TLS":
		base.Protocols = new(http.Protocols)
		base.Protocols.SetUnencryptedHTTP2(true)
	case "a pool that announces nothing":
		h2 := new(http2.Transport)
		h2.ConnPool = &pool{h2, base.TLSClientConfig, address, nil}
		t.Cleanup(h2.ConnPool.(*pool).close)
		return h2
	}
	return base
}

// A pool hands out connections without a word to httptrace, as that of x/net
// does with those that were made for another request.
type pool struct {
	transport *http2.Transport
	config    *tls.Config
	address   string
	conn      *http2.ClientConn
}

func (p *pool) GetClientConn(req *http.Request, _ string) (*http2.ClientConn, error) {
	if p.conn != nil && p.conn.ReserveNewRequest() {
		return p.conn, nil
	}
	config := p.config.Clone()
	config.ServerName, config.NextProtos = "example.com", []string{"h2"}
	conn, err := (&tls.Dialer{Config: config}).DialContext(context.WithoutCancel(req.Context()), "tcp", p.address)
	if err != nil {
		return nil, err
	}
	if p.conn, err = p.transport.NewClientConn(conn); err == nil {
		p.conn.ReserveNewRequest()
	}
	return p.conn, err
}

func (p *pool) MarkDead(*http2.ClientConn) {}

func (p *pool) close() {
	if p.conn != nil {
		_ = p.conn.Close()
	}
}
