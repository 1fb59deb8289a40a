package signer_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/partnersign/partnersign/signer"
)

// HTTP/3 too sends a request again that the partner has not looked at.
func TestResendOverHTTP3(t *testing.T) {
	config, cert := certificate(t)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	for _, fresh := range []bool{true, false} {
		for _, raw := range []string{
			"GET / HTTP/1.1\nHost: localhost", "DELETE / HTTP/1.1\nHost: localhost", "POST / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}",
		} {
			noLeaks(t)
			var seen received
			var requests atomic.Int32
			refused := int32(2)
			if fresh {
				refused = 1
				seen.add("", "0", "") // the one that was not needed
			}
			socket := must(net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))
			server := &http3.Server{TLSConfig: http3.ConfigureTLSConfig(config), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen.add(r.Method, r.Header.Get("Stamp"), "")
				if requests.Add(1) == refused {
					stream := w.(http3.HTTPStreamer).HTTPStream()
					stream.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestRejected))
					stream.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestRejected))
					return
				}
				w.WriteHeader(204)
			})}
			go func() { _ = server.Serve(socket) }()
			base := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}}
			t.Cleanup(func() {
				_ = base.Close()
				_ = server.Close()
				_ = socket.Close()
			})
			p := newPartner(t, signer.Options{Upstream: example, DialHost: true, Steps: []signer.Step{wholeBody, newStamp()}})
			send := func(raw string) (*http.Response, error) {
				req := request(t, raw)
				req.URL.Host = socket.LocalAddr().String()
				return p.Transport(base).RoundTrip(req)
			}
			if !fresh {
				res, err := send("GET / HTTP/1.1\nHost: localhost")
				wantAnswer(t, res, err, 204, "")
			}
			res, err := send(raw)
			wantAnswer(t, res, err, 204, "")
			seen.want(t, request(t, raw).Method, 2)
		}
	}
}
