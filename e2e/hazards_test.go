package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// refused checks that an answer is a problem of ours that says what to do.
func refused(t *testing.T, status int, contentType, proxyStatus, body string, wantStatus int, wantType string) {
	t.Helper()
	var problem struct{ Type, Title, Detail string }
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Errorf("status %d, and the body is not a problem: %s", status, body)
		return
	}
	if status != wantStatus || contentType != "application/problem+json" || !strings.HasPrefix(proxyStatus, "partnersign; error=") ||
		!strings.HasSuffix(problem.Type, "#"+wantType) || problem.Detail == "" {
		t.Errorf("%d %s %q %+v, want %d %s", status, contentType, proxyStatus, problem, wantStatus, wantType)
	}
}

func (a answer) refused(t *testing.T, status int, kind string) {
	t.Helper()
	refused(t, a.StatusCode, a.Header.Get("Content-Type"), a.Header.Get("Proxy-Status"), a.Text, status, kind)
}

// Requests that partners, proxies and rules read differently are refused or
// left alone, never normalised, and never reach the partner half-understood.
func TestHazardMalformedRequests(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{}, "allow * /v1/** /", "max_body 1KiB")
	for name, test := range map[string]struct {
		request string
		status  int // 0: the connection ends without an answer, or Go's own 400
		kind    string
	}{
		"dot segment":                {"GET /v1/../admin HTTP/1.1\r\n", 400, "invalid-request"},
		"encoded dot segment":        {"GET /v1/%2e%2E/admin HTTP/1.1\r\n", 400, "invalid-request"},
		"dot segment by %2F":         {"GET /v1/a%2f..%2fadmin HTTP/1.1\r\n", 400, "invalid-request"},
		"dot segment with parameter": {"GET /v1/..;a=b/admin HTTP/1.1\r\n", 400, "invalid-request"},
		"backslash":                  {"GET /v1/..\\admin HTTP/1.1\r\n", 400, "invalid-request"},
		"encoded backslash":          {"GET /v1/..%5cadmin HTTP/1.1\r\n", 400, "invalid-request"},
		"encoded newline":            {"GET /v1/a%0aHost:%20evil HTTP/1.1\r\n", 400, "invalid-request"},
		"encoded NUL":                {"GET /v1/a%00 HTTP/1.1\r\n", 400, "invalid-request"},
		"raw UTF-8 in the path":      {"GET /v1/caf\xc3\xa9 HTTP/1.1\r\n", 400, "invalid-request"},
		"raw UTF-8 in the query":     {"GET /v1/a?q=caf\xc3\xa9 HTTP/1.1\r\n", 400, "invalid-request"},
		"encoded slash":              {"GET /v1/a%2Fb HTTP/1.1\r\n", 403, "not-allowed"},
		"double slash":               {"GET /v1//a HTTP/1.1\r\n", 403, "not-allowed"},
		"other path":                 {"GET /v2/a HTTP/1.1\r\n", 403, "not-allowed"},
		"other letter case":          {"GET /V1/a HTTP/1.1\r\n", 403, "not-allowed"},
		"announced trailers":         {"POST /v1/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: Signature\r\n\r\n0\r\nSignature: forged\r\n", 400, "invalid-request"},
		"unannounced trailers":       {"POST /v1/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nSignature: forged\r\n", -1, ""},
		"too large":                  {"POST /v1/a HTTP/1.1\r\nContent-Length: 1025\r\n", 413, "body-too-large"},
		"too large, chunked":         {"POST /v1/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n" + strings.Repeat("x", 1025) + "\r\n0\r\n", 413, "body-too-large"},
		"two idempotency keys":       {"POST /v1/a HTTP/1.1\r\nIdempotency-Key: a\r\nidempotency-key: b\r\nContent-Length: 0\r\n", 400, "invalid-request"},
		"idempotency key not ASCII":  {"POST /v1/a HTTP/1.1\r\nIdempotency-Key: caf\xc3\xa9\r\nContent-Length: 0\r\n", 400, "invalid-request"},
		"CONNECT":                    {"CONNECT 127.0.0.1:443 HTTP/1.1\r\n", 400, "invalid-request"},
		"invalid escape":             {"GET /v1/%zz HTTP/1.1\r\n", 0, ""},
		"two lengths":                {"POST /v1/a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 0, ""},
		"length and chunked":         {"POST /v1/a HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n", -1, ""},
		"two hosts":                  {"GET /v1/a HTTP/1.1\r\nHost: evil.example\r\n", 0, ""},
		"NUL in a header":            {"GET /v1/a HTTP/1.1\r\nX-A: a\x00b\r\n", 0, ""},
		"bare CR in a header":        {"GET /v1/a HTTP/1.1\r\nX-A: a\rSignature: b\r\n", 0, ""},
		"space before the colon":     {"GET /v1/a HTTP/1.1\r\nAuthorization : Bearer x\r\n", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			partner.Reset()
			head, rest, _ := strings.Cut(test.request, "\r\n")
			output := caddy.raw(head+"\r\nHost: 127.0.0.1\r\nConnection: close\r\n"+rest+"\r\n", 5*time.Second)
			if test.status < 0 { // whatever Go makes of it, what comes through must be one verified request
				for _, r := range partner.Requests() {
					if !r.Verdict.OK || r.Target != "/v1/a" {
						t.Errorf("the partner saw %s %s: %v", r.Method, r.Target, r.Verdict.Problems)
					}
				}
				return
			}
			if seen := partner.Requests(); len(seen) != 0 {
				t.Errorf("the partner saw %s %s", seen[0].Method, seen[0].Target)
			}
			res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(output)), nil)
			if test.status == 0 {
				if err == nil && res.StatusCode != 400 {
					t.Errorf("answered %s", res.Status)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v: %q", err, output)
			}
			_, body, _ := strings.Cut(output, "\r\n\r\n")
			refused(t, res.StatusCode, res.Header.Get("Content-Type"), res.Header.Get("Proxy-Status"), body, test.status, test.kind)
		})
	}
	if res := caddy.send("POST", "/v1/a", strings.NewReader("{}")); res.StatusCode != 200 || !partner.Last().Verdict.OK {
		t.Errorf("afterwards: %d %s", res.StatusCode, res.Text)
	}
	if !strings.Contains(caddy.admin("/metrics"), "partnersign_body_memory_bytes 0") {
		t.Error("memory of bodies is still held")
	}
}

