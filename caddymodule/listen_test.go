package caddymodule_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

const openPartner = "partner_proxy https://api.acme.example {\n name acme\n %s\n}"

// asks are the ways to know who calls, one of which an open listener needs.
var asks = []string{"client_auth {env.CLIENT_SECRET}", "client_users root", "client_groups 0", "client_users root\nclient_auth {env.CLIENT_SECRET}", "unsafe_listen"}

// TestOpenListeners has a partner on all sorts of addresses, with and without a
// guard that asks who calls.
func TestOpenListeners(t *testing.T) {
	t.Setenv("CLIENT_SECRET", "sesame")
	t.Setenv("LISTEN", "0.0.0.0")
	for bind, local := range map[string]bool{
		"127.0.0.1": true, "127.8.9.10": true, "::1": true, "localhost": true, "tcp4/127.0.0.1": true, "unix//run/x.sock": true, "unix//run/x.sock|0666": true, "unix/@x": true,
		"0.0.0.0": false, "::": false, "192.0.2.1": false, "tcp4/0.0.0.0": false, "tcp6/::": false, "2001:db8::1": false, "::ffff:192.0.2.1": false,
		"host.internal": false, "{env.LISTEN}": false, "127.0.0.1 192.0.2.1": false, "unix//run/x.sock 0.0.0.0": false, "fd/3": true, "plugin/x": false,
	} {
		for _, ask := range append(asks, "", "browsers refuse", "client_hosts localhost") {
			t.Run(bind+" "+ask, func(t *testing.T) {
				err := caddy.Validate(mustAdapt(t, "http://:8080 {\nbind "+bind+"\n"+fmt.Sprintf(openPartner, ask)+"\n}\n"))
				want := !local && (ask == "" || strings.HasPrefix(ask, "browsers") || strings.HasPrefix(ask, "client_hosts"))
				if refused := err != nil && strings.Contains(err.Error(), "acme: whoever reaches the listener"); refused != want || err != nil && !refused {
					t.Fatalf("refused is %v, want %v: %v", refused, want, err)
				}
				if err == nil {
					return
				}
				for _, word := range []string{"bind 127.0.0.1", "client_auth", "unsafe_listen", ":8080"} {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("the error does not say %s: %v", word, err)
					}
				}
			})
		}
	}
}

// TestOpenListenersWithoutAddress has what Caddy makes of a site without bind.
func TestOpenListenersWithoutAddress(t *testing.T) {
	config := mustAdapt(t, site(fmt.Sprintf(openPartner, "")))
	config.AppsRaw["http"] = []byte(strings.ReplaceAll(string(config.AppsRaw["http"]), `"127.0.0.1:8080"`, `":8080"`))
	if err := caddy.Validate(config); err == nil || !strings.Contains(err.Error(), "the listener :8080 could") {
		t.Errorf("this loads: %v", err)
	}
}

