package dfns

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// An apiPayloadOf is what a server computes of the request that it got.
type apiPayloadOf struct {
	Accept         string `json:"h-accept"`
	AcceptEncoding string `json:"h-accept-encoding"`
	Authorization  string `json:"h-authorization"`
	Connection     string `json:"h-connection"`
	ContentLength  string `json:"h-content-length"`
	ContentType    string `json:"h-content-type"`
	Host           string `json:"h-host"`
	UserAgent      string `json:"h-user-agent"`
	AppID          string `json:"h-x-dfns-appid"`
	AppSecret      string `json:"h-x-dfns-appsecret"`
	Nonce          string `json:"h-x-dfns-nonce"`
	UserAction     string `json:"h-x-dfns-useraction"`
	Authority      string `json:"r-authority"`
	Body           string `json:"r-body"`
	Method         string `json:"r-method"`
	Path           string `json:"r-path"`
	Scheme         string `json:"r-scheme"`
}

// verifyAPISignature recomputes what was signed, with encoding/json.
func verifyAPISignature(req *http.Request, body []byte) error {
	h := req.Header
	host, _, _ := strings.Cut(req.Host, ":")
	var payload bytes.Buffer
	encoder := json.NewEncoder(&payload)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(apiPayloadOf{
		h.Get("Accept"), h.Get("Accept-Encoding"), h.Get("Authorization"), h.Get("Connection"), fmt.Sprint(req.ContentLength),
		h.Get("Content-Type"), req.Host, h.Get("User-Agent"),
		h.Get("X-DFNS-APPID"), h.Get("X-DFNS-APPSECRET"), h.Get("X-DFNS-NONCE"), h.Get("X-DFNS-USERACTION"),
		host, base64.RawURLEncoding.EncodeToString(body), strings.ToLower(req.Method), req.RequestURI, "http",
	})
	protected := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`))
	signed := base64.RawURLEncoding.EncodeToString(bytes.TrimSuffix(payload.Bytes(), []byte("\n")))
	digest := sha256.Sum256([]byte(protected + "." + signed))
	signature, err := base64.RawURLEncoding.DecodeString(h.Get("X-DFNS-APISIGNATURE"))
	if err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(&rsaKey().PublicKey, crypto.SHA256, digest[:], signature)
}

// What a server gets over a real connection is signed as it arrives, its two
// calls before it included, and every one has a nonce of its own.
func TestThroughPartner(t *testing.T) {
	dfns := newFakeDfns(seedKey.Public())
	var mu sync.Mutex
	nonces := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body := must(io.ReadAll(req.Body))
		mu.Lock()
		defer mu.Unlock()
		nonce := req.Header.Get("X-DFNS-NONCE")
		if err := verifyAPISignature(req, body); err != nil || nonce == "" || nonces[nonce] || req.Header.Get("Authorization") != "Bearer opaque" {
			t.Errorf("%s %s: %v, with %v", req.Method, req.RequestURI, err, req.Header)
		}
		nonces[nonce] = true
		if strings.HasPrefix(req.URL.Path, "/auth/action") {
			res := must(dfns.call(req.Context(), nil, req.Method, req.URL.Path, body))
			w.WriteHeader(res.StatusCode)
			_, _ = io.Copy(w, res.Body)
			return
		}
		userAction := req.Header.Get("X-DFNS-USERACTION")
		q, ok := dfns.granted[userAction]
		delete(dfns.granted, userAction)
		path, _, _ := strings.Cut(req.RequestURI, "?")
		if signed := req.Method != "GET"; signed != ok || signed && (*q.Payload != string(body) || q.Method != req.Method || q.Path != path) {
			t.Errorf("%s %s is authorised by %+v", req.Method, req.RequestURI, q)
		}
	}))
	defer server.Close()

	base := &http.Transport{DisableCompression: true}
	defer base.CloseIdleConnections()
	upstream := must(signer.ParseUpstream(server.URL))
	steps := []signer.Step{
		&token.Bearers{Tokens: []token.Bearer{{Token: token.NewJWT(token.JWTOptions{Token: fixed("opaque")})}}},
		&App{ID: fixed("ap-1"), Secret: fixed("app-secret")},
		must(NewAPISignature(newKey(rsaKey(), keys.RSAv15SHA256))),
	}
	calls := must(signer.New(signer.Options{Upstream: upstream, Steps: steps})).Transport(base)
	steps = append(steps, newUserAction(t, UserActionOptions{
		Call: func(ctx context.Context, _ *signer.Request, method, path string, body []byte) (*http.Response, error) {
			req := must(http.NewRequestWithContext(ctx, method, server.URL+path, bytes.NewReader(body)))
			req.Header.Set("Content-Type", "application/json")
			return calls.RoundTrip(req)
		},
	}))
	client := &http.Client{Transport: must(signer.New(signer.Options{Upstream: upstream, Steps: steps})).Transport(base)}
	for _, test := range []struct{ method, target, body string }{
		{"POST", "/wallets", "{\"name\": \"<é>\u2028\"}"},
		{"POST", "/wallets/wa%2D1/transfers?a=1&b=%20", strings.Repeat("x", 100_000)},
		{"PUT", "/webhooks/wh-1", ""},
		{"DELETE", "/webhooks/wh-1", ""},
		{"GET", "/wallets?limit=1", ""},
	} {
		req := must(http.NewRequest(test.method, server.URL+test.target, strings.NewReader(test.body)))
		req.Header.Set("X-DFNS-USERACTION", "forged")
		req.Header.Set("X_Dfns_AppSecret", "forged")
		req.Header.Add("Accept", "application/json")
		req.Header.Add("Accept", "text/plain")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("%s %s: status %d", test.method, test.target, res.StatusCode)
		}
	}
	if want := 4*3 + 1; len(nonces) != want {
		t.Errorf("%d requests arrived, want %d", len(nonces), want)
	}
}
