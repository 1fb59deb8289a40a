package e2e

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/partnersign/partnersign/partnertest"
)

// A tlsServer answers in TLS, and its certificate is an authority of its own.
func tlsServer(t *testing.T, config *tls.Config, certificate tls.Certificate, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.TLS = config
	s.TLS.Certificates = []tls.Certificate{certificate}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// certificateUntil is for 127.0.0.1.
func certificateUntil(t *testing.T, end time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "doctor \x1b[31m"}, DNSNames: []string{"doctor.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: end, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// nameServer knows no name.
func nameServer(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(question, dns.RcodeNameError))
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return conn.LocalAddr().String()
}

// How a partner can be out of reach, or not to be trusted; all at once.
func TestDoctorConnections(t *testing.T) {
	long, longPEM := certificateUntil(t, time.Now().Add(365*24*time.Hour))
	over, overPEM := certificateUntil(t, time.Now().Add(-time.Hour))
	short, shortPEM := certificateUntil(t, time.Now().Add(50*time.Hour+time.Minute))
	answer := func(w http.ResponseWriter, _ *http.Request) {}
	good := tlsServer(t, new(tls.Config), long, answer)
	urls := map[string]string{
		"good":     good.URL,
		"wrong":    strings.Replace(good.URL, "127.0.0.1", "localhost", 1), // which its certificate lacks
		"over":     tlsServer(t, new(tls.Config), over, answer).URL,
		"short":    tlsServer(t, new(tls.Config), short, answer).URL,
		"foreign":  partnertest.New(t, partnertest.Options{}).URL(), // whose CA is not given
		"old":      tlsServer(t, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, long, answer).URL,
		"newer":    tlsServer(t, &tls.Config{MaxVersion: tls.VersionTLS12}, long, answer).URL,
		"mutual":   tlsServer(t, &tls.Config{ClientAuth: tls.RequireAnyClientCert}, long, answer).URL,
		"plain":    "https" + strings.TrimPrefix(httptest.NewServer(http.NotFoundHandler()).URL, "http"),
		"closed":   "https://" + deadAddress(t),
		"nameless": "https://partner.example",
		"silent":   tlsServer(t, new(tls.Config), long, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }).URL,
		"ahead": tlsServer(t, new(tls.Config), long, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(2*time.Minute).UTC().Format(http.TimeFormat))
		}).URL,
		"behind": tlsServer(t, new(tls.Config), long, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(-25*time.Second).UTC().Format(http.TimeFormat))
		}).URL,
		"tolerant": tlsServer(t, new(tls.Config), long, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(-25*time.Second).UTC().Format(http.TimeFormat))
		}).URL,
		"timeless": tlsServer(t, new(tls.Config), long, func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil }).URL,
		"local":    httptest.NewServer(http.NotFoundHandler()).URL,
	}
	p := newPatient(t, "DOCTOR_GOOD=canary")
	p.write("ca.pem", longPEM+overPEM+shortPEM, 0o600)
	site := ""
	for name, url := range urls {
		more := ""
		if strings.HasPrefix(url, "https") {
			more = "transport http {\ntls_trust_pool file DIR/ca.pem\n"
			if name == "nameless" {
				more += "resolvers " + nameServer(t) + "\n"
			}
			more += "}\n"
		}
		if name == "tolerant" {
			more += "clock_skew_warning 40s\n"
		}
		site += "handle_path /" + name + "/* {\npartner_proxy " + url + " {\nname " + name + "\nbearer {env.DOCTOR_GOOD}\n" + more + "}\n}\n"
	}
	site += "handle_path /tokens/* {\npartner_proxy " + good.URL + " {\nname tokens\nbearer oauth2 https://" + deadAddress(t) + "/token {\nclient_id a\nclient_secret {env.DOCTOR_GOOD}\n}\ntransport http {\ntls_trust_pool file DIR/ca.pem\n}\n}\n}\n"
	findings := p.run(1, quiet(site), "--timeout", "60s")
	for _, f := range findings {
		if f.Partner == "nameless" && strings.Contains(f.Found, "connects") {
			t.Errorf("a name server is taken for the partner: %s", f.Found)
		}
	}
	for _, f := range findings {
		if strings.Contains(f.Found, "\x1b") {
			t.Errorf("a certificate colours the terminal: %q", f.Found)
		}
	}
	p.expect(findings,
		"ok good upstream: connects to 127.0.0.1", "ok good upstream: "+good.URL+": TLS 1.3, certificate for doctor.example 127.0.0.1, by ", "ok good upstream: its clock is ",
		"problem wrong upstream: and not for the upstream's name",
		"problem over upstream: expired or not good yet",
		"warning short upstream: which expires in 2d",
		"problem foreign upstream: no authority that is trusted here",
		"problem old upstream: no TLS 1.2 or newer",
		"ok newer upstream: TLS 1.2, certificate",
		"problem mutual upstream: refuses TLS: tls: certificate required",
		"problem plain upstream: does not speak TLS",
		"problem closed upstream: no connection can be made: dial tcp",
		"problem nameless upstream: the name partner.example has no address",
		"warning silent upstream: ends the connection without an answer",
		"problem ahead upstream: its clock is +1",
		"warning behind upstream: its clock is -2",
		"ok tolerant upstream: its clock is -2",
		"ok timeless upstream: does not tell the time",
		"ok local upstream: its clock is",
		"problem tokens token endpoint: no connection can be made",
	)
}

