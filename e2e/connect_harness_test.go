package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A forward is a Caddy with a site that is the proxy of applications which keep
// their URLs.
type forward struct {
	*process
	Proxy string // http://127.0.0.1:port
}

// startForward starts Caddy with a second site, of these directives, that is
// served under every name. PROXY stands for its port.
func startForward(t testing.TB, directives string, partners ...*partnertest.Partner) *forward {
	t.Helper()
	port := freePort(t)
	f := &forward{Proxy: "http://127.0.0.1:" + port}
	f.process = startCaddy(t, f.file(t, directives, partners...))
	f.waitFor(port)
	return f
}

// file is the configuration. The harness's own site is ended early, so that
// this one follows it.
func (f *forward) file(t testing.TB, directives string, partners ...*partnertest.Partner) caddyfile {
	t.Helper()
	port := f.Proxy[strings.LastIndexByte(f.Proxy, ':')+1:]
	site := "respond 404\n}\nhttp://:" + port + " {\n\tbind 127.0.0.1\n\tlog\n" + strings.ReplaceAll(directives, "PROXY", port)
	c := siteFile(t, site, partners...)
	c.Options = "skip_install_trust" // nothing of a test may be trusted by this machine
	c.Env = append(c.Env, "CLIENT_AUTH=canary-client-auth-0f1e2d3c")
	return c
}

// connects is a partner_connect with these lines and partners.
func connects(lines string, blocks ...string) string {
	return "partner_connect {\n" + lines + "\n" + strings.Join(blocks, "") + "}\n"
}

// localhost is a partner's URL by its other name: those at 127.0.0.1 and at
// localhost are two.
func localhost(partner *partnertest.Partner) string {
	return strings.Replace(partner.URL(), "127.0.0.1", "localhost", 1)
}

// root is the file of the root that applications are given.
func (f *forward) root() string { return f.path("caddy/pki/authorities/local/root.crt") }

// client is an application's, with the proxy and the root as its environment
// would have them.
func (f *forward) client(t testing.TB, user ...string) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(readFile(f.root()))) {
		t.Fatal("there is no root")
	}
	proxy, err := url.Parse(f.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	if len(user) > 0 {
		proxy.User = url.UserPassword("app", user[0])
	}
	transport := &http.Transport{
		Proxy:              http.ProxyURL(proxy),
		TLSClientConfig:    &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2:  true,
		DisableCompression: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}
