package caddymodule

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

// connectTarget is the host and port that a CONNECT asks for (RFC 9112 section
// 3.2.3).
func connectTarget(r *http.Request) (signer.Upstream, *signer.Problem) {
	if r.ProtoMajor != 1 {
		return signer.Upstream{}, signer.InvalidRequest.Problem("tunnels are opened over HTTP/1.1; inside them HTTP/2 is fine")
	}
	_, port, err := net.SplitHostPort(r.RequestURI)
	target, invalid := signer.ParseUpstream("https://" + r.RequestURI)
	if err != nil || invalid != nil || port == "" {
		return signer.Upstream{}, signer.InvalidRequest.Problem("the target of CONNECT must be a host and a port, such as api.partner.example:443")
	}
	return target, nil
}

// hostOf is the host of a Host field, in lower case.
func hostOf(authority string) string {
	host := strings.ToLower(authority)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// A destination is where untouched tunnels lead.
type destination struct {
	host  string // of a suffix with its dot
	port  string
	below bool // any name below host
	any   bool // any public address
}

type destinations []destination

var errDestination = errors.New("tunnels: expected any, or hosts such as example.org, *.example.org or example.org:8443")

func parseDestinations(texts []string) (parsed destinations, err error) {
	for _, text := range texts {
		if text == "any" {
			if len(texts) > 1 {
				return nil, errors.New("tunnels: any stands alone: remove the other hosts")
			}
			return destinations{{port: "443", any: true}}, nil
		}
		name, below := strings.CutPrefix(text, "*.")
		upstream, err := signer.ParseUpstream("https://" + name)
		if err != nil || below && isAddress(upstream.Hostname()) {
			return nil, errDestination
		}
		host, port, _ := net.SplitHostPort(upstream.DialAddress())
		if below {
			host = "." + host
		}
		parsed = append(parsed, destination{host: host, port: port, below: below})
	}
	return parsed, nil
}

// find finds what leads to target.
func (ds destinations) find(target signer.Upstream) (destination, bool) {
	host, port, _ := net.SplitHostPort(target.DialAddress())
	for _, d := range ds {
		if port == d.port && (d.any || host == d.host || d.below && strings.HasSuffix(host, d.host)) {
			return d, true
		}
	}
	return destination{}, false
}

// carrierGrade are addresses between a provider and its customers (RFC 6598).
var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

// metadata are where clouds tell a machine its own credentials, beside the
// link-local addresses: Alibaba Cloud, Azure, Oracle Cloud and, for IPv6, AWS
// and Google Cloud.
var metadata = []netip.Addr{
	netip.MustParseAddr("100.100.100.200"),
	netip.MustParseAddr("168.63.129.16"),
	netip.MustParseAddr("192.0.0.192"),
	netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("fd20:ce::254"),
}

// admits reports whether d leads to an address. What a name resolves to is for
// others to say, and must not be this machine or the metadata of a cloud.
func (d destination) admits(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !d.any && !d.below && (d.host == "localhost" || isAddress(d.host)) {
		return true
	}
	if d.any && (addr.IsPrivate() || carrierGrade.Contains(addr)) {
		return false
	}
	return addr.IsGlobalUnicast() && !slices.Contains(metadata, addr.WithZone("")) && !isHere(addr)
}
