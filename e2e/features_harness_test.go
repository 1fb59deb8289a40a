package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// signOnly is a partner_proxy whose bodies are streamed: nothing in it needs
// them whole.
const signOnly = `
	bearer {env.ACME_TOKEN}
	signature {
		key DIR/key.pem
		key_id acme-2026
		components @method @target-uri authorization content-type? idempotency-key?
		parameters created expires=60s nonce keyid alg
	}`

func signOnlyRequire(key signingKey) partnertest.Require {
	require := acmeRequire(key)
	require.Components = []string{"@method", "@target-uri", "authorization", "content-type?", "idempotency-key?"}
	require.ContentDigest, require.IdempotencyKey = "", ""
	return require
}

// startSignOnly is startAcme without a digest and without a key.
func startSignOnly(t *testing.T, opts partnertest.Options, lines ...string) (*partnertest.Partner, *process) {
	t.Helper()
	key := keyOf(t, "ed25519")
	opts.Require = signOnlyRequire(key)
	partner := partnertest.New(t, opts)
	return partner, startCaddy(t, siteFile(t, block(partner, signOnly+"\n"+strings.Join(lines, "\n")), partner))
}

// siteFile is a site with the certificates of partners, the key and the token.
func siteFile(t testing.TB, site string, partners ...*partnertest.Partner) caddyfile {
	t.Helper()
	ca := ""
	for _, partner := range partners {
		ca += string(partner.CA())
	}
	return caddyfile{
		Site:  site,
		Files: map[string]string{"ca.pem": ca, "key.pem": keyOf(t, "ed25519").File},
		Env:   []string{"ACME_TOKEN=token-of-acme"},
	}
}

// newAcme is the partner of startAcme alone.
func newAcme(t *testing.T, opts partnertest.Options) *partnertest.Partner {
	t.Helper()
	opts.Require = acmeRequire(keyOf(t, "ed25519"))
	return partnertest.New(t, opts)
}

// verified checks that both verifiers of the partner have accepted every one
// of these requests, and that no two of them share a nonce or a signature.
func verified(t testing.TB, requests ...*partnertest.Request) {
	t.Helper()
	if len(requests) == 0 {
		t.Error("the partner saw no request")
	}
	for _, r := range requests {
		if !r.Verdict.OK {
			t.Errorf("%s %s was not accepted: %v", r.Method, r.Target, r.Verdict.Problems)
		}
	}
	accepted(t, requests...)
}

// accepted is verified for requests that the partner was not allowed to read to
// their end: their signatures must be good all the same.
func accepted(t testing.TB, requests ...*partnertest.Request) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range requests {
		if len(r.Verdict.Signatures) == 0 {
			t.Errorf("%s %s was not signed: %v", r.Method, r.Target, r.Verdict.Problems)
		}
		for _, s := range r.Verdict.Signatures {
			if s.Rebuilt != "accepted" || s.HTTPSign != "accepted" {
				t.Errorf("%s %s: the rebuilt base was %s, httpsign's %s", r.Method, r.Target, s.Rebuilt, s.HTTPSign)
			}
			if nonce := s.Parameters.Get("nonce"); nonce == "" || seen[nonce] {
				t.Errorf("%s %s: the nonce %q was there before", r.Method, r.Target, nonce)
			} else {
				seen[nonce] = true
			}
		}
		if signature := r.Header.Get("Signature"); seen[signature] {
			t.Errorf("%s %s: the signature was there before", r.Method, r.Target)
		} else {
			seen[signature] = true
		}
	}
}

// only waits for n requests and checks that there are no more and that all of
// them were accepted.
func only(t testing.TB, partner *partnertest.Partner, n int) []*partnertest.Request {
	t.Helper()
	requests, err := partner.Wait(n, 10*time.Second)
	if err != nil || len(requests) != n {
		t.Fatalf("the partner saw %d requests, want %d", len(requests), n)
	}
	verified(t, requests...)
	return requests
}

// untouched checks that the partner saw nothing.
func untouched(t testing.TB, partner *partnertest.Partner) {
	t.Helper()
	for _, r := range partner.Requests() {
		t.Errorf("the partner saw %s %s", r.Method, r.Target)
	}
}

// ok checks the status of an answer.
func (a answer) ok(t testing.TB) {
	t.Helper()
	if a.StatusCode != 200 {
		t.Errorf("answered %d %.2000s", a.StatusCode, a.Text)
	}
}

// metric is the sum of a metric's values, of the lines that have all labels:
// `result="refused"`.
func (p *process) metric(name string, labels ...string) float64 {
	p.t.Helper()
	sum := 0.0
lines:
	for line := range strings.Lines(p.admin("/metrics")) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if bare, _, _ := strings.Cut(series, "{"); bare != name {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(series, label) {
				continue lines
			}
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// logged are the lines of the log of one logger, of its message too if it is
// not empty.
func (p *process) logged(logger, message string) (lines []map[string]any) {
	for line := range strings.Lines(p.Log()) {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["logger"] == logger && (message == "" || entry["msg"] == message) {
			lines = append(lines, entry)
		}
	}
	return lines
}

// memoryReturned checks that no request holds memory any more.
func (p *process) memoryReturned(t *testing.T) {
	t.Helper()
	waitFor(t, "the memory of bodies to be given back", func() bool { return p.metric("partnersign_body_memory_bytes") == 0 })
}

// peak is the most memory that the process has used so far, and resetPeak
// begins anew (proc(5): VmHWM, clear_refs).
func (p *process) peak() int64 {
	p.t.Helper()
	for line := range strings.Lines(readFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))) {
		if fields := strings.Fields(line); fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	p.t.Fatal("no VmHWM")
	return 0
}

func (p *process) resetPeak() {
	p.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0); err != nil {
		p.t.Fatal(err)
	}
}

