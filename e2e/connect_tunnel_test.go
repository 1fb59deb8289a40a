package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// What is no partner's is passed on as it is: the far end's own certificate,
// and not a byte changed.
func TestTunnelIsUntouched(t *testing.T) {
	partner, other := newAcme(t, partnertest.Options{}), partnertest.New(t, partnertest.Options{Protocols: []string{"h2"}})
	target := strings.TrimPrefix(localhost(other), "https://")
	caddy := startForward(t, connects("tunnel "+target, namedBlock(t, partner, "127.0.0.1", acme)), partner)
	client := caddy.client(t)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(other.CA())
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	res, err := client.Get(localhost(other) + "/v1?x=1")
	if err != nil || res.StatusCode != 200 || res.Proto != "HTTP/2.0" {
		t.Fatalf("%v %v", res, err)
	}
	res.Body.Close()
	if seen := other.Requests(); len(seen) != 1 || seen[0].Header.Get("Authorization") != "" || seen[0].Header.Get("Signature") != "" {
		t.Errorf("the other host got %v", seen)
	}
	untouched(t, partner)
}

func TestTunnelPassesBytes(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	sent := make([]byte, 3<<20)
	_, _ = rand.Read(sent)
	heard := make(chan [32]byte, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		hash := sha256.New()
		_, _ = io.Copy(hash, conn) // until the client's end is closed
		heard <- [32]byte(hash.Sum(nil))
		_, _ = conn.Write(sent)
	}()
	caddy := startForward(t, connects("tunnel "+listener.Addr().String()))
	conn, got := caddy.ask(t, listener.Addr().String())
	got.ok(t)
	if _, err := conn.Write(sent); err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	if take(t, heard) != sha256.Sum256(sent) {
		t.Error("the far end got other bytes")
	}
	if back, err := io.ReadAll(conn); err != nil || !bytes.Equal(back, sent) {
		t.Errorf("%d bytes came back, %v", len(back), err)
	}
}

// Clients need not wait for the answer to CONNECT.
func TestTunnelKeepsEarlyBytes(t *testing.T) {
	const early = "HTTP/1.1 299 Echoed\r\nContent-Length: 5\r\n\r\nearly"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.CopyN(conn, conn, int64(len(early)))
			conn.Close()
		}
	}()
	caddy := startForward(t, connects("tunnel "+listener.Addr().String()))
	got := caddy.exchange(t, "CONNECT "+listener.Addr().String()+" HTTP/1.1\r\nHost: x\r\n\r\n"+early)
	if got.StatusCode != 200 || !strings.HasSuffix(got.Text, "early") {
		t.Errorf("got %d %q", got.StatusCode, got.Text)
	}
}

func TestTunnelRefusesAddresses(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	_, port, _ := net.SplitHostPort(far.Addr().String())
	gone, named := freePort(t), loopbackName()+":"+port
	if named == ":"+port {
		named = "127.0.0.1:" + port
	}
	caddy := startForward(t, connects("tunnel 127.0.0.1:"+port+" "+named+" 127.0.0.1:"+gone+" 127.0.0.1:PROXY localhost:PROXY"))
	own := strings.TrimPrefix(caddy.Proxy, "http://127.0.0.1")
	conn, got := caddy.ask(t, "127.0.0.1:"+port)
	got.ok(t)
	conn.Close()
	for _, test := range []struct {
		target string
		status int
		kind   string
	}{
		{named, 403, "destination-refused"}, // what it resolves to is for others to say
		{"localhost:" + port, 403, "destination-refused"},
		{"127.0.0.1:" + gone, 502, "destination-unreachable"},
		{"127.0.0.1" + own, 508, "loop-detected"},
		{"localhost" + own, 508, "loop-detected"},
	} {
		if test.target != "127.0.0.1:"+port {
			_, got := caddy.ask(t, test.target)
			got.is(t, test.status, test.kind)
		}
	}
}

// loopbackName is a name of this machine, other than localhost, that has a
// loopback address, or nothing.
func loopbackName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	addresses, err := net.LookupIP(name)
	if err != nil || slices.ContainsFunc(addresses, func(ip net.IP) bool { return !ip.IsLoopback() }) {
		return ""
	}
	return name
}
