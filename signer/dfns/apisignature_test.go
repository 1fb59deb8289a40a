package dfns

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// signed is the payload that the API signature of r covers, verified by
// go-jose.
func signed(t testing.TB, r *signer.Request) []byte {
	t.Helper()
	step := must(NewAPISignature(newKey(rsaKey(), keys.RSAv15SHA256)))
	if err := step.Apply(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	values := r.Header["X-Dfns-Apisignature"]
	if len(values) != 1 {
		t.Fatalf("API signatures %q", values)
	}
	payload := must(apiPayload(r))
	compact := protectedHeader + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + values[0]
	parsed := must(jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.RS256}))
	return must(parsed.Verify(&rsaKey().PublicKey))
}

func TestAPISignature(t *testing.T) {
	r := request("PUT", "/v2/policies/p%2D1?a=1&b=%20", "{\"a\":\"<é>\"}",
		"Accept: application/json", "Accept-Encoding: identity", "Authorization: Bearer token", "Connection: Upgrade",
		"Content-Length: 12", "Content-Type: application/json; charset=\"utf-8\"", "User-Agent: a\\b <c>&d", "X-Unsigned: x",
		"X-DFNS-APPID: ap-1", "X-DFNS-APPSECRET: s", "X-DFNS-NONCE: n", "X-DFNS-USERACTION: u")
	r.Authority = "api.dfns.io:8443"
	const want = `{"h-accept":"application/json","h-accept-encoding":"identity","h-authorization":"Bearer token","h-connection":"Upgrade",` +
		`"h-content-length":"12","h-content-type":"application/json; charset=\"utf-8\"","h-host":"api.dfns.io:8443","h-user-agent":"a\\b <c>&d",` +
		`"h-x-dfns-appid":"ap-1","h-x-dfns-appsecret":"s","h-x-dfns-nonce":"n","h-x-dfns-useraction":"u",` +
		`"r-authority":"api.dfns.io","r-body":"eyJhIjoiPMOpPiJ9","r-method":"put","r-path":"/v2/policies/p%2D1?a=1&b=%20","r-scheme":"https"}`
	if got := signed(t, r); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAPISignatureOfLittle(t *testing.T) {
	r := request("GET", "/wallets?", "")
	r.Body, r.Scheme, r.Authority = nil, "http", "[::1]:8080"
	const want = `{"h-accept":"","h-accept-encoding":"","h-authorization":"","h-connection":"",` +
		`"h-content-length":"0","h-content-type":"","h-host":"[::1]:8080","h-user-agent":"",` +
		`"h-x-dfns-appid":"","h-x-dfns-appsecret":"","h-x-dfns-nonce":"","h-x-dfns-useraction":"",` +
		`"r-authority":"::1","r-body":"","r-method":"get","r-path":"/wallets?","r-scheme":"http"}`
	if got := signed(t, r); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Several lines of a header are signed and sent as one.
func TestAPISignatureOfSeveralLines(t *testing.T) {
	r := request("GET", "/wallets", "", "Accept: application/json", "Accept: text/plain ", "User-Agent: a")
	if got := string(signed(t, r)); !strings.Contains(got, `"h-accept":"application/json, text/plain",`) {
		t.Errorf("signed %s", got)
	}
	if sent := r.Header["Accept"]; len(sent) != 1 || sent[0] != "application/json, text/plain" {
		t.Errorf("sent %q", sent)
	}
}

// Any byte of a body is signed.
func TestAPISignatureOfBytes(t *testing.T) {
	body := make([]byte, 256)
	for i := range body {
		body[i] = byte(i)
	}
	var payload map[string]string
	if err := json.Unmarshal(signed(t, request("POST", "/assets", string(body))), &payload); err != nil {
		t.Fatal(err)
	}
	if got := must(base64.RawURLEncoding.DecodeString(payload["r-body"])); string(got) != string(body) || payload["h-content-length"] != "256" {
		t.Errorf("signed a body of %s bytes: %x", payload["h-content-length"], got)
	}
}

func TestAPISignatureRefuses(t *testing.T) {
	step := must(NewAPISignature(newKey(rsaKey(), keys.RSAv15SHA256)))
	for want, r := range map[string]*signer.Request{
		"the header Accept holds":       request("GET", "/wallets", "", "Accept: é"),
		"the header User-Agent holds":   request("GET", "/wallets", "", "User-Agent: a\tb"),
		"the query holds characters":    request("GET", "/wallets?a=\xe9", ""),
		"the header Content-Type holds": request("POST", "/wallets", "{}", "Content-Type: a", "Content-Type: \x00"),
	} {
		wantProblem(t, step.Apply(t.Context(), r), signer.InvalidRequest, want)
		if r.Header["X-Dfns-Apisignature"] != nil {
			t.Error("it is signed all the same")
		}
	}
	if !step.NeedsBody(request("POST", "/", "x")) || step.NeedsBody(request("POST", "/", "")) {
		t.Error("it needs the body where there is one")
	}
}

func TestNewAPISignature(t *testing.T) {
	for _, key := range []*keys.Key{nil, newKey(seedKey, ""), newKey(rsaKey(), ""), newKey(p256Key, "")} {
		if _, err := NewAPISignature(key); err == nil || !strings.Contains(err.Error(), "RSA key, of at least 2048 bits") {
			t.Errorf("error %v", err)
		}
	}
}
