package keyfile_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/internal/paint"
	"github.com/partnersign/partnersign/signer/keyfile"
	"github.com/partnersign/partnersign/signer/keys"
)

var now = time.Date(2026, 3, 8, 6, 2, 3, 0, time.UTC)

// The keys of RFC 9421, appendix B.1.
func testKey(t testing.TB, name string) string {
	t.Helper()
	return strings.TrimSpace(string(read(t, "../keys/testdata/test-key-"+name))) + "\n"
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func token(header, claims string) string {
	return segment(header) + "." + segment(claims) + "." + segment("a signature of whoever made it")
}

const ed25519JWK = `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"acme-2026"}`

// one is what the item says in short.
func one(i keyfile.Item) string {
	parts := []string{string(i.Kind), i.Type, i.Format, i.KeyID, i.Problem}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}

func TestRead(t *testing.T) {
	ed25519Key, rsaKey := testKey(t, "ed25519.key.pem"), testKey(t, "rsa.key.pem")
	encrypted := block("ENCRYPTED PRIVATE KEY", []byte("whatever"))
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nd2hhdGV2ZXI=\n-----END RSA PRIVATE KEY-----\n"
	decrypt := "the PEM key is encrypted: decrypt it with `openssl pkey -in KEY -out NEW` and protect the new file by its mode"
	privateJWKs := `{"keys":[` + ed25519JWK + `,{"kty":"oct","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQ","kid":"b"}]}`
	for name, test := range map[string]struct {
		content string
		want    []string
	}{
		"PKCS #8 Ed25519":    {ed25519Key, []string{"private key; Ed25519; PKCS #8"}},
		"PKCS #1":            {rsaKey, []string{"private key; RSA 2048 bits; PKCS #1"}},
		"PKCS #8 RSA-PSS":    {testKey(t, "rsa-pss.key.pem"), []string{"private key; RSA 2048 bits; PKCS #8"}},
		"SEC 1":              {testKey(t, "ecc-p256.key.pem"), []string{"private key; EC P-256; SEC 1"}},
		"SEC 1 secp256k1":    {testKey(t, "secp256k1.key.pem"), []string{"private key; EC secp256k1; SEC 1"}},
		"PKCS #8 secp256k1":  {testKey(t, "secp256k1.pkcs8.pem"), []string{"private key; EC secp256k1; PKCS #8"}},
		"SPKI":               {testKey(t, "ecc-p384.pub.pem"), []string{"public key; EC P-384; SPKI"}},
		"encrypted":          {encrypted, []string{"encrypted private key; PKCS #8; " + decrypt}},
		"encrypted as of 95": {legacy, []string{"encrypted private key; PKCS #1; " + decrypt}},
		"OpenSSH":            {block("OPENSSH PRIVATE KEY", []byte("x")), []string{"private key; OpenSSH; the key is in OpenSSH's own format: convert a copy of it with `ssh-keygen -p -m PKCS8 -f COPY`"}},
		"key and public key": {ed25519Key + testKey(t, "ed25519.pub.pem"), []string{"private key; Ed25519; PKCS #8", "public key; Ed25519; SPKI"}},
		"several keys":       {ed25519Key + rsaKey, []string{"private key; Ed25519; PKCS #8", "private key; RSA 2048 bits; PKCS #1; it is not the only private key in the file: leave the one to use"}},
		"damaged in between": {ed25519Key + "-----BEGIN PRIVATE KEY-----\n" + testKey(t, "ed25519.pub.pem"), []string{"private key; Ed25519; PKCS #8", "public key; Ed25519; SPKI", `damaged; the PEM is malformed: it must be copied as a whole, its line breaks must be real ones and not written out as \n`}},
		"damaged inside":     {block("PRIVATE KEY", []byte("x")), []string{"private key; PKCS #8; the private key is damaged: copy it again as a whole"}},
		"damaged public":     {block("PUBLIC KEY", []byte("x")), []string{"public key; SPKI; the public key is damaged or its kind is not supported"}},
		"damaged certificate": {block("CERTIFICATE", []byte("x")),
			[]string{"certificate; X.509; the certificate is damaged: copy it again as a whole"}},
		"request":         {block("CERTIFICATE REQUEST", []byte("x")), []string{"opaque; the PEM holds something else than a private key: use PKCS #8, PKCS #1 or SEC 1"}},
		"parameters":      {block("EC PARAMETERS", []byte("x")), []string{"nothing; there is no key in the PEM: add it"}},
		"empty":           {" \n", []string{"nothing; it is empty: write the key or the token into it"}},
		"DER":             {string(derOfPEM(t, ed25519Key)), []string{"opaque; this is binary, as DER and PKCS #12 are: convert a key in DER with `openssl pkey -inform DER -in FILE -out NEW`, PKCS #12 with `openssl pkcs12 -in FILE -nodes -out NEW`"}},
		"JWK":             {ed25519JWK, []string{"private key; Ed25519; JWK; acme-2026"}},
		"JWK, public":     {`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, []string{"public key; Ed25519; JWK"}},
		"JWK set":         {privateJWKs, []string{"private key; Ed25519; JWK; acme-2026", "shared secret; JWK; b"}},
		"JWK to encrypt":  {strings.Replace(ed25519JWK, `{`, `{"use":"enc",`, 1), []string{`private key; JWK; acme-2026; the JWK is not for signing: its "use" must be sig, its "key_ops" must have sign`}},
		"JWK, damaged":    {strings.Replace(ed25519JWK, "nWGx", "", 1), []string{"private key; JWK; acme-2026; the JWK is damaged or of a kind that is not supported: use OKP with Ed25519, EC with P-256, P-384 or P-521, RSA up to 4096 bits (longer ones as PEM), or oct"}},
		"secp256k1, no y": {`{"kty":"EC","crv":"secp256k1","x":"AQ"}`, []string{"public key; JWK; the public key is damaged or its kind is not supported"}},
		"no JWK":          {`{"token":"x"}`, []string{"opaque; it is JSON and no JWK: give the file of the key or of the token alone"}},
		"no JSON":         {`{"kty":`, []string{"damaged; it begins as JSON does and cannot be read: copy it again as a whole"}},
		"empty set":       {`{"keys":[]}`, []string{"nothing; there is no key in the JWK set: add one"}},
		"opaque":          {"dyn_0123456789\n", []string{"opaque"}},
		"opaque like DER": {"00" + strings.Repeat("7", 48), []string{"opaque"}},
		"space around":    {"dyn_0123456789 \n", []string{"opaque; there is a space or an empty line around it, which would be sent: remove it"}},
		"two lines":       {"pass word\nmore words!\n", []string{"opaque; the secret holds a line break: give it on one line"}},
		"base64 in lines": {"c2VjcmV0LXNl\nY3JldC1zZWNy\n", []string{"opaque"}},
		"JWT":             {token(`{"alg":"EdDSA","kid":"k"}`, `{"exp":1772949724}`), []string{"JWT; k"}},
		"JWT, expired":    {token(`{"alg":"EdDSA"}`, `{"exp":1772949723}`), []string{"JWT; it has expired: get a new one and put it in its place"}},
		"JWT, to come":    {token(`{"alg":"EdDSA"}`, `{"nbf":1772949724.5}`), []string{"JWT; it is not good yet: wait, or check this machine's clock"}},
		"JWT, damaged":    {segment(`{"alg":"EdDSA"}`) + ".e30x.x", []string{"JWT; its claims cannot be read: copy it again as a whole"}},
		"JWE":             {segment(`{"alg":"dir","enc":"A256GCM"}`) + "....", []string{"JWE"}},
		"no JWT":          {"a.b.c", []string{"opaque"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, i := range keyfile.Read([]byte(test.content), now) {
				got = append(got, one(i))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("read as\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

func derOfPEM(t *testing.T, text string) []byte {
	b, _ := pem.Decode([]byte(text))
	if _, err := x509.ParsePKCS8PrivateKey(b.Bytes); err != nil {
		t.Fatal(err)
	}
	return b.Bytes
}

// What can be used with what is what the server says.
func TestReadAlgorithms(t *testing.T) {
	for content, want := range map[string][]keys.Algorithm{
		testKey(t, "rsa.key.pem"):                              {keys.RSAPSSSHA512, keys.RSAv15SHA256},
		testKey(t, "rsa-pss.key.pem"):                          {keys.RSAPSSSHA512},
		strings.Replace(ed25519JWK, "{", `{"alg":"EdDSA",`, 1): {keys.Ed25519},
	} {
		if items := keyfile.Read([]byte(content), now); !slices.Equal(items[0].Algorithms, want) {
			t.Errorf("%v, want %v", items[0].Algorithms, want)
		}
	}
}

// A claim of a wrong type does not hide the others, and nothing that a terminal
// would obey is shown.
func TestClaims(t *testing.T) {
	items := keyfile.Read([]byte("Bearer "+token(`{"alg":"EdDSA","kid":7}`, `{"iss":"https://a.example","sub":"a\u001b[31mb","aud":["x","y"],"iat":1772949603,"exp":"soon","nbf":-1,"more":"canary"}`)), now)
	got := items[0].Text(now, paint.Paint(false))
	want := `  JWT
    signed with EdDSA
    issuer      https://a.example
    subject     "a\x1b[31mb"
    audience    x, y
    issued      2026-03-08T06:00:03Z, 2 minutes ago
    note        it begins with Bearer, which ` + "`bearer`" + ` puts there itself: leave the token alone, unless it is for ` + "`header`" + `
`
	if got != want {
		t.Errorf("shown as\n%s\nwant\n%s", got, want)
	}
	long := keyfile.Read([]byte(token(`{"alg":"EdDSA"}`, `{"sub":"`+strings.Repeat("é", 1000)+`"}`)), now)
	if n := len(long[0].Subject); n > 210 || !strings.HasSuffix(long[0].Subject, "é…") {
		t.Errorf("a subject of %d bytes is shown: %q", n, long[0].Subject)
	}
}
