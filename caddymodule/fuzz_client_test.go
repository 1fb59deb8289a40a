package caddymodule

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// FuzzConnectTarget: the target of a tunnel is a host and a port, as net reads
// them, and nothing beside.
func FuzzConnectTarget(f *testing.F) {
	for _, seed := range []string{
		"api.acme.example:443", "API.acme.example:0443", "[::1]:443", "1.2.3.4:8443", "host", "host:", ":443", "user@host:443", "host:443/path", "host:443?q",
		"host:99999", "[::1%25eth0]:443", "a:b:443", "host.:443", "bücher.example:443", "http://host:443", "host:443#", "%61:443", "host :443", "127.1:443",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target, problem := connectTarget(&http.Request{ProtoMajor: 1, RequestURI: text})
		if problem != nil {
			if problem.Status != http.StatusBadRequest {
				t.Fatalf("%q: %v", text, problem)
			}
			return
		}
		host, port, err := net.SplitHostPort(text)
		dialHost, dialPort, err2 := net.SplitHostPort(target.DialAddress())
		if err != nil || err2 != nil || strings.TrimLeft(port, "0") != dialPort || target.Scheme != "https" || target.Socket != "" {
			t.Fatalf("%q: %v, %v, %v", text, target, err, err2)
		}
		if strings.ContainsAny(dialHost, "@/?#%\\ ,") || dialHost != strings.ToLower(dialHost) {
			t.Fatalf("%q: host %q", text, dialHost)
		}
		if addr, err := netip.ParseAddr(host); err == nil && dialHost != addr.String() {
			t.Fatalf("%q: address %s", text, dialHost)
		}
	})
}

// FuzzPresented: of the schemes only Bearer and Basic present a secret, and it is
// what was put in.
func FuzzPresented(f *testing.F) {
	for _, seed := range []string{"Bearer secret", "bearer  secret", "Basic dXNlcjpzZWNyZXQ=", "Basic dXNlcg==", "Digest secret", "secret", "Bearer", "", "Basic !", "Bearer\tsecret"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := presented("X-Secret", text); got != text {
			t.Fatalf("%q: %q", text, got)
		}
		for _, name := range []string{"Proxy-Authorization", "Authorization"} {
			if got := presented(name, "Basic "+base64.StdEncoding.EncodeToString([]byte("user:"+text))); got != text {
				t.Fatalf("Basic of %q: %q", text, got)
			}
			if got, want := presented(name, "Bearer "+text), strings.TrimLeft(text, " "); got != want {
				t.Fatalf("Bearer of %q: %q", text, got)
			}
			scheme, _, _ := strings.Cut(text, " ")
			if got := presented(name, text); got != "" && !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "Basic") {
				t.Fatalf("%q presents %q", text, got)
			}
		}
	})
}

// FuzzAdmitHost: whatever stands before it, a name that somebody else owns does
// not pass, and one below localhost does.
func FuzzAdmitHost(f *testing.F) {
	for _, seed := range []string{
		"", "localhost", "127.0.0.1", "[::1]", "api.acme.example", "a", "localhost.", ":80", "[", "a]", "1:2", "x@localhost", "\x00", "localhost:80", "::1", "é",
	} {
		f.Add(seed)
	}
	g := &Guard{own: "api.acme.example"}
	passes := func(host string) bool { return g.admitHost(&http.Request{Host: host}) == nil }
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, ":[]") { // a port or an address, which browsers write themselves
			return
		}
		for _, host := range []string{text + ".evil.example", text + "evil.example", text + ".evil.example:80", text + ".evil.example.", text + "-localhost.example"} {
			if passes(host) {
				t.Fatalf("%q passes", host)
			}
		}
		for _, host := range []string{text + ".localhost", text + ".LocalHost:8080", text + ".localhost."} {
			if !passes(host) {
				t.Fatalf("%q does not pass", host)
			}
		}
	})
}