// TestOpenRoutes has guards that stand in front of a partner, and guards that
// only seem to.
func TestOpenRoutes(t *testing.T) {
	t.Setenv("CLIENT_SECRET", "sesame")
	const (
		guard   = "partnersign_guard {\n client_auth {env.CLIENT_SECRET}\n}\n"
		matched = "partnersign_guard /a/* {\n client_auth {env.CLIENT_SECRET}\n}\n"
		partner = "reverse_proxy https://api.acme.example {\n transport partnersign {\n upstream https://api.acme.example\n name acme\n}\n}\n"
	)
	for name, test := range map[string]struct {
		site string
		open bool
	}{
		"partner alone":                      {partner, true},
		"guard in front":                     {guard + partner, false},
		"guard that asks nothing":            {"partnersign_guard\n" + partner, true},
		"guard behind":                       {"route {\n" + partner + guard + "}", true},
		"guard in front of handle":           {guard + "handle /a/* {\n" + partner + "}", false},
		"guard in the same handle":           {"handle /a/* {\n" + guard + partner + "}", false},
		"guard in the same route":            {"route /a/* {\n" + guard + partner + "}", false},
		"guard in another handle":            {"handle /b/* {\n" + guard + "}\nhandle {\n" + partner + "}", true},
		"guard in the last of two handles":   {"handle /b/* {\nheader X-A b\n}\nhandle {\n" + guard + "}\nroute {\n" + partner + "}", true},
		"guard in a handle of all":           {"handle {\n" + guard + "}\nroute {\n" + partner + "}", false},
		"guard of some requests":             {matched + partner, true},
		"guard of the same requests":         {matched + strings.Replace(partner, "reverse_proxy", "reverse_proxy /a/*", 1), false}, // which are one route
		"guard of requests before a rewrite": {"route {\n" + matched + "uri strip_prefix /b\n" + strings.Replace(partner, "reverse_proxy", "reverse_proxy /a/*", 1) + "}", true},
		"guard in a route in front":          {"route {\n" + guard + "}\n" + partner, false},
		"guard in a route in front, matched": {"route {\n" + matched + "}\n" + partner, true},
		"one of two handles":                 {"handle /a/* {\n" + guard + partner + "}\nhandle {\n" + partner + "}", true},
		"behind an answer":                   {"reverse_proxy localhost:9 {\n@b status 500\nhandle_response @b {\n" + partner + "}\n}", true},
		"behind an answer, with guard":       {"reverse_proxy localhost:9 {\n@b status 500\nhandle_response @b {\n" + guard + partner + "}\n}", false},
		"behind an answer, guard in front":   {guard + "reverse_proxy localhost:9 {\n@b status 500\nhandle_response @b {\n" + partner + "}\n}", false},
		"behind a guard's answer":            {"reverse_proxy localhost:9 {\n@b status 500\nhandle_response @b {\n" + guard + "}\n}\nroute {\n" + partner + "}", true},
		"behind an error":                    {guard + "handle_errors {\n" + partner + "}", true},
		"behind an error, with guard":        {"handle_errors {\n" + guard + partner + "}", false},
		"named route":                        {"invoke named", true},
		"named route, with guard":            {"invoke guarded", false},
		"connect":                            {"partner_connect {\n partner_proxy https://api.acme.example {\n name acme\n }\n}", true},
		"connect, with client_auth":          {"partner_connect {\n client_auth {env.CLIENT_SECRET}\n partner_proxy https://api.acme.example {\n name acme\n }\n}", false},
		"connect, with client_auth inside":   {"partner_connect {\n partner_proxy https://api.acme.example {\n client_auth {env.CLIENT_SECRET}\n }\n}", false},
	} {
		for _, address := range []string{"http://:8080", "http://partners.internal:8080"} { // without a host Caddy has no subroute
			t.Run(name+" "+address, func(t *testing.T) {
				caddyfile := "&(named) {\n" + partner + "}\n&(guarded) {\n" + guard + partner + "}\n" + address + " {\nbind 0.0.0.0\n" + test.site + "\n}\n"
				err := caddy.Validate(mustAdapt(t, caddyfile))
				if open := err != nil && strings.Contains(err.Error(), "acme: whoever reaches the listener"); open != test.open || err != nil && !open {
					t.Errorf("open is %v, want %v: %v", open, test.open, err)
				}
			})
		}
	}
}

// TestOpenTunnels has a proxy that leads to no partner, and to others.
func TestOpenTunnels(t *testing.T) {
	t.Setenv("CLIENT_SECRET", "sesame")
	for lines, want := range map[string]string{
		"tunnel example.org":                                    "partner_connect: whoever reaches the listener",
		"tunnel any\nclient_auth {env.CLIENT_SECRET}":           "",
		"tunnel example.org\nunsafe_listen":                     "",
		"tunnel example.org\nunsafe_listen yes":                 "takes no arguments",
		"tunnel example.org\nunsafe_listen\nunsafe_listen":      "twice",
		"tunnel any\n" + fmt.Sprintf(openPartner, ""):           "partner_connect, acme: whoever",
		"tunnel any\n" + fmt.Sprintf(openPartner, asks[0]):      "partner_connect: whoever",
		fmt.Sprintf(openPartner, asks[0]):                       "",
		"unsafe_listen\n" + fmt.Sprintf(openPartner, "") + "\n": "",
	} {
		config, err := adapt(t, "http://:8080 {\nbind 0.0.0.0\npartner_connect {\n"+lines+"\n}\n}\n")
		if err == nil {
			err = caddy.Validate(parse(t, config))
		}
		if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", lines, err, want)
		}
	}
}

