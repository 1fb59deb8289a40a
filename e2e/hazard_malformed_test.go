package e2e

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

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
