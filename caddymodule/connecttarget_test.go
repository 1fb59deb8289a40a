package caddymodule

import (
	"net"
	"net/netip"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

func TestDestinations(t *testing.T) {
	for _, test := range []struct {
		tunnels []string
		target  string
		found   bool
	}{
		{nil, "example.org:443", false},
		{[]string{"any"}, "example.org:443", true},
		{[]string{"any"}, "example.org:80", false},
		{[]string{"example.org"}, "example.org:443", true},
		{[]string{"example.org"}, "EXAMPLE.org:443", true},
		{[]string{"Example.org"}, "example.org:443", true},
		{[]string{"example.org"}, "example.org:8443", false},
		{[]string{"example.org"}, "www.example.org:443", false},
		{[]string{"example.org:8443"}, "example.org:8443", true},
		{[]string{"example.org:8443"}, "example.org:443", false},
		{[]string{"*.example.org"}, "www.example.org:443", true},
		{[]string{"*.example.org"}, "a.b.example.org:443", true},
		{[]string{"*.example.org"}, "example.org:443", false},
		{[]string{"*.example.org"}, "evilexample.org:443", false},
		{[]string{"*.example.org:8443"}, "www.example.org:8443", true},
		{[]string{"192.0.2.7"}, "192.0.2.7:443", true},
		{[]string{"[2001:db8::1]:8443"}, "[2001:DB8:0::1]:8443", true},
		{[]string{"a.example", "b.example"}, "b.example:443", true},
	} {
		destinations, err := parseDestinations(test.tunnels)
		if err != nil {
			t.Fatal(err)
		}
		target, err := signer.ParseUpstream("https://" + test.target)
		if err != nil {
			t.Fatal(err)
		}
		if _, found := destinations.find(target); found != test.found {
			t.Errorf("%q to %s: %v", test.tunnels, test.target, found)
		}
	}
}

func TestDestinationAdmits(t *testing.T) {
	const (
		asAny = 1 << iota
		asName
		asAddress
	)
	for address, want := range map[string]int{
		"203.0.113.7":            asAny | asName | asAddress,
		"2001:db8::1":            asAny | asName | asAddress,
		"10.0.0.1":               asName | asAddress,
		"172.16.0.1":             asName | asAddress,
		"192.168.1.1":            asName | asAddress,
		"fd00::254":              asName | asAddress,
		"100.64.0.1":             asName | asAddress,
		"fd00:ec2::254":          asAddress,
		"fd20:ce::254":           asAddress,
		"100.100.100.200":        asAddress,
		"::ffff:100.100.100.200": asAddress,
		"168.63.129.16":          asAddress,
		"192.0.0.192":            asAddress,
		"127.0.0.1":              asAddress,
		"127.8.8.8":              asAddress,
		"::1":                    asAddress,
		"::ffff:127.0.0.1":       asAddress,
		"::ffff:169.254.169.254": asAddress,
		"::ffff:10.0.0.1":        asName | asAddress,
		"169.254.169.254":        asAddress,
		"fe80::1":                asAddress,
		"0.0.0.0":                asAddress,
		"::":                     asAddress,
		"224.0.0.1":              asAddress,
		"255.255.255.255":        asAddress,
	} {
		addr := netip.MustParseAddr(address)
		for kind, d := range map[int]destination{asAny: {any: true}, asName: {host: "example.org"}, asAddress: {host: address}} {
			if got := d.admits(addr); got != (want&kind != 0) {
				t.Errorf("%s as %d: %v", address, kind, got)
			}
		}
		if below := (destination{host: ".example.org", below: true}); below.admits(addr) != (want&asName != 0) {
			t.Errorf("%s below a name", address)
		}
	}
}

// What a name resolves to must not be this machine under any of its addresses.
func TestDestinationAdmitsNoOwnAddress(t *testing.T) {
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range own {
		addr := netip.MustParsePrefix(a.String()).Addr()
		for _, d := range []destination{{any: true}, {host: "example.org"}, {host: ".example.org", below: true}} {
			if d.admits(addr) {
				t.Errorf("%s is admitted to %+v", addr, d)
			}
		}
		if !(destination{host: addr.String()}).admits(addr) {
			t.Errorf("%s is not admitted where it is listed", addr)
		}
	}
}

type conn struct {
	net.Conn
	remote net.Addr
}

func (c conn) RemoteAddr() net.Addr { return c.remote }

func TestEndsAt(t *testing.T) {
	tcp := func(address string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)) }
	unix := func(name string) net.Addr { return &net.UnixAddr{Net: "unix", Name: name} }
	for _, test := range []struct {
		remote, listener net.Addr
		ends             bool
	}{
		{tcp("127.0.0.1:443"), tcp("127.0.0.1:443"), true},
		{tcp("127.0.0.1:443"), tcp("[::ffff:127.0.0.1]:443"), true},
		{tcp("127.0.0.1:443"), tcp("0.0.0.0:443"), true},
		{tcp("127.0.0.1:443"), tcp("[::]:443"), true},
		{tcp("127.9.9.9:443"), tcp("[::]:443"), true},
		{tcp("[::1]:443"), tcp("[::]:443"), true},
		{tcp("127.0.0.1:443"), tcp("127.0.0.1:8443"), false},
		{tcp("127.0.0.1:443"), tcp("127.0.0.2:443"), false},
		{tcp("203.0.113.7:443"), tcp("[::]:443"), false}, // another machine
		{unix("/run/a.sock"), unix("/run/a.sock"), true},
		{unix("/run/a.sock"), unix("/run/b.sock"), false},
		{unix("/run/a.sock"), tcp("127.0.0.1:443"), false},
		{tcp("127.0.0.1:443"), unix("/run/a.sock"), false},
	} {
		if got := endsAt(conn{remote: test.remote}, test.listener); got != test.ends {
			t.Errorf("%s at %s: %v", test.remote, test.listener, got)
		}
	}
}
