package partnertest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

const dfnsToken = "eyJ0eXAiOiJKV1QifQ.e30.token-canary"

// A dfnsCaller is a client of Dfns. It is written after the documentation, apart from the
// code that checks it.
type dfnsCaller struct {
	*Dfns
	t          testing.TB
	client     *http.Client
	credential string
	sign       func(data []byte) []byte
	appKey     *rsa.PrivateKey     // signs calls, when there is an Application
	change     func(*http.Request) // changes every call before it is signed
}

// newDfnsCaller starts a Dfns that knows one Ed25519 credential, and a caller who has it.
func newDfnsCaller(t testing.TB, opts DfnsOptions) *dfnsCaller {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	if opts.Credentials == nil {
		opts.Credentials = map[string]crypto.PublicKey{"cr-1": key.Public()}
	}
	opts.Token = dfnsToken
	d := NewDfns(t, opts)
	return &dfnsCaller{
		Dfns: d, t: t, client: d.Client(), credential: "cr-1",
		sign: func(data []byte) []byte { return ed25519.Sign(key, data) },
	}
}

// request makes a request that is in order but for the user action. Headers are names and
// values.
func (c *dfnsCaller) request(method, target, body string, headers ...string) *http.Request {
	c.t.Helper()
	request, err := http.NewRequest(method, c.URL()+target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header = http.Header{
		"Accept": {"application/json"}, "Accept-Encoding": {"identity"}, "User-Agent": {"caller"},
		"Authorization": {"Bearer " + dfnsToken},
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if app := c.opts.App; app != nil {
		request.Header.Set("X-DFNS-APPID", app.ID)
		request.Header.Set("X-DFNS-APPSECRET", app.Secret)
		request.Header.Set("X-DFNS-NONCE", newTestNonce(uuid.NewString(), c.opts.Now()))
	}
	if c.change != nil {
		c.change(request)
	}
	if c.appKey != nil && request.Header.Get("X-DFNS-APISIGNATURE") == "" {
		request.Header.Set("X-DFNS-APISIGNATURE", signAPI(c.t, c.appKey, request, body))
	}
	return request
}

func newTestNonce(id string, date time.Time) string {
	text := `{"uuid":"` + id + `","date":"` + date.UTC().Format("2006-01-02T15:04:05.000Z") + `"}`
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// signAPI signs a request for a server-signed Application.
func signAPI(t testing.TB, key *rsa.PrivateKey, r *http.Request, body string) string {
	t.Helper()
	values := []any{r.URL.Host, r.URL.Hostname(), base64.RawURLEncoding.EncodeToString([]byte(body)), strings.ToLower(r.Method), r.URL.RequestURI(), len(body)}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Type", "User-Agent",
		"X-DFNS-APPID", "X-DFNS-APPSECRET", "X-DFNS-NONCE", "X-DFNS-USERACTION",
	} {
		values = append(values, r.Header.Get(name))
	}
	payload := fmt.Sprintf(`{"h-accept":%[7]q,"h-accept-encoding":%[8]q,"h-authorization":%[9]q,"h-connection":%[10]q,`+
		`"h-content-length":"%[6]d","h-content-type":%[11]q,"h-host":%[1]q,"h-user-agent":%[12]q,`+
		`"h-x-dfns-appid":%[13]q,"h-x-dfns-appsecret":%[14]q,"h-x-dfns-nonce":%[15]q,"h-x-dfns-useraction":%[16]q,`+
		`"r-authority":%[2]q,"r-body":%[3]q,"r-method":%[4]q,"r-path":%[5]q,"r-scheme":"https"}`, values...)
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode([]byte(payload))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest(crypto.SHA256, input))
	if err != nil {
		t.Fatal(err)
	}
	return encode(signature)
}

// send sends a request and reads the answer.
func (c *dfnsCaller) send(request *http.Request) (callAnswer, error) {
	return sendTo(c.client, request)
}

// call makes a call, which must be answered.
func (c *dfnsCaller) call(method, target, body string, headers ...string) callAnswer {
	c.t.Helper()
	answer, err := c.send(c.request(method, target, body, headers...))
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// challengeFor asks for a challenge.
func (c *dfnsCaller) challengeFor(method, path, payload string) callAnswer {
	c.t.Helper()
	return c.call("POST", "/auth/action/init", initBody(method, path, payload))
}

func initBody(method, path, payload string) string {
	body, _ := json.Marshal(map[string]string{
		"userActionPayload": payload, "userActionHttpMethod": method, "userActionHttpPath": path, "userActionServerKind": "Api",
	})
	return string(body)
}

// answerTo is the body that answers a challenge.
func (c *dfnsCaller) answerTo(challenge callAnswer) string {
	clientData := fmt.Sprintf(`{"challenge":"%s","type":"key.get"}`, challenge.object["challenge"])
	return c.assertion(challenge, clientData, c.sign([]byte(clientData)))
}

func (c *dfnsCaller) assertion(challenge callAnswer, clientData string, signature []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"challengeIdentifier":"%s","firstFactor":{"kind":"Key","credentialAssertion":`+
		`{"credId":"%s","clientData":"%s","signature":"%s"}}}`,
		challenge.object["challengeIdentifier"], c.credential, encode([]byte(clientData)), encode(signature))
}

// userAction buys a user action.
func (c *dfnsCaller) userAction(method, path, payload string) string {
	c.t.Helper()
	answer := c.call("POST", "/auth/action", c.answerTo(c.challengeFor(method, path, payload)))
	token, _ := answer.object["userAction"].(string)
	if answer.StatusCode != 200 || token == "" {
		c.t.Fatalf("%d %s", answer.StatusCode, answer.text)
	}
	return token
}

// write does all that a write needs.
func (c *dfnsCaller) write(method, target, body string) callAnswer {
	c.t.Helper()
	path, _, _ := strings.Cut(target, "?")
	return c.call(method, target, body, "X-DFNS-USERACTION", c.userAction(method, path, body))
}

// wallet creates a wallet and returns its path.
func (c *dfnsCaller) wallet() string {
	c.t.Helper()
	answer := c.write("POST", "/wallets", `{"network":"EthereumSepolia"}`)
	id, _ := answer.object["id"].(string)
	if answer.StatusCode != 200 {
		c.t.Fatalf("%d %s", answer.StatusCode, answer.text)
	}
	return "/wallets/" + url.PathEscape(id)
}

// refusedWith checks that a call was refused, in Dfns' format, and recorded.
func (c *dfnsCaller) refusedWith(answer callAnswer, status int, reason string) {
	c.t.Helper()
	inner, _ := answer.object["error"].(map[string]any)
	message, _ := inner["message"].(string)
	if answer.StatusCode != status || !strings.Contains(message, reason) {
		c.t.Errorf("answered %d %s, want %d and %q", answer.StatusCode, answer.text, status, reason)
		return
	}
	if id, _ := inner["id"].(string); id == "" || inner["status"] != float64(status) || answer.Header.Get("Content-Type") != "application/json" {
		c.t.Errorf("the error is not in Dfns' format: %s", answer.text)
	}
	refusals := c.Refusals()
	if len(refusals) == 0 {
		c.t.Error("the refusal is not recorded")
		return
	}
	if last := refusals[len(refusals)-1]; last.Status != status || last.Reason != message || last.Request == nil {
		c.t.Errorf("recorded %+v", last)
	}
}
