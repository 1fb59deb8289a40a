package partnertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/yaronf/httpsign"
)

// TestOffBlocksCalls: every call that is in order is carried out, on each protocol.
func TestOffBlocksCalls(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		c := newOffBlocksCaller(t, OffBlocksOptions{Options: Options{Protocols: []string{protocol}}})
		made := answeredWith(t, c.call("POST", "/v1/customers", `{"chainId":"eip155:1:0xab","externalId":"e"}`), 201)
		id, _ := made.object["id"].(string)
		if id == "" || made.object["chainId"] != "eip155:1:0xab" || made.object["challenge"] == "" {
			t.Errorf("made %s", made.text)
		}
		customer := "/v1/customers/" + id
		challenge := answeredWith(t, c.call("GET", customer+"/challenge", ""), 200)
		if challenge.object["challenge"] != made.object["challenge"] {
			t.Errorf("the challenge is %s, and was %s", challenge.text, made.text)
		}
		if signed := answeredWith(t, c.call("POST", customer+"/challenge/sign", `{"signature":"0x1"}`), 204); signed.text != "" || signed.Header.Get("Content-Type") != "" {
			t.Errorf("answered %q, want no content", signed.text)
		}
		refusedWith(t, c.Refusals, c.call("POST", customer+"/challenge/sign", `{}`), 400, "signature is missing")
		answeredWith(t, c.call("PATCH", customer, `{"externalId":"f"}`), 200)
		refusedWith(t, c.Refusals, c.call("PATCH", customer, `{"externalId":1}`), 400, "not a string")
		read := answeredWith(t, c.call("GET", customer+"?full=1", ""), 200)
		if read.object["externalId"] != "f" || read.object["status"] != "active" || read.object["challenge"] != nil {
			t.Errorf("read %s", read.text)
		}
		answeredWith(t, c.call("DELETE", customer, ""), 204)
		refusedWith(t, c.Refusals, c.call("GET", customer, ""), 404, "not found")
		refusedWith(t, c.Refusals, c.call("GET", customer+"/challenge", ""), 404, "not found")
		refusedWith(t, c.Refusals, c.call("DELETE", customer, ""), 404, "not found")
		refusedWith(t, c.Refusals, c.call("PUT", customer, `{}`), 404, "There is no PUT")
		writes := c.Writes()
		if len(writes) != 4 || c.Customers() != 1 || c.Tokens() != 1 || c.Replays() != 0 || len(c.Refusals()) != 6 {
			t.Fatalf("%d writes, %d customers, %d tokens, %d replays, %v", len(writes), c.Customers(), c.Tokens(), c.Replays(), c.Refusals())
		}
		for _, write := range writes {
			signature := write.Verdict.Signatures[0]
			if write.ID != id || signature.Rebuilt != accepted || signature.HTTPSign != accepted || signature.Algorithm != "ecdsa-p384-sha384" {
				t.Errorf("recorded %+v", write)
			}
		}
	}
}

// TestOffBlocksHTTPSign: what httpsign signs is accepted.
func TestOffBlocksHTTPSign(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{})
	config := httpsign.NewSignConfig().SetKeyID(c.KeyID()).SetNonce("n-1").SetTag("t").SetExpiresAfter(60).
		SetSchemeFromRequest(func(*http.Request) string { return "https" })
	fields := httpsign.Headers("@method", "@target-uri", "authorization", "content-digest", "content-type", "idempotency-key")
	signer, err := httpsign.NewP384Signer(*c.pair.private.(*ecdsa.PrivateKey), config, fields)
	if err != nil {
		t.Fatal(err)
	}
	client := httpsign.NewClient(*c.client, httpsign.NewClientConfig().SetSignatureName("any").SetSigner(signer))
	request := c.plain("POST", "/v1/customers", `{"externalId":"e"}`)
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Idempotency-Key", uuid.NewString())
	res, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 201 {
		t.Errorf("%s: %v", res.Status, c.Refusals())
	}
}

