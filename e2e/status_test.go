package e2e

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A statusAnswer is what the tests read of /partnersign/status.
type statusAnswer struct {
	Ready    bool
	Loaded   time.Time
	Partners []struct {
		Name, Upstream string
		Ready          bool
		Missing, Steps []string
		Keys           []struct {
			Use, Reference, Key_id, Algorithm, Thumbprint, Problem string
			Since                                                  time.Time
		}
		Tokens []struct {
			Source, Last, Problem string
			Expires, At           time.Time
		}
		Last_answer struct{ Status int }
		Clock_skew  struct{ Offset, Uncertainty float64 }
		Problems    []struct {
			Type  string
			Count int
		}
	}
	Store struct {
		Kind       string
		Entries    int
		Last_error struct{ Type string }
	}
}

func (p *process) status() (s statusAnswer) {
	p.t.Helper()
	text := p.admin("/partnersign/status")
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		p.t.Fatal(err)
	}
	if strings.Contains(text, "canary") {
		p.t.Errorf("the status has a secret: %s", text)
	}
	return s
}

// thumbprint is RFC 7638's, written down here once more.
func thumbprint(key signingKey) string {
	x := base64.RawURLEncoding.EncodeToString(key.Partner.Public.(ed25519.PublicKey))
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// The status tells of keys, tokens, answers, clocks and problems as they are, and follows
// what changes; it is ready when /readyz is, and the command leaves with that.
func TestStatus(t *testing.T) {
	key := keyOf(t, "ed25519")
	other, err := makeKey("ed25519")
	if err != nil {
		t.Fatal(err)
	}
	var failing atomic.Bool
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if failing.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, `{"access_token":"canary-token","token_type":"bearer","expires_in":3600}`)
	}))
	t.Cleanup(tokens.Close)
	clock := newPartnerClock(time.Minute)
	partner := partnertest.New(t, partnertest.Options{Now: clock.now, Answer: func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		w.WriteHeader(http.StatusTeapot)
		return true
	}})
	file := caddyfile{
		Site: "handle_path /acme/* {\n" + block(partner, "name acme\nallow * /ok/**\nbearer oauth2 "+tokens.URL+"/token?canary=1 {\nclient_id {env.STATUS_ID}\nclient_secret {env.STATUS_SECRET}\n}\n"+
			"header X-Secret {file.DIR/header}\ncontent_digest\nsignature {\nkey DIR/key.pem\nkey_id acme-2026\n}\n") + "}\n" +
			"handle_path /gone/* {\npartner_proxy https://" + deadAddress(t) + " {\nname gone\nbearer {env.STATUS_JWT}\n}\n}\n",
		Files: map[string]string{"ca.pem": string(partner.CA()), "key.pem": key.File, "header": "canary-header"},
		Env:   []string{"STATUS_ID=canary-id", "STATUS_SECRET=canary-secret", "STATUS_JWT=" + jwtUntil(time.Unix(4000000000, 0))},
	}
	p := startCaddy(t, file)
	command := func(status int, want ...string) {
		t.Helper()
		got, stdout, stderr := p.command("status", "--config", p.path("Caddyfile"))
		if got != status || stderr != "" || strings.Contains(stdout, "canary") {
			t.Errorf("status %d %s\n%s", got, stderr, stdout)
		}
		for _, text := range want {
			if !strings.Contains(stdout, text) {
				t.Errorf("there is no %q in\n%s", text, stdout)
			}
		}
	}

	first := p.status()
	acme, gone := first.Partners[0], first.Partners[1]
	k := acme.Keys[0]
	if !first.Ready || acme.Name != "acme" || acme.Upstream != partner.URL() || fmt.Sprint(acme.Steps) != "[bearer header content_digest signature sig1]" ||
		k.Use != "signature sig1" || k.Reference != p.path("key.pem") || k.Key_id != "acme-2026" || k.Algorithm != "ed25519" || k.Thumbprint != thumbprint(key) ||
		acme.Tokens[0].Source != tokens.URL+"/token" || acme.Tokens[0].Last != "" || acme.Last_answer.Status != 0 {
		t.Errorf("%+v", first)
	}
	if gone.Tokens[0].Source != "{env.STATUS_JWT}" || gone.Tokens[0].Expires.Unix() != 4000000000 || first.Store.Kind != "memory" {
		t.Errorf("%+v", gone)
	}
	if since := time.Since(k.Since); since < 0 || since > time.Minute || first.Loaded.IsZero() {
		t.Errorf("the key is in use since %v", k.Since)
	}
	command(0, "none asked for yet", "           read ")

	p.send("POST", "/acme/ok/x", strings.NewReader("x"))
	for range 2 {
		p.send("GET", "/acme/elsewhere", nil)
	}
	p.send("GET", "/gone/x", nil)
	second := p.status()
	acme, gone = second.Partners[0], second.Partners[1]
	if left := time.Until(acme.Tokens[0].Expires); acme.Tokens[0].Last != "refreshed" || left < 50*time.Minute || left > time.Hour || time.Since(acme.Tokens[0].At) > time.Minute {
		t.Errorf("the token: %+v", acme.Tokens)
	}
	if acme.Last_answer.Status != http.StatusTeapot || acme.Clock_skew.Offset < 50 || acme.Clock_skew.Offset > 70 || len(acme.Problems) != 1 || acme.Problems[0].Type != "not-allowed" || acme.Problems[0].Count != 2 {
		t.Errorf("%+v", acme)
	}
	if len(gone.Problems) != 1 || gone.Problems[0].Type != "partner-unreachable" || gone.Last_answer.Status != 0 {
		t.Errorf("%+v", gone)
	}
	command(0, "           expires in 5", "m, refreshed ", "not-allowed, 2 times, last", "418")

	failing.Store(true)
	replaceFile(t, p.path("key.pem"), other.File)
	waitFor(t, "the new key", func() bool { return p.status().Partners[0].Keys[0].Thumbprint == thumbprint(other) })
	if now := p.status().Partners[0].Keys[0]; !now.Since.After(k.Since) || now.Problem != "" {
		t.Errorf("the new key: %+v", now)
	}
	replaceFile(t, p.path("key.pem"), keyOf(t, "ecdsa-p256-sha256").File)
	waitFor(t, "the key that does not fit", func() bool { return p.status().Partners[0].Keys[0].Problem != "" })
	if now := p.status().Partners[0].Keys[0]; now.Thumbprint != thumbprint(other) || !strings.Contains(now.Problem, "does not suit") {
		t.Errorf("the key that does not fit: %+v", now)
	}
	if err := os.Remove(p.path("header")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "what is missing", func() bool { return !p.status().Ready })
	if s := p.status(); s.Partners[0].Ready || !s.Partners[1].Ready || len(s.Partners[0].Missing) != 1 {
		t.Errorf("%+v", s)
	}
	command(1, "not ready", "missing  header X-Secret: {file."+p.path("header")+"}")

	// A new configuration begins anew, but for tokens, which outlive it; the former is gone.
	replaceFile(t, p.path("header"), "canary-header")
	replaceFile(t, p.path("key.pem"), key.File)
	file.Site = strings.Replace(file.Site, "name gone", "name found", 1)
	if err := p.reload(file); err != nil {
		t.Fatal(err)
	}
	third := p.status()
	if len(third.Partners) != 2 || third.Partners[1].Name != "found" || len(third.Partners[0].Problems) != 0 || third.Partners[0].Tokens[0].Last != "refreshed" || !third.Loaded.After(first.Loaded) {
		t.Errorf("after a reload: %+v", third)
	}
}

