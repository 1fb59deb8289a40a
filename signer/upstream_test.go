package signer_test

import (
	"testing"

	"github.com/partnersign/partnersign/signer"
)

func TestUpstream(t *testing.T) {
	for _, test := range []struct{ spelled, canonical, authority, hostname, dial string }{
		{"https://api.partner.example", "", "api.partner.example", "api.partner.example", "api.partner.example:443"},
		{"HTTPS://API.Partner.Example", "https://api.partner.example", "api.partner.example", "api.partner.example", "api.partner.example:443"},
		{"https://api.partner.example:443", "https://api.partner.example", "api.partner.example", "api.partner.example", "api.partner.example:443"},
		{"https://api.partner.example:0443", "https://api.partner.example", "api.partner.example", "api.partner.example", "api.partner.example:443"},
		{"https://api.partner.example:80", "", "api.partner.example:80", "api.partner.example", "api.partner.example:80"},
		{"https://api.partner.example:08443", "https://api.partner.example:8443", "api.partner.example:8443", "api.partner.example", "api.partner.example:8443"},
		{"https://bücher.example", "https://xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example:443"},
		{"https://192.0.2.1:8443", "", "192.0.2.1:8443", "192.0.2.1", "192.0.2.1:8443"},
		{"https://[2001:DB8::1]", "https://[2001:db8::1]", "[2001:db8::1]", "2001:db8::1", "[2001:db8::1]:443"},
		{"https://[2001:db8:0:0::1]:8443", "https://[2001:db8::1]:8443", "[2001:db8::1]:8443", "2001:db8::1", "[2001:db8::1]:8443"},
		{"http://localhost", "", "localhost", "localhost", "localhost:80"},
		{"http://LOCALHOST:8080", "http://localhost:8080", "localhost:8080", "localhost", "localhost:8080"},
		{"http://127.0.0.1:80", "http://127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1:80"},
		{"http://127.1.2.3:443", "", "127.1.2.3:443", "127.1.2.3", "127.1.2.3:443"},
		{"http://[::1]:8080", "", "[::1]:8080", "::1", "[::1]:8080"},
		{"unix//run/partner.sock", "", "localhost", "localhost", "unix//run/partner.sock"},
	} {
		u, err := signer.ParseUpstream(test.spelled)
		if err != nil {
			t.Errorf("%s: %v", test.spelled, err)
			continue
		}
		if test.canonical == "" {
			test.canonical = test.spelled
		}
		if u.String() != test.canonical || u.Authority != test.authority || u.Hostname() != test.hostname || u.DialAddress() != test.dial {
			t.Errorf("%s: %s, authority %s, host %s, dialled %s", test.spelled, u, u.Authority, u.Hostname(), u.DialAddress())
		}
		if again := must(signer.ParseUpstream(u.String())); again != u {
			t.Errorf("%s: %+v is parsed as %+v", test.spelled, u, again)
		}
	}
}

func TestUpstreamRefused(t *testing.T) {
	for _, spelled := range []string{
		"", "api.partner.example", "//api.partner.example", "ftp://api.partner.example", "https:api.partner.example", "https://",
		"https://api.partner.example/", "https://api.partner.example/v1", "https://api.partner.example?x=1", "https://api.partner.example?",
		"https://api.partner.example#x", "https://user@api.partner.example", "https://user:pass@api.partner.example", "https://@api.partner.example",
		"https://:443", "https://:8443", "https://.", "https://api.partner.example.", "https://api..example", "https://.example",
		"https://api.partner.example:", "https://api.partner.example:0", "https://api.partner.example:65536", "https://api.partner.example:x",
		"https://a b.example", "https://a_b.example", "https://*.example", "https://-a.example", "https://a%2eb.example", "https://api.partner.example\n",
		"https://[fe80::1%25eth0]", "https://[::1", "https://{env.HOST}",
		"http://api.partner.example", "http://192.0.2.1", "http://localhost.example", "http://127.0.0.1.example", "http://10.0.0.1", "http://[::]", "http://0.0.0.0", "http://localhost.",
		"unix/run/partner.sock", "unix//", "unix/",
	} {
		if u, err := signer.ParseUpstream(spelled); err == nil {
			t.Errorf("%q is accepted as %+v", spelled, u)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.255.0.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "localhost.example": false, "127.0.0.1:80": false, "[::1]": false,
	} {
		if got := signer.IsLoopback(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}
