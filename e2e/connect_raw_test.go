package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// ask opens a connection to the proxy, sends a CONNECT and reads its answer.
func (f *forward) ask(t testing.TB, target string, headers ...string) (net.Conn, answer) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.Proxy, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", target, target, strings.Join(append(headers, ""), "\r\n"))
	return conn, readFrom(t, bufio.NewReader(conn), http.MethodConnect)
}

// readFrom reads a response to a method; that to CONNECT may have no body.
func readFrom(t testing.TB, r *bufio.Reader, method string) answer {
	t.Helper()
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	if method != http.MethodConnect || res.StatusCode != 200 {
		text, _ = io.ReadAll(res.Body)
	}
	return answer{res, string(text)}
}

// is checks that an answer is a problem of the proxy's own.
func (a answer) is(t testing.TB, status int, kind string) {
	t.Helper()
	if a.StatusCode != status || !strings.Contains(a.Text, "#"+kind+`"`) || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("answered %d %s, want %d %s", a.StatusCode, a.Text, status, kind)
	}
}

// tls begins TLS in a tunnel, for a server name of the test's own.
func (f *forward) tls(t testing.TB, conn net.Conn, certified, sni string) *tls.Conn {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(readFile(f.root())))
	inside := tls.Client(conn, &tls.Config{
		ServerName:         sni,
		InsecureSkipVerify: true, // the name is another than SNI's; verified below
		VerifyConnection: func(state tls.ConnectionState) error {
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: certified, Roots: roots, Intermediates: pool(state.PeerCertificates[1:])})
			return err
		},
	})
	if err := inside.Handshake(); err != nil {
		t.Fatal(err)
	}
	return inside
}

func pool(certificates []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, certificate := range certificates {
		p.AddCert(certificate)
	}
	return p
}
