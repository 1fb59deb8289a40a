package caddymodule_test

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
	"github.com/partnersign/partnersign/signer/config"
)

// The Ed25519 key of RFC 9421, appendix B.1, which several partners use.
const rfcEd25519 = "../signer/httpsig/testdata/test-key-ed25519.key.pem"

// Each block of docs/any-partner.md makes of a plain request the signed one that
// the partner publishes: digest, Signature-Input and signature, to the byte. The
// block is used as printed but for what is the user's own.
func TestAnyPartnerPublished(t *testing.T) {
	for name, test := range map[string]struct {
		section  string
		block    int      // which of the section
		own      []string // what is replaced, and by what
		key      string
		keeps    bool // the client's own Authorization
		examples []string
	}{
		"eBay": {
			section: "eBay", key: rfcEd25519, keeps: true, examples: []string{"ebay"},
			own: []string{"https://apiz.ebay.com", "http://localhost:8080"},
		},
		"eBay RSA": {
			section: "eBay", key: "testdata/anypartner/ebay-rsa.pem", keeps: true, examples: []string{"ebay-rsa"},
			own: []string{"https://apiz.ebay.com", "http://localhost:8080", "parameters created\n", "parameters created\nalgorithm rsa-v1_5-sha256\n"},
		},
		"Open Payments": {
			section: "Open Payments", key: rfcEd25519, keeps: true, examples: []string{"open-payments"},
			own: []string{
				"https://wallet.example.com", "https://example.com", "3724c845-829d-425a-9a0d-194d6f12c336", "eddsa_key_1",
				"content_digest sha-512\n", "content_digest sha-256 {\nkey_name sha-512\n}\n", // the page's mistake
			},
		},
		"Web Bot Auth": {
			section: "Web Bot Auth", key: rfcEd25519, examples: []string{"web-bot-auth"},
			own: []string{"https://www.example.com", "https://example.com", "https://agent.example.com", "https://signature-agent.test", "signature {", "signature sig2 {", "expires=60s", "expires=1h"},
		},
		"Web Bot Auth, dictionary": {
			section: "Web Bot Auth", block: 1, key: rfcEd25519, examples: []string{"web-bot-auth-key"},
			own: []string{"https://www.example.com", "https://example.com", "https://agent.example.com", "https://signature-agent.test", "signature {", "signature sig2 {", "expires=60s", "expires=876000h"},
		},
		"GoCardless": {
			section: "GoCardless", key: "testdata/anypartner/gocardless.pem", examples: []string{"gocardless", "gocardless-empty"},
			own: []string{"https://api.gocardless.com", "https://api.example.com", "RSK00123456789300123456789300", "PublicKeyId"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, example := range test.examples {
				published := readPublished(t, example)
				b := block(t, test.section, test.block).with(t, test.own...)
				b.secret(t, test.key)
				b.file(t, "ebay-jwe", published.Header.Get("X-Ebay-Signature-Key"))
				sent := published.sendThrough(t, b)
				for header, want := range published.Header {
					got := sent.Header.Values(header)
					if header == "Gc-Signature-Input" { // its nonce is a word
						got = []string{regexp.MustCompile(`nonce="[^"]{24}"`).ReplaceAllString(got[0], `nonce="nonce"`)}
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s: %q\npublished: %q", header, got, want)
					}
				}
				if kept := sent.Header.Get("Authorization") == published.authorization(); kept != test.keeps {
					t.Errorf("the client's Authorization is kept: %v, want %v", kept, test.keeps)
				}
			}
		})
	}
}