// One authority decides, whatever the client says.
func TestHazardWrongDestination(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{}, "browsers any", "client_hosts *")
	authority := strings.TrimPrefix(partner.URL(), "https://")
	host := strings.TrimPrefix(caddy.URL, "http://")
	for name, head := range map[string]string{
		"absolute form":              "GET http://" + host + "/v1/a HTTP/1.1\r\nHost: " + host,
		"absolute form, other name":  "GET http://127.0.0.1/v1/a HTTP/1.1\r\nHost: evil.example",
		"absolute form with https":   "GET https://" + host + "/v1/a HTTP/1.1\r\nHost: " + host,
		"absolute form with a user":  "GET http://user:password@" + host + "/v1/a HTTP/1.1\r\nHost: " + host,
		"port in Host":               "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1:1",
		"X-Forwarded-Host":           "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Host: evil.example",
		"method override":            "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nX-HTTP-Method-Override: DELETE\r\nX-Original-URL: /admin",
		"hop-by-hop nomination":      "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close, Authorization, Signature, Signature-Input",
		"fragment":                   "GET /v1/a#b HTTP/1.1\r\nHost: 127.0.0.1",
		"letter case of header name": "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nAUTHORIZATION: Bearer own\r\nsIGNATURE: forged",
	} {
		t.Run(name, func(t *testing.T) {
			partner.Reset()
			output := caddy.raw(head+"\r\nConnection: close\r\n\r\n", 5*time.Second)
			if name == "fragment" { // "#" is no part of a request target
				if len(partner.Requests()) != 0 && partner.Last().Target != "/v1/a%23b" {
					t.Errorf("the partner saw %s", partner.Last().Target)
				}
				return
			}
			seen := partner.Last()
			if seen == nil {
				t.Fatalf("the partner saw nothing: %s", output)
			}
			if !seen.Verdict.OK {
				t.Errorf("not accepted: %v", seen.Verdict.Problems)
			}
			if seen.Authority != authority || seen.Target != "/v1/a" || seen.Method != "GET" {
				t.Errorf("the partner saw %s %s of %s", seen.Method, seen.Target, seen.Authority)
			}
			for _, field := range seen.Header {
				switch strings.ToLower(field[0]) {
				case "x-forwarded-host", "x-forwarded-for", "x-forwarded-proto", "via", "x-http-method-override", "x-original-url", "connection":
					t.Errorf("the partner saw %s: %s", field[0], field[1])
				}
			}
		})
	}
}

