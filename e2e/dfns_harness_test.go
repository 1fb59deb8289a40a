package e2e

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

const (
	dfnsAppID     = "ap-2a9in-tt2a1-983lho480p35ejd0"
	dfnsAppSecret = "canary-app-secret-7d1e5f0a9b"

	// dfnsApplication are the preset's settings of a server-signed application.
	dfnsApplication = "app_id " + dfnsAppID + "\napp_secret {env.DFNS_APP_SECRET}\napp_key DIR/app.pem\n"
)

// A dfnsSetup is what a test of the preset varies.
type dfnsSetup struct {
	Dfns partnertest.DfnsOptions // of which the token and the credential cr-1 are filled in
	App  bool                    // calls come from a server-signed application
	Key  dfnsKey                 // of the credential; default: Ed25519

	Bare       bool   // neither token nor credential
	Credential string // lines of its block
	Lines      string // of partner_proxy
	Site       string // with BLOCK for partner_proxy; default: it alone
	Options    string // global
	Files      map[string]string
}

// A dfnsKey is a credential's key, as a file and as Dfns knows it.
type dfnsKey struct {
	File   string
	Public crypto.PublicKey
}

// A dfnsProxy is a Caddy in front of a demo Dfns. Its clients know nothing of
// signing.
type dfnsProxy struct {
	*process
	*partnertest.Dfns
	file caddyfile
}

func (s dfnsSetup) start(t testing.TB) dfnsProxy {
	t.Helper()
	credential := s.Key
	if credential.File == "" {
		key := keyOf(t, "ed25519")
		credential = dfnsKey{key.File, key.Partner.Public}
	}
	app, settings := keyOf(t, "rsa-v1_5-sha256"), ""
	if s.App {
		s.Dfns.App = &partnertest.DfnsApp{ID: dfnsAppID, Secret: dfnsAppSecret, PublicKey: app.Partner.Public.(*rsa.PublicKey)}
		settings = dfnsApplication
	}
	s.Dfns.Token = cmp.Or(s.Dfns.Token, dfnsToken(time.Now().Add(90*24*time.Hour)))
	if s.Dfns.Credentials == nil {
		s.Dfns.Credentials = map[string]crypto.PublicKey{"cr-1": credential.Public}
	}
	dfns := partnertest.NewDfns(t, s.Dfns)
	if !s.Bare {
		settings += "token {file.DIR/token}\ncredential cr-1 {\nkey DIR/credential.pem\n" + s.Credential + "\n}\n"
	}
	block := fmt.Sprintf("partner_proxy dfns %s {\n%s%s\ntransport http {\ntls_trust_pool file DIR/ca.pem\n}\n}\n", dfns.URL(), settings, s.Lines)
	file := caddyfile{
		Site:    strings.ReplaceAll(cmp.Or(s.Site, "BLOCK"), "BLOCK", block),
		Options: s.Options,
		Files:   map[string]string{"ca.pem": string(dfns.CA()), "credential.pem": credential.File, "app.pem": app.File, "token": s.Dfns.Token + "\n"},
		Env:     []string{"DFNS_APP_SECRET=" + dfnsAppSecret},
	}
	maps.Copy(file.Files, s.Files)
	return dfnsProxy{startCaddy(t, file), dfns, file}
}

// dfnsToken is a token that looks like those of Dfns: a JWT that expires.
func dfnsToken(expires time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"EdDSA","typ":"JWT"}`)) + "." + encode(fmt.Appendf(nil, `{"iss":"auth.dfns.example","exp":%d}`, expires.Unix())) + "." +
		encode([]byte("canary-signature-of-the-token-0123456789-0123456789-0123456789.."))
}

// ask sends a request as an application does, with a body unless it is empty.
func (p dfnsProxy) ask(method, target, body string, headers ...string) answer {
	p.process.t.Helper()
	if body == "" {
		return p.send(method, target, nil, headers...)
	}
	return p.send(method, target, strings.NewReader(body), append(headers, "Content-Type: application/json")...)
}

// wallet creates one and returns its path.
func (p dfnsProxy) wallet() string {
	p.process.t.Helper()
	res := p.ask("POST", "/wallets", `{"network":"EthereumSepolia"}`)
	res.ok(p.process.t)
	return fmt.Sprint("/wallets/", at(res.Text, "id"))
}

// transfer is the body of one.
func transfer(externalID string) string {
	if externalID != "" {
		externalID = fmt.Sprintf(`,"externalId":%q`, externalID)
	}
	return `{"kind":"Native","to":"0xb282dc7cde21717f18337a596e91ded00b79b25f","amount":"1000"` + externalID + `}`
}

// at walks into JSON.
func at(text string, path ...any) any {
	var value any
	_ = json.Unmarshal([]byte(text), &value)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if value = nil; step < len(list) {
				value = list[step]
			}
		}
	}
	return value
}

// calls are what Dfns was asked for since the last Reset, as METHOD /path.
func (p dfnsProxy) calls() (calls []string) {
	for _, r := range p.Requests() {
		calls = append(calls, r.Method+" "+r.Target)
	}
	return calls
}

// saw checks that Dfns was asked for exactly this since the last Reset.
func (p dfnsProxy) saw(t testing.TB, want ...string) {
	t.Helper()
	if got := p.calls(); !slices.Equal(got, want) {
		t.Errorf("Dfns saw %q, want %q", got, want)
	}
}

// signed are the calls of a write with its challenge.
func signed(write string) []string {
	return []string{"POST /auth/action/init", "POST /auth/action", write}
}

// unwritten checks that nothing was carried out, and that no write was sent.
func (p dfnsProxy) unwritten(t testing.TB) {
	t.Helper()
	for _, r := range p.Requests() {
		if r.Method != "GET" && !strings.HasPrefix(r.Target, "/auth/action") {
			t.Errorf("Dfns saw %s %s", r.Method, r.Target)
		}
	}
	if n := len(p.Writes()); n > 0 {
		t.Errorf("%d writes were carried out", n)
	}
}

// inOrder checks that Dfns has found nothing wrong with any call, and that each
// write has a user action of its own, and each call of an application a nonce.
func (p dfnsProxy) inOrder(t testing.TB) {
	t.Helper()
	for _, refusal := range p.Refusals() {
		t.Errorf("%s %s: %d %s", refusal.Request.Method, refusal.Request.Target, refusal.Status, refusal.Reason)
	}
	p.fresh(t)
}

// fresh is inOrder for a Dfns that has refused something.
func (p dfnsProxy) fresh(t testing.TB) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range p.Requests() {
		for _, name := range []string{"X-DFNS-USERACTION", "X-DFNS-NONCE", "X-DFNS-APISIGNATURE"} {
			value := r.Header.Get(name)
			if value != "" && seen[value] {
				t.Errorf("%s %s: %s was there before", r.Method, r.Target, name)
			}
			seen[value] = true
		}
	}
}