// A source that gives no token shows, and so does the store that fails.
func TestStatusOfFailures(t *testing.T) {
	tokens := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(tokens.Close)
	partner := partnertest.New(t, partnertest.Options{Answer: func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"token":"canary-captured"}`)
		return true
	}})
	p := startCaddy(t, caddyfile{
		Site: "handle_path /tokenless/* {\n" + block(partner, "bearer token_endpoint "+tokens.URL+"/token {\njson a {env.STATUS_SECRET}\n}\n") + "}\n" +
			block(partner, "name capture\ncapture POST /mint/:id {\nid :id\ntoken /token\nsend X-Token * /use/:id\n}\n"),
		Options: "storage file_system DIR/store\npartnersign {\npersist {\nkey {env.STATUS_STORE}\n}\n}",
		Files:   map[string]string{"ca.pem": string(partner.CA())},
		Env:     []string{"STATUS_SECRET=canary", "STATUS_STORE=" + base64.StdEncoding.EncodeToString([]byte(randomText(t, 32)))},
	})
	p.send("POST", "/tokenless/x", nil)
	p.send("POST", "/mint/1", nil)
	s := p.status()
	if token := s.Partners[0].Tokens[0]; token.Last != "failed" || token.Problem != "credential-unavailable" || !token.Expires.IsZero() ||
		s.Partners[0].Problems[0].Type != "credential-unavailable" {
		t.Errorf("%+v", s)
	}
	if s.Store.Kind != "storage" || s.Store.Entries != 1 || s.Store.Last_error.Type != "" || !s.Ready {
		t.Errorf("%+v", s)
	}
	// Below a file nothing can be stored.
	if err := os.RemoveAll(p.path("store")); err != nil {
		t.Fatal(err)
	}
	replaceFile(t, p.path("store"), "")
	p.send("POST", "/mint/2", nil)
	if s := p.status(); s.Store.Last_error.Type != "store_failed" {
		t.Errorf("%+v", s)
	}
	if status, stdout, _ := p.command("status", "--config", p.path("Caddyfile")); !strings.Contains(stdout, "store_failed, ") || strings.Contains(stdout, "canary") {
		t.Errorf("status %d %s", status, stdout)
	}
}

// The route only reads, and is there without any partner.
func TestStatusRoute(t *testing.T) {
	p := startCaddy(t, caddyfile{Site: "respond hello"})
	client := unixClient(t, p.path("admin.sock"))
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "GET"} {
		req, err := http.NewRequest(method, "http://127.0.0.1/partnersign/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		want := http.StatusMethodNotAllowed
		if method == "HEAD" || method == "GET" {
			want = http.StatusOK
		} else if res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow: %s", method, res.Header.Get("Allow"))
		}
		if res.StatusCode != want {
			t.Errorf("%s: %s", method, res.Status)
		}
	}
	if s := p.status(); !s.Ready || len(s.Partners) != 0 {
		t.Errorf("%+v", s)
	}
	status, stdout, stderr := p.command("status", "--address", "unix/"+p.path("admin.sock"))
	if status != 0 || !strings.HasPrefix(stdout, "0 partners") || stderr != "" {
		t.Errorf("status %d %s %s", status, stdout, stderr)
	}
}

// jwtUntil is a JWT that ends at a time and is signed by nobody.
func jwtUntil(end time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256"}`)) + "." + encode(fmt.Appendf(nil, `{"sub":"canary","exp":%d}`, end.Unix())) + "." + encode([]byte("canary"))
}

func replaceFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
