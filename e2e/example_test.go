package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// An examplePartner is a partner of the example, as it is played here.
type examplePartner struct {
	name               string
	partner            *partnertest.Partner
	upstream           string // as the example has it
	env                []string
	files              map[string]string // that the example has in /run/secrets
	method, path, body string
}

// The example runs once the environment and the files that it names are there,
// and each of its partners gets what it accepts.
func TestExampleCaddyfile(t *testing.T) {
	text, err := os.ReadFile("../caddy.Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	options, site, ok := strings.Cut(string(text), "http://localhost:8080, http://127.0.0.1:8080 {\n\tbind 127.0.0.1\n")
	if !ok {
		t.Fatal("the example has another site address than this test expects")
	}
	_, options, _ = strings.Cut(options, "{\n")
	options = strings.Replace(options, "admin off", "", 1) // the test asks it
	partners := []examplePartner{exampleDfns(t), exampleOffBlocks(t), exampleDynamic(t), exampleProof(t), exampleAcme(t)}
	if blocks := regexp.MustCompile(`(?m)^\t\tpartner_proxy .*$`).FindAllString(site, -1); len(blocks) != len(partners) {
		t.Errorf("this test knows %d partners, the example has %q", len(partners), blocks)
	}
	files := map[string]string{}
	var env []string
	for _, p := range partners {
		files[p.name+"-ca.pem"] = string(p.partner.CA())
		for name, content := range p.files {
			files[name] = content
		}
		env = append(env, p.env...)
		at := "partner_proxy " + p.upstream + " {"
		if !strings.Contains(site, at) {
			t.Fatalf("the example has no %q", at)
		}
		site = strings.Replace(site, at, "partner_proxy "+p.played()+" {\n\t\t\ttransport http {\n\t\t\t\ttls_trust_pool file DIR/"+p.name+"-ca.pem\n\t\t\t}", 1)
	}
	site = strings.ReplaceAll(site, "/run/secrets/", "DIR/")
	caddy := startCaddy(t, caddyfile{
		Options: strings.TrimSuffix(strings.TrimSpace(options), "}"),
		Site:    strings.TrimSuffix(strings.TrimSpace(site), "}"),
		Files:   files, Env: env,
	})
	for _, p := range partners {
		res := caddy.send(p.method, "/"+p.name+p.path, strings.NewReader(p.body), "Content-Type: application/json")
		if seen := p.partner.Last(); res.StatusCode/100 != 2 || seen == nil || !seen.Verdict.OK || seen.Target != p.path {
			t.Errorf("%s: %d %s", p.name, res.StatusCode, res.Text)
		}
	}
	if res := caddy.send("GET", "/other", nil); res.StatusCode != 404 {
		t.Errorf("another path: %d", res.StatusCode)
	}
}

// played is the upstream that stands for the real one.
func (p *examplePartner) played() string {
	if preset, _, _ := strings.Cut(p.upstream, " "); !strings.Contains(preset, "/") {
		return preset + " " + p.partner.URL()
	}
	return p.partner.URL()
}

func exampleAcme(t *testing.T) examplePartner {
	key := keyOf(t, "ed25519")
	return examplePartner{
		name: "acme", upstream: "https://api.acme.example",
		partner: partnertest.New(t, partnertest.Options{Require: partnertest.Require{
			Bearer: "token", Keys: map[string]partnertest.Key{"acme-2026": key.Partner}, ContentDigest: "sha-256", IdempotencyKey: partnertest.RawUUID,
		}}),
		env: []string{"ACME_TOKEN=token"}, files: map[string]string{"acme-ed25519.pem": key.File},
		method: "POST", path: "/v1/payments", body: "{}",
	}
}

func exampleDfns(t *testing.T) examplePartner {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	app := keyOf(t, "rsa-v1_5-sha256")
	dfns := partnertest.NewDfns(t, partnertest.DfnsOptions{
		Token:       "token",
		Credentials: map[string]crypto.PublicKey{"cr-6uunn-bm6ja-f6rmod5kqrk5rbel": public},
		App:         &partnertest.DfnsApp{ID: "ap-2a9in-tt2a1-983lho480p35ejd0", Secret: "secret", PublicKey: app.Partner.Public.(*rsa.PublicKey), RequireNonce: true},
	})
	return examplePartner{
		name: "dfns", upstream: "dfns", partner: dfns.Partner,
		env:    []string{"DFNS_APP_SECRET=secret"},
		files:  map[string]string{"dfns-token": "token\n", "dfns-credential.pem": pemOf(t, private), "dfns-app.pem": app.File},
		method: "POST", path: "/wallets", body: `{"network":"Ethereum"}`,
	}
}

func exampleOffBlocks(t *testing.T) examplePartner {
	key := keyOf(t, "ecdsa-p384-sha384")
	offblocks := partnertest.NewOffBlocks(t, partnertest.OffBlocksOptions{APIKey: "key", APISecret: "secret", Key: key.Partner.Public.(*ecdsa.PublicKey)})
	return examplePartner{
		name: "offblocks", upstream: "offblocks", partner: offblocks.Partner,
		env:    []string{"OFFBLOCKS_API_KEY=key", "OFFBLOCKS_API_SECRET=secret", "OFFBLOCKS_KEY_ID=" + offblocks.KeyID()},
		files:  map[string]string{"offblocks-p384.pem": key.File},
		method: "POST", path: "/v1/customers", body: `{"walletAddress":"0x71C7656EC7ab88b098defB751B7401B5f6d8976F","chain":"ethereum"}`,
	}
}

func exampleDynamic(t *testing.T) examplePartner {
	dynamic := partnertest.NewDynamic(t, partnertest.DynamicOptions{Tokens: []string{"dyn_token"}})
	return examplePartner{
		name: "dynamic", upstream: "dynamic", partner: dynamic.Partner,
		env:    []string{"DYNAMIC_API_TOKEN=dyn_token", "PARTNERSIGN_STORE_KEY=" + base64.StdEncoding.EncodeToString(randomBytes(t, 32))},
		method: "POST", path: "/api/v0/server/2762a57b-faa4-41ce-9f16-abff9300e2c9/flow/payment", body: `{"amount":"25.00","currency":"USD"}`,
	}
}

func exampleProof(t *testing.T) examplePartner {
	proof := partnertest.NewProof(t, partnertest.ProofOptions{Tokens: []string{"token"}, Origins: []string{"https://app.example.com"}})
	return examplePartner{
		name: "proof", upstream: "proof https://proof.example", partner: proof.Partner,
		env:    []string{"PROOF_CLIENT_TOKEN=token"},
		method: "POST", path: "/widget/session", body: `{"merchant_transaction_id":"tx-1"}`,
	}
}

func randomBytes(t testing.TB, n int) []byte {
	t.Helper()
	data := make([]byte, n)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	return data
}

// pemOf is a private key as a file.
func pemOf(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