// replace puts a new file in the place of an old one, as rotations do.
func (p *process) replace(name, content string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name+".new"), []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(p.path(name+".new"), p.path(name)); err != nil {
		p.t.Fatal(err)
	}
}

// mustReload loads a new configuration, and has clients connect anew: the old
// one has closed their connections.
func (p *process) mustReload(c caddyfile) {
	p.t.Helper()
	if err := p.reload(c); err != nil {
		p.t.Fatal(err)
	}
	plainClient.CloseIdleConnections()
}

// dial connects to the site.
func (p *process) dial() net.Conn {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	return conn
}

// pipeBody is a body whose parts come when they are sent; closing the channel
// ends it.
func pipeBody() (io.Reader, chan<- string) {
	parts := make(chan string)
	reader, writer := io.Pipe()
	go func() {
		for part := range parts {
			if _, err := io.WriteString(writer, part); err != nil {
				break
			}
		}
		writer.Close()
		for range parts { // nobody reads any more
		}
	}()
	return reader, parts
}

// give hands a value to whoever waits for it, and take waits for one: neither
// hangs when the other side has failed.
func give[T any](t testing.TB, to chan<- T, value T) {
	t.Helper()
	select {
	case to <- value:
	case <-time.After(10 * time.Second):
		t.Fatalf("nobody takes %v", value)
	}
}

func take[T any](t testing.TB, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
	}
	return value
}

// deadAddress is an address of this machine where nobody listens.
func deadAddress(t testing.TB) string { return "127.0.0.1:" + freePort(t) }

// An identity is a certificate of its own issue, with its key.
type identity struct {
	tls.Certificate
	CertPEM, KeyPEM string
}

// newIdentity issues itself a certificate for these names.
func newIdentity(t testing.TB, names ...string) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	id := identity{
		CertPEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		KeyPEM:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
	}
	if id.Certificate, err = tls.X509KeyPair([]byte(id.CertPEM), []byte(id.KeyPEM)); err != nil {
		t.Fatal(err)
	}
	return id
}

// A front stands between Caddy and a partner, ends TLS with a certificate of
// its own and does to what passes what the test wants.
type front struct {
	URL string
	identity
}

// newFront accepts connections of this protocol. relay has connection number n,
// from 1, in clear, and a connection to the partner that it belongs to.
func newFront(t testing.TB, partner *partnertest.Partner, protocol string, relay func(n int, caddy, partner net.Conn)) front {
	t.Helper()
	f := front{identity: newIdentity(t, "127.0.0.1")}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{f.Certificate}, NextProtos: []string{protocol}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	f.URL = "https://" + listener.Addr().String()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(partner.CA())
	go func() {
		for n := 1; ; n++ {
			caddy, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer caddy.Close()
				behind, err := tls.Dial("tcp", partner.Addr().String(), &tls.Config{RootCAs: pool, NextProtos: []string{protocol}})
				if err != nil {
					return
				}
				defer behind.Close()
				if caddy.(*tls.Conn).HandshakeContext(context.Background()) == nil {
					relay(n, caddy, behind)
				}
			}()
		}
	}()
	return f
}

// file is the site of a partner behind f.
func (f front) file(t testing.TB, lines string) caddyfile {
	t.Helper()
	c := siteFile(t, blockAt(f.URL, lines))
	c.Files["ca.pem"] = f.CertPEM
	return c
}

// shortDir is a directory whose name is short enough for a socket.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ps")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// A pattern is bytes that are cheap to make and do not repeat within a chunk.
type pattern struct{ left, at int64 }

func newPattern(size int64) *pattern { return &pattern{left: size} }

func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), p.left))
	for i := range b[:n] {
		x := p.at + int64(i)
		b[i] = byte(x) ^ byte(x>>8) ^ byte(x>>16)
	}
	p.left -= int64(n)
	p.at += int64(n)
	return n, nil
}

// A countingListener counts the reads that it takes to receive what was sent.
// Its reads have room for a whole request.
type countingListener struct {
	net.Listener
	reads, bytes atomic.Int64
}

func newCountingListener(t testing.TB) *countingListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &countingListener{Listener: l}
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{Conn: conn, listener: l}, nil
}

type countingConn struct {
	net.Conn
	listener *countingListener
	buffer   [64 << 10]byte
	unread   []byte
}

func (c *countingConn) Read(p []byte) (int, error) {
	if len(c.unread) == 0 {
		n, err := c.Conn.Read(c.buffer[:])
		if n == 0 {
			return 0, err
		}
		c.listener.reads.Add(1)
		c.listener.bytes.Add(int64(n))
		c.unread = c.buffer[:n]
	}
	n := copy(p, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}

// unexpected is an answer that is not the one that was wanted.
type unexpected struct{ status, body string }

func (u *unexpected) Error() string { return "answered " + u.status + " " + u.body }

// unixClient is a client whose connections go to a socket.
func unixClient(t testing.TB, path string) *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}
