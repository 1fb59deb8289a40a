package config_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
	"github.com/partnersign/partnersign/signer/config"
)

// What real partners ask for beyond the RFC, each from generic settings and
// verified by a partner that asks for it. There is no Caddy here: this is what
// users of the library have.
func TestRealPartners(t *testing.T) {
	type wanted map[string]string // header names and patterns
	for name, test := range map[string]struct {
		curve   elliptic.Curve // nil: Ed25519
		config  config.Config
		require partnertest.Require
		der     bool
		method  string
		wanted  wanted
	}{
		"GoCardless": {
			curve: elliptic.P521(),
			config: config.Config{
				ContentDigest: &config.ContentDigest{KeyName: "sha256"},
				Signatures: []config.Signature{{
					KeyID: "gc", ECDSAEncoding: "der", HeaderNames: []string{"Gc-Signature", "Gc-Signature-Input"},
					Components: []string{"@method", "@authority", "@request-target", "content-digest?", "content-type?", "content-length?"},
					Parameters: []string{"keyid", "created", "nonce"},
				}},
			},
			der:     true,
			require: partnertest.Require{ContentDigest: "sha256", SignatureHeader: "Gc-Signature", InputHeader: "Gc-Signature-Input"},
			wanted:  wanted{"Gc-Signature-Input": `^sig1=\(.*\);keyid="gc";created=\d+;nonce=".+"$`, "Content-Digest": `^sha256=:`},
		},
		"Upvest": {
			curve: elliptic.P521(),
			config: config.Config{
				Headers:    []config.Header{{Name: "Upvest-Signature-Version", Value: "15"}},
				Signatures: []config.Signature{{KeyID: "upvest", Components: []string{"@method", "@path", "@query", "upvest-signature-version", "content-length?"}}},
			},
			wanted: wanted{"Upvest-Signature-Version": "^15$"},
		},
		"eBay": {
			config: config.Config{
				ContentDigest: &config.ContentDigest{},
				Headers:       []config.Header{{Name: "X-Ebay-Signature-Key", Value: "eyJ6aXAiOiJERUYi.jwe"}},
				Signatures: []config.Signature{{
					Components: []string{"content-digest?", "x-ebay-signature-key", "@method", "@path", "@authority"}, Parameters: []string{"created"},
				}},
			},
			wanted: wanted{"Signature-Input": `^sig1=\("content-digest" "x-ebay-signature-key" "@method" "@path" "@authority"\);created=\d+$`},
		},
		"Open Payments": {
			config: config.Config{
				ContentDigest: &config.ContentDigest{Algorithms: []string{"sha-512"}},
				Signatures: []config.Signature{{
					KeyID: "op", Components: []string{"@method", "@target-uri", "authorization?", "content-digest?", "content-length?", "content-type?"}, Parameters: []string{"created", "keyid"},
				}},
			},
			wanted: wanted{"Signature": "^sig1=:"},
		},
		"pawaPay": {
			curve: elliptic.P256(),
			config: config.Config{
				ContentDigest: &config.ContentDigest{Algorithms: []string{"sha-512"}},
				Headers:       []config.Header{{Name: "Signature-Date", Value: "{time.now.rfc3339}"}},
				Signatures: []config.Signature{{
					Label: "sig-pp", KeyID: "pp", ECDSAEncoding: "der",
					Components: []string{"@method", "@authority", "@path", "signature-date", "content-digest?", "content-type?"},
					Parameters: []string{"alg", "keyid", "created", "expires=60s"},
				}},
			},
			der:    true,
			wanted: wanted{"Signature": "^sig-pp=:", "Signature-Date": `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, "Signature-Input": `;alg="ecdsa-p256-sha256";keyid="pp";created=\d+;expires=\d+$`},
		},
		"Griffin": {
			config: config.Config{
				ContentDigest: &config.ContentDigest{EmptyBody: true},
				Headers:       []config.Header{{Name: "Date", Value: "{time.now.http}"}},
				Signatures:    []config.Signature{{KeyID: "griffin", Components: []string{"@method", "@path", "@query", "date", "content-digest"}}},
			},
			method:  "GET",
			require: partnertest.Require{EmptyDigest: true, ContentDigest: "sha-256"},
			wanted:  wanted{"Content-Digest": "^sha-256=:47DEQpj8", "Date": " GMT$"},
		},
		"UCP": {
			config: config.Config{Signatures: []config.Signature{{KeyID: "ucp", Components: []string{"@method"}, Parameters: []string{"created", "keyid"}}}},
			wanted: wanted{"Signature-Input": `^sig1=\("@method"\);created=\d+;keyid="ucp"$`},
		},
		"Cloudflare Web Bot Auth": {
			config: config.Config{
				Headers: []config.Header{{Name: "Signature-Agent", Value: `agent2="https://signature-agent.test"`}},
				Signatures: []config.Signature{{
					KeyID: "{key.thumbprint}", Components: []string{"@authority", "signature-agent;key=agent2"},
					Parameters: []string{"created", "keyid", "alg", "expires=1h", "nonce=64", "tag=web-bot-auth"},
				}},
			},
			wanted: wanted{"Signature-Input": `^sig1=\("@authority" "signature-agent";key="agent2"\);created=\d+;keyid="[\w-]{43}";alg="ed25519";expires=\d+;nonce="[\w+/]{86}==";tag="web-bot-auth"$`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			private := newKey(t, test.curve)
			test.require.DefaultKey = &partnertest.Key{Public: private.Public(), DER: test.der}
			if id := test.config.Signatures[0].KeyID; id != "" && id[0] != '{' {
				test.require.Keys = map[string]partnertest.Key{id: *test.require.DefaultKey}
			}
			partner := partnertest.New(t, partnertest.Options{Require: test.require})
			test.config.Upstream = partner.URL()
			test.config.Signatures[0].Key = writeKey(t, private)
			if name == "Cloudflare Web Bot Auth" {
				test.require.Keys = map[string]partnertest.Key{thumbprint(t, test.config): *test.require.DefaultKey}
				if err := partner.SetRequire(test.require); err != nil {
					t.Fatal(err)
				}
			}
			method, body := "POST", `{"amount":1}`
			if test.method != "" {
				method, body = test.method, ""
			}
			send(t, test.config, partner, method, body)
			seen := partner.Last()
			if !seen.Verdict.OK {
				t.Error(seen.Verdict.Problems)
			}
			for header, pattern := range test.wanted {
				if value := seen.Header.Get(header); !regexp.MustCompile(pattern).MatchString(value) {
					t.Errorf("%s: %s, want %s", header, value, pattern)
				}
			}
		})
	}
}

// AdCP writes the signature in base64url without padding.
func TestBase64URL(t *testing.T) {
	private := newKey(t, nil)
	partner := partnertest.New(t, partnertest.Options{})
	send(t, config.Config{
		Upstream:   partner.URL(),
		Signatures: []config.Signature{{Key: writeKey(t, private), KeyID: "adcp", Components: []string{"@method"}, ByteEncoding: "base64url"}},
	}, partner, "POST", "{}")
	if signature := partner.Last().Header.Get("Signature"); !regexp.MustCompile(`^sig1=:[\w-]{86}:$`).MatchString(signature) {
		t.Errorf("Signature: %s", signature)
	}
}

// send sends one request through the partner's own client.
func send(t *testing.T, c config.Config, partner *partnertest.Partner, method, body string) {
	t.Helper()
	p, err := config.Build(c, config.Runtime{})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: p.Transport(partner.Client().Transport)}
	req, err := http.NewRequest(method, partner.URL()+"/v1/things?page=1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}

// thumbprint is the key id that a configuration with {key.thumbprint} sends.
func thumbprint(t *testing.T, c config.Config) string {
	t.Helper()
	partner := partnertest.New(t, partnertest.Options{})
	c.Upstream = partner.URL()
	send(t, c, partner, "GET", "")
	match := regexp.MustCompile(`keyid="([^"]+)"`).FindStringSubmatch(partner.Last().Header.Get("Signature-Input"))
	if match == nil {
		t.Fatal("no keyid")
	}
	return match[1]
}

func newKey(t *testing.T, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	if curve == nil {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return private
	}
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func writeKey(t *testing.T, private crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