// GoCardless' signatures are never the same twice: ours is verified over the base
// that its libraries build, in DER, with the public half of their key.
func TestAnyPartnerGoCardless(t *testing.T) {
	for example, fields := range map[string]string{
		"gocardless-empty": "",
		"gocardless": `"content-digest": sha256=:auinVVUgn9bEQVfArtgBbnY/9DWhnPGG92hjFAFD/3I=:
"content-type": application/json
"content-length": 12
`,
	} {
		b := block(t, "GoCardless", 0).with(t, "https://api.gocardless.com", "https://api.example.com", "RSK00123456789300123456789300", "PublicKeyId")
		b.secret(t, "testdata/anypartner/gocardless.pem")
		sent := readPublished(t, example).sendThrough(t, b)
		base := `"@method": GET
"@authority": api.example.com
"@request-target": /test
` + fields + `"@signature-params": ` + strings.TrimPrefix(sent.Header.Get("Gc-Signature-Input"), "sig-1=")
		public := readPrivate(t, "testdata/anypartner/gocardless.pem").Public().(*ecdsa.PublicKey)
		digest := sha512.Sum512([]byte(base))
		if !ecdsa.VerifyASN1(public, digest[:], signatureOf(t, sent.Header.Get("Gc-Signature"), "sig-1")) {
			t.Errorf("%s: the signature does not verify over\n%s", example, base)
		}
	}

	b := block(t, "GoCardless", 0)
	b.secret(t, "testdata/anypartner/gocardless.pem")
	seen := judge(t, b, "https://api.gocardless.com", partnertest.Require{
		Keys:            map[string]partnertest.Key{"RSK00123456789300123456789300": {Public: readPrivate(t, "testdata/anypartner/gocardless.pem").Public(), DER: true}},
		SignatureHeader: "Gc-Signature", InputHeader: "Gc-Signature-Input", Label: "sig-1", RefuseReplays: true,
		Bearer: "value-of-GOCARDLESS_ACCESS_TOKEN-and-enough-bytes-for-hmac", IdempotencyKey: partnertest.RawUUID, ContentDigest: "sha256",
	}, "/outbound_payments", `{"outbound_payments": {}}`)
	if got := seen.Header.Get("GoCardless-Version"); got != "2015-07-06" {
		t.Errorf("GoCardless-Version: %s", got)
	}
}

// The block for Open Payments as it is printed: the digest is what its name says,
// here the sample of RFC 9530, and the rest is as published.
func TestAnyPartnerOpenPayments(t *testing.T) {
	const digest = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
	b := block(t, "Open Payments", 0).with(t, "https://wallet.example.com", "https://example.com", "3724c845-829d-425a-9a0d-194d6f12c336", "eddsa_key_1")
	b.secret(t, rfcEd25519)
	published := readPublished(t, "open-payments")
	sent := published.sendThrough(t, b)
	if got := sent.Header.Get("Content-Digest"); got != digest {
		t.Errorf("Content-Digest: %s", got)
	}
	input := published.Header.Get("Signature-Input")
	if got := sent.Header.Get("Signature-Input"); got != input {
		t.Errorf("Signature-Input: %s\npublished: %s", got, input)
	}
	base := `"content-type": application/json
"content-digest": ` + digest + `
"content-length": 18
"authorization": GNAP 123454321
"@method": POST
"@target-uri": https://example.com/
"@signature-params": ` + strings.TrimPrefix(input, "sig1=")
	public := readPrivate(t, rfcEd25519).Public().(ed25519.PublicKey)
	if !ed25519.Verify(public, []byte(base), signatureOf(t, sent.Header.Get("Signature"), "sig1")) {
		t.Errorf("the signature does not verify over\n%s", base)
	}
}