// The partner's redirects are the client's to follow.
func TestHazardRedirectsAreNotFollowed(t *testing.T) {
	other := partnertest.New(t, partnertest.Options{})
	_, caddy := startAcme(t, partnertest.Options{Answer: func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		http.Redirect(w, r, other.URL()+"/steal", http.StatusTemporaryRedirect)
		return true
	}})
	if res := caddy.send("POST", "/v1/a", strings.NewReader("{}")); res.StatusCode != 307 || len(other.Requests()) != 0 {
		t.Errorf("%d, and the other host saw %d requests", res.StatusCode, len(other.Requests()))
	}
}

// Every header that a step owns is the step's, in every spelling; what belongs
// to the client, its browser and its proxies stays here.
func TestHazardHeaders(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{})
	res := caddy.send("POST", "/v1/a", strings.NewReader("{}"),
		"Authorization: Bearer client", "Cookie: session=client", "Referer: http://inside.example/", "X-Real-IP: 10.0.0.1",
		"Forwarded: for=10.0.0.1", "Early-Data: 0", "Expect: 100-continue", "Sec-Ch-Ua: x", "Proxy-Connection: x",
		"Content-Digest: sha-256=:AAAA:", "Content_Digest: sha-256=:AAAA:", "Signature: sig1=:AAAA:", `Signature-Input: sig1=()`, "Signature_input: sig1=()",
		"X-Own: stays")
	if res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, res.Text)
	}
	seen := partner.Last()
	if !seen.Verdict.OK {
		t.Error(seen.Verdict.Problems)
	}
	allowed := "Host User-Agent Content-Length Authorization Content-Digest Accept-Encoding X-Own Idempotency-Key Signature Signature-Input "
	for _, field := range seen.Header {
		if !strings.Contains(strings.ToLower(allowed), strings.ToLower(field[0])+" ") {
			t.Errorf("the partner saw %s: %s", field[0], field[1])
		}
	}
	if values := seen.Header.Values("Authorization"); len(values) != 1 || values[0] != "Bearer token-of-acme" {
		t.Errorf("Authorization: %v", values)
	}
}

// A client that leaves half way leaves nothing behind, and the partner saw no
// request, or a whole one.
func TestHazardClientLeaves(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{})
	for _, head := range []string{"Content-Length: 1000", "Transfer-Encoding: chunked"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(caddy.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n\r\n64\r\n%s", head, strings.Repeat("x", 50))
		_ = conn.Close()
	}
	caddy.send("GET", "/v1/after", nil)
	waitFor(t, "the memory of bodies to be given back", func() bool {
		return strings.Contains(caddy.admin("/metrics"), "partnersign_body_memory_bytes 0")
	})
	for _, r := range partner.Requests() {
		if r.Target != "/v1/after" {
			t.Errorf("the partner saw %s %s", r.Method, r.Target)
		}
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
