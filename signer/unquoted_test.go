package signer_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// What a partner sends in place of an answer is not repeated: it may quote what it
// was sent. That it was no answer is told.
func TestMalformedAnswers(t *testing.T) {
	noLeaks(t)
	const quoted = "Bearer-that-was-sent"
	for answer, told := range map[string]string{
		quoted + "\r\n\r\n":                                                                "malformed HTTP response",
		"HTTP/" + quoted + " 200 OK\r\n\r\n":                                               "malformed HTTP version",
		"HTTP/1.1 2" + quoted + " OK\r\n\r\n":                                              "malformed HTTP status code",
		"HTTP/1.1 200 OK\r\n" + quoted + "\r\n\r\n":                                        "missing colon",
		"HTTP/1.1 200 OK\r\nContent-Length: " + quoted + "\r\n\r\n":                        "bad Content-Length",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + quoted + "\r\n\r\n":                     "unsupported transfer encoding",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + quoted + "\r\n\r\n": "missing colon",
	} {
		t.Run(told, func(t *testing.T) {
			address := listen(t, func(conn net.Conn) {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = io.WriteString(conn, answer)
			})
			base := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, address.String())
			}, DisableKeepAlives: true}
			var record *signer.Record
			p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream("http://127.0.0.1")), Observe: func(r *signer.Record) { record = r }})
			res, err := p.Transport(base).RoundTrip(must(http.NewRequest("GET", "/", nil)))
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err == nil {
				err = record.Problem.Cause
			}
			if err == nil || !strings.Contains(err.Error(), told) || strings.Contains(err.Error(), quoted) {
				t.Errorf("told %v, want %s and no quotation", err, told)
			}
			if errors.Unwrap(err) == nil {
				t.Error("the error itself is lost")
			}
		})
	}
}
