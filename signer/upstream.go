package signer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// An Upstream is whom requests are for. It alone decides on the Host that is
// sent, on @authority and @scheme, and on the name that TLS must prove.
type Upstream struct {
	// Scheme is "https" or, on this machine only, "http".
	Scheme string
	// Authority is host[:port] in lower case, without the scheme's own port.
	Authority string
	// Socket is the path of a unix socket; Authority is "localhost" then.
	Socket string
}

// ParseUpstream reads https://host[:port]; http:// is for localhost and
// loopback addresses, and unix//path for a socket.
func ParseUpstream(s string) (Upstream, error) {
	if path, ok := strings.CutPrefix(s, "unix/"); ok {
		if !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") {
			return Upstream{}, errors.New("a unix upstream is unix//path/of/the.sock")
		}
		return Upstream{Scheme: "http", Authority: "localhost", Socket: path}, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Opaque != "" || u.Scheme != "https" && u.Scheme != "http" {
		return Upstream{}, errors.New("expected an upstream such as https://api.partner.example")
	}
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#") {
		return Upstream{}, errors.New("an upstream is a scheme, a host and a port: it has neither a path (no slash at the end) nor user, query or fragment")
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return Upstream{}, errors.New("an upstream's address has no zone")
		}
		host = addr.String()
	} else if host, err = idna.Lookup.ToASCII(host); err != nil || slices.Contains(strings.Split(host, "."), "") {
		return Upstream{}, errors.New("the upstream's host is not a valid name (a dot at its end is not allowed either)")
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return Upstream{}, fmt.Errorf("%s is not a port", port)
		}
		port = strconv.FormatUint(n, 10)
	} else if strings.HasSuffix(u.Host, ":") {
		return Upstream{}, errors.New("the upstream's port is missing after the colon")
	}
	if u.Scheme == "http" && !IsLoopback(host) {
		return Upstream{}, errors.New("an upstream with http:// must be localhost or a loopback address: credentials would travel unprotected; use https://")
	}
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	authority := host
	if strings.Contains(host, ":") {
		authority = "[" + host + "]"
	}
	if port != "" {
		authority += ":" + port
	}
	return Upstream{Scheme: u.Scheme, Authority: authority}, nil
}

// IsLoopback reports whether host is localhost or a loopback address.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// String is the upstream as it is configured.
func (u Upstream) String() string {
	if u.Socket != "" {
		return "unix/" + u.Socket
	}
	return u.Scheme + "://" + u.Authority
}

// Hostname is the host without a port and without the brackets of IPv6.
func (u Upstream) Hostname() string {
	return (&url.URL{Host: u.Authority}).Hostname()
}

// DialAddress is host:port as net.Dial wants it; for a socket, unix//path as
// Caddy wants it.
func (u Upstream) DialAddress() string {
	if u.Socket != "" {
		return "unix/" + u.Socket
	}
	port := (&url.URL{Host: u.Authority}).Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
