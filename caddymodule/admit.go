package caddymodule

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/partnersign/partnersign/signer"
)

func (g *Guard) admit(r *http.Request) *signer.Problem {
	if problem := g.admitHost(r); problem != nil {
		return problem
	}
	if problem := g.admitBrowser(r.Header); problem != nil {
		return problem
	}
	return g.admitClient(r)
}

// admitHost refuses names that a page may have rebound to this address: the
// request of such a page shows it in nothing else.
func (g *Guard) admitHost(r *http.Request) *signer.Problem {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && strings.HasPrefix(addr.Network(), "unix") {
		return nil
	}
	host := strings.ToLower(r.Host)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), ".")
	if g.servesHost(host) {
		return nil
	}
	return signer.WrongHost.Problem("clients call this partner as localhost, by IP address or by the partner's own name; client_hosts lists other names")
}

func (g *Guard) servesHost(host string) bool {
	if len(g.ClientHosts) == 0 {
		return host == "localhost" || strings.HasSuffix(host, ".localhost") || isAddress(host) || host != "" && host == g.own
	}
	return slices.ContainsFunc(g.ClientHosts, func(name string) bool {
		name = strings.ToLower(name)
		if suffix, ok := strings.CutPrefix(name, "*"); ok {
			return strings.HasSuffix(host, suffix)
		}
		return host == name
	})
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// admitBrowser tells pages by what browsers add and pages cannot remove.
func (g *Guard) admitBrowser(h http.Header) *signer.Problem {
	if len(g.Browsers) == 1 && g.Browsers[0] == "any" {
		return nil
	}
	origins, site := h["Origin"], h.Get("Sec-Fetch-Site")
	if len(origins) == 0 && (site == "" || site == "none") { // none: the user typed the address
		return nil
	}
	if len(origins) == 1 && slices.Contains(g.Browsers, origins[0]) {
		return nil
	}
	return signer.BrowserRefused.Problem("a page in a browser asks (Origin or Sec-Fetch-Site says so); browsers lists the origins that may")
}

// admitClient compares in constant time, whatever the lengths. Clients of a
// proxy present what they have with CONNECT, and not again in the tunnel.
func (g *Guard) admitClient(r *http.Request) *signer.Problem {
	if g.ClientAuth == nil {
		return nil
	}
	want, err := g.secret.Value(time.Now())
	if err != nil {
		return signer.CredentialUnavailable.Problem("what callers must present is not available; the proxy's log says why").Because(err)
	}
	name := g.ClientAuth.header()
	values := r.Header[name]
	if t := tunnelOf(r.Context()); t != nil && len(values) == 0 && name == "Proxy-Authorization" {
		values = t.outer.Header[name]
	}
	if len(values) != 1 {
		values = []string{""}
	}
	got := sha256.Sum256([]byte(presented(name, values[0])))
	wanted := sha256.Sum256([]byte(want))
	if subtle.ConstantTimeCompare(got[:], wanted[:]) == 1 {
		return nil
	}
	return signer.ClientUnauthenticated.Problem("callers present the proxy's client_auth secret in %s", name)
}

// presented is the secret in a value of a header: of the two Authorization
// headers the token or the password, of others the value.
func presented(name, value string) string {
	if name != "Proxy-Authorization" && name != "Authorization" {
		return value
	}
	r := http.Request{Header: http.Header{"Authorization": {value}}}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimLeft(token, " ")
	}
	return ""
}
