package caddymodule_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// echo answers with the request as it came.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	dump, err := httputil.DumpRequest(r, true)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = fmt.Fprintf(w, "%s %s\n%s", r.Method, r.RequestURI, dump)
})

func TestProxy(t *testing.T) {
	t.Setenv("ACME_TOKEN", "sk_live_1")
	t.Setenv("PROXY_SECRET", "sesame")
	partner := httptest.NewServer(echo)
	defer partner.Close()
	server := serve(t, site(`handle_path /acme/* {
		partner_proxy `+partner.URL+` {
			bearer {env.ACME_TOKEN}
			client_auth {env.PROXY_SECRET}
		}
	}`))
	got := send(t, server.Client(), server.URL+"/acme/v1/wallets?limit=1", "Proxy-Authorization: Bearer sesame", "Authorization: Bearer mine", "Cookie: a=b")
	if got.StatusCode != 200 {
		t.Fatalf("got %d %s", got.StatusCode, got.Body)
	}
	for _, want := range []string{"GET /v1/wallets?limit=1\n", "\nHost: " + strings.TrimPrefix(partner.URL, "http://"), "\nAuthorization: Bearer sk_live_1\r\n"} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("%q is not in what the partner got: %s", want, got.Body)
		}
	}
	for _, not := range []string{"sesame", "Proxy-Authorization", "mine", "Cookie"} {
		if strings.Contains(got.Body, not) {
			t.Errorf("%q is in what the partner got: %s", not, got.Body)
		}
	}
	send(t, server.Client(), server.URL+"/acme/v1/wallets").assertProblem(t, signer.ClientUnauthenticated, "127.0.0.1")
}

// TestProxyAuthorizationGoesNoFurther also when the guard asks for another
// header, or for nothing.
func TestProxyAuthorizationGoesNoFurther(t *testing.T) {
	t.Setenv("PROXY_SECRET", "sesame")
	partner := httptest.NewServer(echo)
	defer partner.Close()
	for _, lines := range []string{"", "client_auth {env.PROXY_SECRET} X-Proxy-Secret", "client_auth {env.PROXY_SECRET} Authorization"} {
		server := serve(t, site("partner_proxy "+partner.URL+" {\n"+lines+"\n}"))
		got := send(t, server.Client(), server.URL,
			"Proxy-Authorization: Bearer proxy-canary", "X-Proxy-Secret: sesame", "Authorization: Bearer sesame")
		if got.StatusCode != 200 || strings.Contains(got.Body, "canary") || lines != "" && !strings.Contains(lines, "Authorization") && strings.Contains(got.Body, "X-Proxy-Secret") {
			t.Errorf("%s: got %d %s", lines, got.StatusCode, got.Body)
		}
	}
}

// TestProxyOwnHost lets clients call by the partner's own name.
func TestProxyOwnHost(t *testing.T) {
	server := serve(t, site(`partner_proxy https://api.acme.example:1 {
		transport http {
			dial_timeout 1ms
		}
		name acme
	}`))
	for host, kind := range map[string]signer.Kind{
		"api.acme.example":      signer.PartnerUnreachable,
		"API.acme.example:8080": signer.PartnerUnreachable,
		"localhost":             signer.PartnerUnreachable,
		"acme.example":          signer.WrongHost,
		"x.api.acme.example":    signer.WrongHost,
	} {
		send(t, server.Client(), server.URL, "Host: "+host).assertProblem(t, kind, "acme")
	}
}

// closedPort is a port on which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestPartnerUnreachable(t *testing.T) {
	address := closedPort(t)
	missing := filepath.Join(t.TempDir(), "none.sock")
	for name, directives := range map[string]string{
		"partner_proxy":    "partner_proxy http://" + address,
		"with TLS":         "partner_proxy https://" + address,
		"unix":             "partner_proxy unix/" + missing,
		"with retries":     "partner_proxy http://" + address + " {\nlb_retries 2\nlb_try_interval 1ms\n}",
		"in a named route": "invoke named",
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, "&(named) {\npartner_proxy http://"+address+"\n}\n"+site(directives))
			partner := "127.0.0.1"
			if name == "unix" {
				partner = "localhost"
			}
			got := send(t, server.Client(), server.URL)
			got.assertProblem(t, signer.PartnerUnreachable, partner)
			if strings.Contains(got.Body, address) || strings.Contains(got.Body, missing) {
				t.Errorf("the answer tells where the partner is: %s", got.Body)
			}
		})
	}
}

// TestPartnerUnreachableHandled leaves the answer to a site that has its own.
func TestPartnerUnreachableHandled(t *testing.T) {
	server := serve(t, site("partner_proxy http://"+closedPort(t)+`
	handle_errors {
		respond "own page {http.error.status_code}"
	}`))
	if got := send(t, server.Client(), server.URL); got.StatusCode != 502 || got.Body != "own page 502" {
		t.Errorf("got %d %s", got.StatusCode, got.Body)
	}
}

// TestEnvironmentsProxy keeps HTTP_PROXY, which TestMain sets, away from
// upstreams without TLS: a request to a socket would be written for a proxy,
// with another target than the one that was signed.
func TestEnvironmentsProxy(t *testing.T) {
	t.Setenv("ACME_TOKEN", "sk_live_1")
	_, socket := onSocket(t, echo)
	partner := httptest.NewServer(echo)
	defer partner.Close()
	for _, upstream := range []string{"unix/" + socket, partner.URL} {
		server := serve(t, site("partner_proxy "+upstream+" {\nbearer {env.ACME_TOKEN}\n}"))
		got := send(t, server.Client(), server.URL+"/v1/x?y=z")
		if got.StatusCode != 200 || !strings.HasPrefix(got.Body, "GET /v1/x?y=z\n") {
			t.Errorf("%s: got %d %s", upstream, got.StatusCode, got.Body)
		}
	}
}

// TestLongFormDialsOnlyThisMachine where no certificate proves the upstream.
func TestLongFormDialsOnlyThisMachine(t *testing.T) {
	for _, lines := range []string{
		"upstream http://localhost",
		"upstream https://localhost\ntls_insecure_skip_verify",
		"upstream https://localhost\ntls_server_name elsewhere.example",
	} {
		scheme, port := "http", "80"
		if strings.Contains(lines, "https") {
			scheme, port = "https", "443"
		}
		server := serve(t, site("reverse_proxy "+scheme+"://192.0.2.7:"+port+" {\ntransport partnersign {\n"+lines+"\n}\n}"))
		send(t, server.Client(), server.URL).assertProblem(t, signer.PartnerUntrusted, "localhost")
	}
}
