package caddymodule

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

func (g *Guard) admit(r *http.Request) *signer.Problem {
	if problem := g.admitHost(r); problem != nil {
		return problem
	}
	if problem := g.admitBrowser(r.Header); problem != nil {
		return problem
	}
	if problem := g.admitPeer(r); problem != nil {
		return problem
	}
	if problem := g.admitCertificate(r); problem != nil {
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