// TestOpenRoutesOfErrors has a partner where only JSON can have one.
func TestOpenRoutesOfErrors(t *testing.T) {
	const partner = `{"handler":"reverse_proxy","upstreams":[{"dial":"api.acme.example:443"}],"transport":{"protocol":"partnersign","upstream":"https://api.acme.example","name":"acme","tls":{}}}`
	err := caddy.Validate(parse(t, []byte(`{"apps":{"http":{"servers":{"a":{"listen":["0.0.0.0:8080"],"routes":[{"handle":[`+
		`{"handler":"subroute","routes":[],"errors":{"routes":[{"handle":[`+partner+`]}]}}]}]}}}}}`)))
	if err == nil || !strings.Contains(err.Error(), "acme: whoever reaches the listener") {
		t.Errorf("this loads: %v", err)
	}
}

// TestOpenListenersOfLaterServers have addresses that Caddy has not read yet.
func TestOpenListenersOfLaterServers(t *testing.T) {
	for address, open := range map[string]bool{"127.0.0.1": false, "0.0.0.0": true} {
		t.Setenv("LISTEN", address)
		for range 10 { // servers come in any order
			err := caddy.Validate(mustAdapt(t, "http://:8080 {\nbind 127.0.0.1\n"+fmt.Sprintf(openPartner, "")+"\n}\nhttp://:8081 {\nbind {env.LISTEN}\n"+fmt.Sprintf(openPartner, "")+"\n}\n"))
			if open != (err != nil) {
				t.Fatalf("%s: %v", address, err)
			}
		}
	}
}

// TestOpenListenersAreAllNamed has two of them, and a secret that is missing.
func TestOpenListenersAreAllNamed(t *testing.T) {
	open := func(port, name string) string {
		return "http://:" + port + " {\nbind 0.0.0.0\npartner_proxy https://api." + name + ".example {\n bearer {env.NOT_SET_ANYWHERE}\n}\n}\n"
	}
	err := caddy.Validate(mustAdapt(t, open("8080", "acme")+open("8081", "other")+"http://:8082 {\nbind 127.0.0.1\npartner_proxy https://api.local.example\n}\n"))
	if err == nil {
		t.Fatal("this loads")
	}
	for _, want := range []string{"api.acme.example: whoever reaches the listener 0.0.0.0:8080", "api.other.example: whoever reaches the listener 0.0.0.0:8081", "api.acme.example: bearer: {env.NOT_SET_ANYWHERE}"} {
		if strings.Count(err.Error(), want) != 1 {
			t.Errorf("%q is not there once: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "api.local.example") {
		t.Errorf("a local listener is refused: %v", err)
	}
}

// TestOpenDescriptors has sockets that systemd hands over.
func TestOpenDescriptors(t *testing.T) {
	for at, local := range map[string]bool{"tcp4 127.0.0.1:0": true, "tcp6 [::1]:0": true, "tcp4 0.0.0.0:0": false, "tcp6 [::]:0": false} {
		network, address, _ := strings.Cut(at, " ")
		listener, err := net.Listen(network, address)
		if err != nil {
			t.Errorf("%s: %v", at, err)
			continue
		}
		assertDescriptor(t, listener.(*net.TCPListener), local)
	}
	listener, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	assertDescriptor(t, listener.(*net.UnixListener), true)
}

func assertDescriptor(t *testing.T, listener interface {
	net.Listener
	File() (*os.File, error)
}, local bool) {
	t.Helper()
	defer listener.Close()
	file, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	err = caddy.Validate(mustAdapt(t, fmt.Sprintf("http://:8080 {\nbind fd/%d\n"+openPartner+"\n}\n", file.Fd(), "")))
	if (err == nil) != local {
		t.Errorf("%v: %v", listener.Addr(), err)
	}
}

// TestWhoMayCallDocumentation adapts the Caddyfiles of that section.
func TestWhoMayCallDocumentation(t *testing.T) {
	page, err := os.ReadFile("../docs/caddyfile.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Who may call\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := strings.Split(section, "```caddyfile\n")[1:]
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		if _, err := adapt(t, block); err != nil {
			t.Errorf("%v in\n%s", err, block)
		}
	}
	if len(blocks) < 2 {
		t.Error("its examples are missing")
	}
}
