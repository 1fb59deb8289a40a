package dfns

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/partnersign/partnersign/signer/keys"
)

// These values were computed by other code from what Dfns documents: they prove
// the encoding, not that Dfns accepts it.

func TestAssertionVector(t *testing.T) {
	c := credential{"cr-1", newKey(seedKey, "")}
	assertion := must(c.appendAssertion(nil, "test-challenge-123", february))
	const want = `{"kind":"Key","credentialAssertion":{"credId":"cr-1",` +
		`"clientData":"eyJjaGFsbGVuZ2UiOiJ0ZXN0LWNoYWxsZW5nZS0xMjMiLCJ0eXBlIjoia2V5LmdldCJ9",` +
		`"signature":"g88HPyHo91BNsJ018W5RTh2Tb72chHAkur37B51Y65zrSlcNN6SZPjE4qzlBN-94MgMcMMsdequs2JprubXyBw"}}`
	if string(assertion) != want {
		t.Errorf("got  %s\nwant %s", assertion, want)
	}
}

func TestNonceVector(t *testing.T) {
	id := uuid.MustParse("11111111-2222-4333-8444-555555555555")
	const want = "eyJ1dWlkIjoiMTExMTExMTEtMjIyMi00MzMzLTg0NDQtNTU1NTU1NTU1NTU1IiwiZGF0ZSI6IjIwMjQtMDItMTVUMTA6MDA6MDAuMDAwWiJ9"
	for _, now := range []time.Time{february, february.In(time.FixedZone("", 3600)), february.Add(999 * time.Microsecond)} {
		if got := nonceOf(id, now); got != want {
			t.Errorf("at %v: %s", now, got)
		}
	}
}

func TestAPISignatureVector(t *testing.T) {
	nonce := base64.RawURLEncoding.EncodeToString([]byte(`{"date":"2024-02-15T10:00:00.000Z","uuid":"11111111-2222-4333-8444-555555555555"}`))
	r := request("POST", "/auth/login/init", `{"username":"bob@example.co","orgId":"or-test"}`,
		"Accept: application/json", "Content-Type: application/json", "User-Agent: DFNS NodeJs SDK",
		"X-DFNS-APPID: ap-test", "X-DFNS-APPSECRET: secret", "X-DFNS-NONCE: "+nonce)
	input := must(apiSigningInput(r))
	if sum := sha256.Sum256(input); len(input) != 820 || hex.EncodeToString(sum[:]) != "90fd46a223e260bd43702e12adcfca4cc6d1f803e1e32a2f05c839cdcc388360" {
		t.Errorf("%d bytes with SHA-256 %x:\n%s", len(input), sum, input)
	}
	step := must(NewAPISignature(loadKey(t, "testdata/rfc7515-a2.jwk", keys.KeyOptions{Algorithm: keys.RSAv15SHA256})))
	if err := step.Apply(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	signature := r.Header.Get("X-DFNS-APISIGNATURE")
	if sum := sha256.Sum256([]byte(signature)); len(signature) != 342 || hex.EncodeToString(sum[:]) != "f33d8cdd02b6edd3e30921761ee458330d423882b1449415856ecd1d17d24101" {
		t.Errorf("%d characters with SHA-256 %x: %s", len(signature), sum, signature)
	}
}

// The example of Dfns' documentation of what is sent to be authorised.
func TestInitBody(t *testing.T) {
	r := request("POST", "/wallets?dry=1", `{"network":"Ethereum", "name":"<a&b>"}`+"\n")
	const want = `{"userActionPayload":"{\"network\":\"Ethereum\", \"name\":\"<a&b>\"}\n",` +
		`"userActionHttpMethod":"POST","userActionHttpPath":"/wallets","userActionServerKind":"Api"}`
	if got := must(initBody(r)); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r = request("DELETE", "/webhooks/wh-1", "")
	r.Body = nil // as a request is whose body no step has needed
	const empty = `{"userActionPayload":"","userActionHttpMethod":"DELETE","userActionHttpPath":"/webhooks/wh-1","userActionServerKind":"Api"}`
	if got := must(initBody(r)); string(got) != empty {
		t.Errorf("got  %s\nwant %s", got, empty)
	}
}