// TestOffBlocksToken: what the token call answers, and everything for which it is refused.
func TestOffBlocksToken(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{TokenLife: 90 * time.Second})
	answer := answeredWith(t, c.mustSend(c.tokenRequest(offBlocksSecret)), 200)
	text, _ := answer.object["token"].(string)
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	token.UnsafeClaimsWithoutVerification(&claims)
	expires, _ := answer.object["expiresAt"].(float64)
	if left := time.Until(time.Unix(int64(expires), 0)); left < 80*time.Second || left > 90*time.Second || int64(expires) != int64(*claims.Expiry) {
		t.Errorf("expires in %s, %s", left, answer.text)
	}
	if answer.object["tokenType"] != "Bearer" || c.Tokens() != 2 || text == c.token {
		t.Errorf("answered %s, %d tokens", answer.text, c.Tokens())
	}
	for _, test := range []struct {
		body, header, value string
		status              int
		want                string
	}{
		{`{"apiKey":"` + offBlocksKey + `","apiSecret":"wrong"}`, "", "", 401, "not those of the account"},
		{`{"apiKey":"wrong","apiSecret":"secret-canary"}`, "", "", 401, "not those of the account"},
		{`{"apiKey":"a","apiSecret":"b","scope":"c"}`, "", "", 400, `"scope" is not a property`},
		{`{"apiKey":"a","apiKey":"b","apiSecret":"c"}`, "", "", 400, "twice"},
		{`{"apiKey":"a"}`, "", "", 400, "apiSecret is missing"},
		{`{"apiKey":"a","apiSecret":1}`, "", "", 400, "not a string"},
		{`apiKey=a`, "", "", 400, "not a JSON object"},
		{"", "", "", 400, "not a JSON object"},
		{`{}`, "Content-Type", "application/x-www-form-urlencoded", 415, "application/json was expected"},
		{`{}`, "Content-Type", "", 415, "0 Content-Type fields"},
		{`{}`, "Authorization", "Bearer " + c.token, 400, "The token call has Authorization"},
		{`{}`, "Signature", "sig=:AAAA:", 400, "The token call has Signature"},
	} {
		request := c.plain("POST", "/v1/auth/token", test.body)
		request.Header.Set(test.header, test.value)
		if test.value == "" {
			delete(request.Header, test.header)
		}
		refusedWith(t, c.Refusals, c.mustSend(request), test.status, test.want)
	}
	for _, refusal := range c.Refusals() {
		if strings.Contains(refusal.Reason, offBlocksSecret) || strings.Contains(refusal.Reason, c.token) {
			t.Errorf("a reason tells a secret: %s", refusal.Reason)
		}
	}
	if c.Tokens() != 2 {
		t.Errorf("%d tokens", c.Tokens())
	}
}

func TestStartOffBlocksRefuses(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		opts OffBlocksOptions
		want string
	}{
		{OffBlocksOptions{APIKey: "a"}, "needs an APIKey and an APISecret"},
		{OffBlocksOptions{APISecret: "a"}, "needs an APIKey and an APISecret"},
		{OffBlocksOptions{APIKey: "a", APISecret: "b", Key: &p256.PublicKey}, "not on P-384"},
		{OffBlocksOptions{APIKey: "a", APISecret: "b", KeyID: "k"}, "a KeyID and no Key"},
		{OffBlocksOptions{APIKey: "a", APISecret: "b", Options: Options{Protocols: []string{"http/2"}}}, "none of http/1.1"},
	} {
		if _, err := StartOffBlocks(test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}

func TestOffBlocksReset(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{})
	request := c.sign(c.draft("GET", "/v1/customers/none", ""))
	c.mustSend(request)
	c.mustSend(request)
	answeredWith(t, c.call("POST", "/v1/customers", `{}`), 201)
	c.Reset()
	if len(c.Writes())+len(c.Refusals())+len(c.Requests())+c.Customers()+c.Tokens()+c.Replays() != 0 {
		t.Error("Reset left a record")
	}
	refusedWith(t, c.Refusals, c.call("POST", "/v1/customers", `{}`), 401, "not issued here")
}
