package signer_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/partnersign/partnersign/signer"
)

// HTTP/3 too sends a request again that the partner has not looked at.
func TestResendOverHTTP3(t *testing.T) {
	config, cert := certificate(t)
	trust := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}
	trust.RootCAs.AddCert(cert)
	for _, raw := range []string{
		"GET / HTTP/1.1\nHost: localhost", "DELETE / HTTP/1.1\nHost: localhost", "POST / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}",
	} {
		method, _, _ := strings.Cut(raw, " ")
		t.Run(method, func(t *testing.T) {
			noLeaks(t)
			socket := must(net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))
			defer socket.Close()
			transport := &quic.Transport{Conn: socket}
			defer transport.Close()
			served := make(chan string, 10)
			server := &http3.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				served <- r.Method + " signed as " + r.Header.Get("Stamp")
				w.WriteHeader(204)
			})}
			defer server.Close()
			go rejectFirst(t.Context(), must(transport.Listen(http3.ConfigureTLSConfig(config), nil)), server)

			base := &http3.Transport{TLSClientConfig: trust}
			defer base.Close()
			p := newPartner(t, signer.Options{Upstream: example, DialHost: true, Steps: []signer.Step{wholeBody, newStamp()}})
			req := request(t, raw)
			req.URL.Host = socket.LocalAddr().String()
			res, err := p.Transport(base).RoundTrip(req)
			wantAnswer(t, res, err, 204, "")
			if got := <-served; got != method+" signed as 2" || len(served) > 0 {
				t.Errorf("%s, and %d more", got, len(served))
			}
		})
	}
}

// rejectFirst does not look at the request of the first connection.
func rejectFirst(ctx context.Context, listener *quic.Listener, server *http3.Server) {
	for first := true; ; first = false {
		conn, err := listener.Accept(ctx)
		if err != nil {
			return
		}
		if !first {
			go func() { _ = server.ServeQUICConn(conn) }()
			continue
		}
		if stream, err := conn.AcceptStream(ctx); err == nil {
			stream.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestRejected))
			stream.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestRejected))
		}
	}
}