// Upvest prints the lines of a base, for this request; the order of the parameters
// is that of its own proxy.
func TestAnyPartnerUpvest(t *testing.T) {
	want, err := os.ReadFile("testdata/anypartner/upvest.base")
	if err != nil {
		t.Fatal(err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("UPVEST_CLIENT_ID", "5ec16164-6173-461d-b90d-116d68f55b40")
	t.Setenv("UPVEST_KEY_ID", "upvest")
	b := block(t, "Upvest", 0)
	b.file(t, "upvest.pem", pemOf(t, private))
	require := partnertest.Require{
		Keys:       map[string]partnertest.Key{"upvest": {Public: private.Public(), DER: true}},
		Parameters: []string{"keyid", "created", "nonce", "expires"}, ContentDigest: "sha-512", RefuseReplays: true,
	}
	seen := judge(t, b, "https://sandbox.upvest.co", require, "/endpoint?a=b", `{"key": "value"}`, "Authorization: Bearer access-token", "Idempotency-Key: 2133825797664cad")
	if base, _, _ := strings.Cut(seen.Verdict.Signatures[0].Base, `"@signature-params"`); base != string(want) {
		t.Errorf("base:\n%s\npublished:\n%s", base, want)
	}
	if got := seen.Header.Get("Upvest-Signature-Version"); got != "15" {
		t.Errorf("Upvest-Signature-Version: %s", got)
	}
	if got := seen.Header.Get("Signature-Input"); !regexp.MustCompile(`^sig1=\([^)]*\);keyid="upvest";created=\d+;nonce="[^"]+";expires=\d+$`).MatchString(got) {
		t.Errorf("Signature-Input: %s", got)
	}
	require.IdempotencyKey = partnertest.RawUUID
	judge(t, b, "https://sandbox.upvest.co", require, "/endpoint", `{"key": "value"}`)
}

// pawaPay publishes a pair of keys, and which fields its example covers.
func TestAnyPartnerPawaPay(t *testing.T) {
	b := block(t, "pawaPay", 0)
	b.secret(t, "testdata/anypartner/pawapay.pem")
	data, err := os.ReadFile("testdata/anypartner/pawapay.pub.pem")
	if err != nil {
		t.Fatal(err)
	}
	der, _ := pem.Decode(data)
	public, err := x509.ParsePKIXPublicKey(der.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	seen := judge(t, b, "https://api.sandbox.pawapay.io", partnertest.Require{
		Keys:  map[string]partnertest.Key{"CUSTOMER_TEST_KEY_ID": {Public: public, DER: true}},
		Label: "sig-pp", Parameters: []string{"alg", "created", "expires", "keyid"}, ContentDigest: "sha-512",
		Bearer: "value-of-PAWAPAY_TOKEN-and-enough-bytes-for-hmac",
	}, "/deposits", `{"amount": "15"}`)
	want := `^sig-pp=\("@method" "@authority" "@path" "signature-date" "content-digest" "content-type" "content-length"\);created=\d+;keyid="CUSTOMER_TEST_KEY_ID";alg="ecdsa-p256-sha256";expires=\d+$`
	if got := seen.Header.Get("Signature-Input"); !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("Signature-Input: %s, want %s", got, want)
	}
	if got := seen.Header.Get("Signature-Date"); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`).MatchString(got) {
		t.Errorf("Signature-Date: %s", got)
	}
}

// Every block of the page is in a test above.
func TestAnyPartnerBlocks(t *testing.T) {
	page := readPage(t)
	if got := strings.Count(page, "```caddyfile\n"); got != 7 {
		t.Errorf("the page has %d blocks: test each, and count them here", got)
	}
}

// A docsBlock is a Caddyfile of the page, and a directory in place of its
// /run/secrets.
type docsBlock struct{ text, dir string }

func readPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/any-partner.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// block is a block of a section of the page, counted from 0.
func block(t *testing.T, section string, n int) docsBlock {
	t.Helper()
	_, text, found := strings.Cut(readPage(t), "\n## "+section+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	blocks := regexp.MustCompile("(?s)```caddyfile\n(.*?)```").FindAllStringSubmatch(text, -1)
	if !found || len(blocks) <= n {
		t.Fatalf("the page has no block %d about %s", n, section)
	}
	return docsBlock{blocks[n][1], t.TempDir()}
}

// with replaces what stands in the block once.
func (b docsBlock) with(t *testing.T, oldnew ...string) docsBlock {
	t.Helper()
	for pair := range slices.Chunk(oldnew, 2) {
		if strings.Count(b.text, pair[0]) != 1 {
			t.Fatalf("%q is not once in\n%s", pair[0], b.text)
		}
		b.text = strings.Replace(b.text, pair[0], pair[1], 1)
	}
	return b
}

func (b docsBlock) file(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// secret puts a key where the block has its own.
func (b docsBlock) secret(t *testing.T, path string) {
	t.Helper()
	key, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`(?m)^\t+key /run/secrets/(\S+)$`).FindStringSubmatch(b.text)
	if name == nil {
		t.Fatalf("there is no key in\n%s", b.text)
	}
	b.file(t, name[1], string(key))
}

// transport is what Caddy makes of the block, over base instead of Caddy's own
// connections.
func (b docsBlock) transport(t *testing.T, rt config.Runtime, base http.RoundTripper) http.RoundTripper {
	t.Helper()
	for _, name := range regexp.MustCompile(`\{env\.(\w+)\}`).FindAllStringSubmatch(b.text, -1) {
		if os.Getenv(name[1]) == "" {
			setEnv(t, name[0])
		}
	}
	adapted, err := adapt(t, site(strings.ReplaceAll(b.text, "/run/secrets/", b.dir+"/")))
	if err != nil {
		t.Fatal(err)
	}
	var parsed any
	if err := json.Unmarshal(adapted, &parsed); err != nil {
		t.Fatal(err)
	}
	proxies := handlers(parsed, "reverse_proxy")
	if len(proxies) != 1 {
		t.Fatalf("%d proxies in %s", len(proxies), adapted)
	}
	transport, err := json.Marshal(proxies[0]["transport"])
	if err != nil {
		t.Fatal(err)
	}
	var c config.Config
	if err := json.Unmarshal(transport, &c); err != nil {
		t.Fatal(err)
	}
	partner, err := config.Build(c, rt)
	if err != nil {
		t.Fatal(err)
	}
	return partner.Transport(base)
}

// A published is a signed request as a partner prints it.
type published struct {
	*http.Request
	body string
}

func readPublished(t *testing.T, name string) published {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "anypartner", name+".http"))
	if err != nil {
		t.Fatal(err)
	}
	head, body, found := strings.Cut(string(text), "\n\n")
	if !found {
		t.Fatalf("%s has no empty line", name)
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body)))
	if err != nil {
		t.Fatal(err)
	}
	return published{r, body}
}

