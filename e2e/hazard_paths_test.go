package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A path is never normalised: what is allowed to pass arrives as it was written, and
// is signed so.
func TestHazardPathsAsWritten(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{}, "allow GET /v1/** encoded_slash")
	for _, target := range []string{
		"/v1/%7Euser", "/v1/%7euser", "/v1/~user", "/v1/a%2Fb", "/v1/a%2fb", "/v1//a", "/v1/a/", "/v1/a;b=c", "/v1/a;b=..", "/v1/%41", "/v1/a%20b", "/v1/a+b",
		"/v1/...", "/v1/a...b", "/v1/%E2%82%AC", "/v1/%e2%82%ac", "/v1/a:b@c", "/v1/a,b='c'", "/v1/%25", "/v1/%252e%252e/b",
		"/v1/a?", "/v1/a?b=%2f&c=%2F&b=1&&=", "/v1/a?a=../..", "/v1/a?q=a+b%20c", "/v1/%3F?%3F",
	} {
		t.Run(target, func(t *testing.T) {
			partner.Reset()
			output := caddy.raw("GET "+target+" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 5*time.Second)
			if !strings.HasPrefix(output, "HTTP/1.1 200 ") {
				t.Fatalf("answered %.300s", output)
			}
			if seen := only(t, partner, 1)[0]; seen.Target != target {
				t.Errorf("it arrived as %s", seen.Target)
			}
		})
	}
}
