package partnertest

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yaronf/httpsign"
)

// TestHTTPSignClient: what httpsign signs over the network is accepted, by both.
func TestHTTPSignClient(t *testing.T) {
	private := newPair(t, "ed25519")
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, plain := range []bool{false, true} {
			partner := New(t, Options{Protocols: []string{protocol}, Plain: plain, Require: Require{
				Keys:          map[string]Key{"k": private.key},
				Components:    []string{"@method", "@target-uri", "@authority", "@scheme", "content-digest?", "@query-param;name=\"a\""},
				Parameters:    []string{"created", "alg", "nonce", "expires"},
				MaxAge:        time.Minute,
				ContentDigest: "sha-256",
				RefuseReplays: true,
			}})
			fields := httpsign.Headers("@method", "@target-uri", "@authority", "@scheme", "@path", "@query", "content-digest")
			config := httpsign.NewSignConfig().SetKeyID("k").SetNonce("n-1").SetExpiresAfter(60)
			if plain {
				config.SetSchemeFromRequest(func(*http.Request) string { return "http" })
			} else {
				config.SetSchemeFromRequest(func(*http.Request) string { return "https" })
			}
			signer, err := httpsign.NewEd25519Signer(private.private.(ed25519.PrivateKey), config, *fields.AddQueryParam("a"))
			if err != nil {
				t.Fatal(err)
			}
			clientConfig := httpsign.NewClientConfig().SetSignatureName("sig1").SetSigner(signer)
			client := httpsign.NewClient(*partner.Client(), clientConfig)
			send := func() *http.Response {
				request, _ := http.NewRequest("POST", partner.URL()+"/p%2Fq?a=b%20c", strings.NewReader(`{"hello": "world"}`))
				res, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				return res
			}
			if res := send(); res.StatusCode != 200 {
				t.Fatalf("%s: %q", protocol, partner.Last().Verdict.Problems)
			}
			signature := partner.Last().Verdict.Signatures[0]
			if signature.Rebuilt != accepted || signature.HTTPSign != accepted {
				t.Errorf("%s: rebuilt: %s; httpsign: %s", protocol, signature.Rebuilt, signature.HTTPSign)
			}
			// The signer's one nonce comes again.
			if res := send(); res.StatusCode != 401 || !slices.Contains(partner.Last().Verdict.Problems,
				`Signature "sig1": the nonce "n-1" was seen before.`) {
				t.Errorf("%s: %d, %q", protocol, res.StatusCode, partner.Last().Verdict.Problems)
			}
		}
	}
}

// TestBeyondHTTPSign: where httpsign departs from the RFC, the rebuild decides alone, and
// the verdict says so.
func TestBeyondHTTPSign(t *testing.T) {
	signer := newPair(t, "ed25519")
	for _, test := range []struct{ id, value, target, host, header, want string }{
		{`"@authority"`, "partner.test", "/", "Partner.Test:443", "", "not asked: it takes"},
		{`"@authority"`, "partner.test", "/", "partner.test", "", accepted},
		{`"@target-uri"`, "https://partner.test/", "/", "partner.test:443", "", "not asked: it takes"},
		{`"@request-target"`, "/a%20b", "/a%20b", "partner.test", "", "not asked: it takes"},
		{`"@request-target"`, "/a?", "/a?", "partner.test", "", "not asked: it takes"},
		{`"@request-target"`, "/a?b", "/a?b", "partner.test", "", accepted},
		{`"@path"`, `/a"b`, `/a"b`, "partner.test", "", "not asked: it takes"},
		{`"@path"`, "//a%2Fb", "//a%2Fb", "partner.test", "", accepted},
		{`"@query"`, "?a;b", "/?a;b", "partner.test", "", "not asked: it refuses this query"},
		{`"@query-param";name="a"`, "*%7E", "/?a=*~", "partner.test", "", "not asked: it takes"},
		{`"@query-param";name="a"`, "", "/?a", "partner.test", "", accepted},
		{`"x";sf`, "a, a", "/", "partner.test", "X: a,  a\r\n", "not asked: it takes"},
		{`"x";sf`, "a=1, b", "/", "partner.test", "X: a=1,  b\r\n", accepted},
		{`"x";bs`, ":YQ==:, :Yg==:", "/", "partner.test", "X: a\r\nX: b\r\n", accepted},
		{`"host"`, "partner.test", "/", "partner.test", "", accepted},
	} {
		input := "(" + test.id + ")"
		base := test.id + ": " + test.value + "\n" + `"@signature-params": ` + input
		wire := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n%sSignature-Input: s=%s\r\nSignature: s=:%s:\r\n\r\n",
			test.target, test.host, test.header, input, base64.StdEncoding.EncodeToString(signer.sign(t, base)))
		verdict := judgeWire(t, verifierFor(t, Require{DefaultKey: &signer.key}), wire)
		if !verdict.OK || !strings.HasPrefix(verdict.Signatures[0].HTTPSign, test.want) {
			t.Errorf("%s of %s: %q, %+v, want %q", test.id, test.target, verdict.Problems, verdict.Signatures, test.want)
		}
	}
}
