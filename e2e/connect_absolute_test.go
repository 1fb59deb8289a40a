package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// plainURL is what an application with HTTP_PROXY calls: http:// and the
// partner's name, without its port.
const plainURL = "http://" + partnerName

// exchange writes a request to the proxy as it is and reads the answer.
func (f *forward) exchange(t testing.TB, request string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.Proxy, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprint(conn, request)
	return readFrom(t, bufio.NewReader(conn), http.MethodGet)
}

// sites are two ways to write the proxy of applications with HTTP_PROXY: the
// partner's block in partner_connect, and sites of the partners' names.
func absoluteSites(t *testing.T, partner, other *partnertest.Partner) map[string]string {
	return map[string]string{
		"partner_connect": connects("", namedBlock(t, partner, "127.0.0.1", acme), blockAt(localhost(other), acme)),
		"sites of their names": "respond 403\n}\nhttp://" + partnerName + ":PROXY {\nbind 127.0.0.1\n" + namedBlock(t, partner, "127.0.0.1", acme) +
			"}\nhttp://localhost:PROXY {\nbind 127.0.0.1\n" + blockAt(localhost(other), acme),
		"matchers": "@acme host " + partnerName + "\n@other host localhost\nhandle @acme {\n" + namedBlock(t, partner, "127.0.0.1", acme) +
			"}\nhandle @other {\n" + blockAt(localhost(other), acme) + "}\nhandle {\nrespond 403\n}\n",
	}
}

func TestAbsoluteForm(t *testing.T) {
	partner, other := newAcme(t, partnertest.Options{}), newAcme(t, partnertest.Options{})
	for name, site := range absoluteSites(t, partner, other) {
		t.Run(name, func(t *testing.T) {
			caddy := startForward(t, site, partner, other)
			for _, target := range []string{plainURL, plainURL + ":80", named(partner), "http://" + strings.ToUpper(partnerName)} {
				// The Host field is ignored, as RFC 9112 section 3.2.2 asks.
				for _, host := range []string{partnerName, "localhost", "other.example"} {
					partner.Reset()
					got := caddy.exchange(t, "GET "+target+"/v1/%7Ea?b=c HTTP/1.1\r\nHost: "+host+"\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic YTpi\r\nConnection: close\r\n\r\n")
					got.ok(t)
					seen := only(t, partner, 1)[0]
					if seen.Target != "/v1/%7Ea?b=c" || seen.Header.Get("Proxy-Connection") != "" || seen.Header.Get("Proxy-Authorization") != "" {
						t.Errorf("the partner got %s %v", seen.Target, seen.Header)
					}
				}
			}
			partner.Reset()
			caddy.exchange(t, "GET http://localhost/v1 HTTP/1.1\r\nHost: "+partnerName+"\r\nConnection: close\r\n\r\n").ok(t)
			only(t, other, 1)
			other.Reset()
			for target, status := range map[string]int{
				"http://other.example/v1":                     403,
				"http://127.0.0.1/v1":                         403,
				"http://169.254.169.254/latest":               403,
				"http://" + partnerName + ".other.example/v1": 403,
				"http:/v1":    403, // of no partner
				"http:opaque": 403,
				"http://" + partnerName + "@other.example/v1":   403,
				"http://" + partnerName + "/v1/../v2":           400,
				"http://" + partnerName + "/v1/%2e%2e/v2":       400,
				"http://" + partnerName + "%20/v1":              400,
				"http://" + partnerName + "\\@other.example/v1": 400,
				"http://" + partnerName + ", other.example/v1":  400,
			} {
				got := caddy.exchange(t, "GET "+target+" HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n")
				if got.StatusCode != status && !(status == 403 && got.StatusCode == 400) {
					t.Errorf("%s: answered %d %s, want %d", target, got.StatusCode, got.Text, status)
				}
			}
			untouched(t, partner)
			untouched(t, other)
		})
	}
}

func TestAbsoluteFormRefusals(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	caddy := startForward(t, connects("client_auth {env.CLIENT_AUTH}", namedBlock(t, partner, "127.0.0.1", acme)), partner)
	auth := "Proxy-Authorization: Bearer canary-client-auth-0f1e2d3c\r\n"
	for request, want := range map[string]struct {
		status int
		kind   string
	}{
		"GET " + plainURL + "/v1 HTTP/1.1\r\n" + auth:                                 {200, ""},
		"GET " + plainURL + "/v1 HTTP/1.1\r\n":                                        {407, "client-unauthenticated"},
		"GET /v1 HTTP/1.1\r\n":                                                        {407, "client-unauthenticated"},
		"GET http://other.example/ HTTP/1.1\r\n" + auth:                               {403, "destination-refused"},
		"GET ftp://" + partnerName + "/ HTTP/1.1\r\n" + auth:                          {400, "invalid-request"},
		"GET http://a:b@" + partnerName + "/ HTTP/1.1\r\n" + auth:                     {400, "invalid-request"},
		"GET " + plainURL + "/v1 HTTP/1.1\r\nOrigin: https://evil.example\r\n" + auth: {403, "browser-refused"},
	} {
		got := caddy.exchange(t, request+"Host: "+partnerName+"\r\nConnection: close\r\n\r\n")
		if want.status == 200 {
			got.ok(t)
		} else {
			got.is(t, want.status, want.kind)
		}
	}
	only(t, partner, 1)
}

func TestAbsoluteFormClients(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	caddy := startForward(t, connects("", namedBlock(t, partner, "127.0.0.1", acme)), partner)
	body := bytes.Repeat([]byte(`"0123456789abcd"`), 1<<16) // 1 MiB
	caddy.replace("body.json", string(body))
	for _, program := range programs {
		if program.name == "curl HTTP/2" { // that is for TLS
			continue
		}
		t.Run(program.name, func(t *testing.T) {
			program.need(t)
			partner.Reset()
			if output, err := caddy.run(program, plainURL+"/v1/payments?expand=all", caddy.path("body.json")); err != nil {
				t.Fatalf("%v\n%.2000s", err, output)
			}
			if seen := only(t, partner, 1)[0]; !bytes.Equal(seen.Body, body) || seen.Target != "/v1/payments?expand=all" {
				t.Errorf("the partner got %s with %d bytes", seen.Target, len(seen.Body))
			}
		})
	}
}