// authorization is the client's own.
func (p published) authorization() string {
	return cmp.Or(p.Header.Get("Authorization"), "Bearer of-the-client")
}

// sendThrough sends the request, as it was before it was signed and at the same
// time, through the block, and returns what would have gone to the partner.
func (p published) sendThrough(t *testing.T, b docsBlock) *http.Request {
	t.Helper()
	input := p.Header.Get("Signature-Input") + p.Header.Get("Gc-Signature-Input")
	created, err := strconv.ParseInt(regexp.MustCompile(`;created=(\d+)`).FindStringSubmatch(input)[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	rt := config.Runtime{Now: func() time.Time { return time.Unix(created, 0) }}
	if nonce := regexp.MustCompile(`;nonce="([^"]{12,})"`).FindStringSubmatch(input); nonce != nil {
		random, err := base64.StdEncoding.DecodeString(nonce[1])
		if err != nil {
			t.Fatal(err)
		}
		rt.Rand = bytes.NewReader(random)
	}
	var sent *http.Request
	transport := b.transport(t, rt, roundTripper(func(r *http.Request) (*http.Response, error) {
		body := []byte{}
		if r.Body != nil {
			if body, err = io.ReadAll(r.Body); err != nil {
				return nil, err
			}
		}
		if string(body) != p.body {
			t.Errorf("the body is %q, published %q", body, p.body)
		}
		sent = r
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}))
	plain, err := http.NewRequestWithContext(t.Context(), p.Method, "http://localhost"+p.RequestURI, strings.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	plain.Header.Set("Authorization", p.authorization())
	if p.Header.Get("Content-Type") != "" {
		plain.Header.Set("Content-Type", p.Header.Get("Content-Type"))
	}
	res, err := transport.RoundTrip(plain)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if sent == nil {
		answer, _ := io.ReadAll(res.Body)
		t.Fatalf("answered %s by ourselves: %s", res.Status, answer)
	}
	if sent.Host != p.Host {
		t.Errorf("Host: %s, published %s", sent.Host, p.Host)
	}
	return sent
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// judge sends a POST through the block to a partner that requires this, and
// returns it as the partner saw it.
func judge(t *testing.T, b docsBlock, upstream string, require partnertest.Require, target, body string, headers ...string) *partnertest.Request {
	t.Helper()
	partner := partnertest.New(t, partnertest.Options{Require: require})
	transport := b.with(t, upstream, partner.URL()).transport(t, config.Runtime{}, partner.Client().Transport)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	seen := partner.Last()
	if seen == nil || !seen.Verdict.OK || len(seen.Verdict.Signatures) != 1 {
		answer, _ := io.ReadAll(res.Body)
		t.Fatalf("refused: %s", answer)
	}
	return seen
}

// signatureOf is the signature of that label.
func signatureOf(t *testing.T, header, label string) []byte {
	t.Helper()
	text, found := strings.CutPrefix(header, label+"=:")
	signature, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(text, ":"))
	if !found || err != nil {
		t.Fatalf("%q is no signature of the label %s: %v", header, label, err)
	}
	return signature
}

func readPrivate(t *testing.T, path string) crypto.Signer {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := pem.Decode(data)
	if key, err := x509.ParseECPrivateKey(der.Bytes); err == nil {
		return key
	}
	key, err := x509.ParsePKCS8PrivateKey(der.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Signer)
}

func pemOf(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