// What is sent to a partner is this and nothing else, and with --offline nothing; health
// checks and certificates of clients are no exception.
func TestDoctorSendsNothing(t *testing.T) {
	certificate, ca := certificateUntil(t, time.Now().Add(365*24*time.Hour))
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var mu sync.Mutex
	var seen []string
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			var bytes strings.Builder
			if req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &bytes))); err == nil {
				_, _ = io.Copy(io.Discard, req.Body)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nDate: "+time.Now().UTC().Format(http.TimeFormat)+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}
			_ = conn.Close()
			mu.Lock()
			seen = append(seen, bytes.String())
			mu.Unlock()
		}
	}()
	address := listener.Addr().String()
	p := newPatient(t, "DOCTOR_GOOD=canary")
	p.write("ca.pem", ca, 0o600)
	p.write("key.pem", keyOf(t, "ed25519").File, 0o600)
	lines := "bearer {env.DOCTOR_GOOD}\nidempotency_key\nsignature {\nkey DIR/key.pem\nkey_id k\n}\nhealth_uri /health\nhealth_interval 1ms\ntransport http {\ntls_trust_pool file DIR/ca.pem\n}\n"
	config := quiet("partner_proxy https://" + address + " {\nname direct\n" + lines + "}\nhandle /to {\nreverse_proxy " + address + " {\ntransport partnersign {\nname elsewhere\nupstream https://doctor.example\nbearer {env.DOCTOR_GOOD}\ntls_trust_pool file DIR/ca.pem\n}\n}\n}\n")
	p.expect(p.run(0, config, "--offline"), "ok  configuration: it loads")
	mu.Lock()
	if len(seen) > 0 {
		t.Errorf("with --offline there was %q", seen)
	}
	mu.Unlock()
	p.expect(p.run(0, config), "ok direct upstream: TLS 1.3", "ok elsewhere upstream: https://doctor.example: at "+address+", TLS 1.3", "ok  configuration: it loads")
	mu.Lock()
	defer mu.Unlock()
	want := map[string]bool{}
	for _, host := range []string{address, "doctor.example"} {
		want[fmt.Sprintf("HEAD / HTTP/1.1\r\nHost: %s\r\nUser-Agent: partnersign-doctor\r\nConnection: close\r\n\r\n", host)] = true
	}
	if len(seen) != 2 {
		t.Errorf("there were %d connections", len(seen))
	}
	for _, s := range seen {
		if !want[s] {
			t.Errorf("sent %q", s)
		}
	}
}
