package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/partnersign/partnersign/internal/paint"
	"github.com/partnersign/partnersign/signer/keyfile"
	"github.com/partnersign/partnersign/signer/keys"
)

// A keyUse is what a key is made for: an algorithm, or what a partner registers.
type keyUse struct {
	algorithm keys.Algorithm
	form      keyfile.Form
	register  string // what to do with the public half
	lines     string // of the partner's block; <key> is the file
	nothing   string // why there is none to make
}

// someSignature are for partners without a preset; what … stands for is in the
// partner's documentation.
const someSignature = "signature {\n\tkey <key>\n\tkey_id …\n\t…\n}"

// keyUses are the names that keygen takes, besides those of algorithms.
var keyUses = map[string]keyUse{
	"p-256":     {algorithm: keys.ECDSAP256SHA256},
	"p-384":     {algorithm: keys.ECDSAP384SHA384},
	"p-521":     {algorithm: keys.ECDSAP521SHA512},
	"rsa":       {algorithm: keys.RSAPSSSHA512},
	"secp256k1": {algorithm: keys.ECDSASecp256k1SHA256},
	"hmac":      {algorithm: keys.HMACSHA256},

	"dfns": {
		algorithm: keys.Ed25519,
		register:  "Create the service account at Dfns (Settings, Developers, Service Accounts, or POST /auth/service-accounts)\nwith the public key, all of it with its first and last line. Dfns answers with the token and the credential's id, cr-….",
		lines:     "token {file./etc/partnersign/dfns-token}\ncredential cr-… {\n\tkey <key>\n}",
	},
	"dfns-application": {
		algorithm: keys.RSAv15SHA256,
		register:  "Register the public key with the server-signed Application at Dfns. Organisations without Applications need none.",
		lines:     "app_id ap-…\napp_secret {env.DFNS_APP_SECRET}\napp_key <key>",
	},
	"offblocks": {
		algorithm: keys.ECDSAP384SHA384, form: keyfile.Base64,
		register: "Register the public key, which is the base64 of its PEM, at OffBlocks: in the dashboard or by PUT /v1/auth/signing,\nwhich answers with the key's id. It takes the place of the former key at once.",
		lines:    "api_key {env.OFFBLOCKS_API_KEY}\napi_secret {file./etc/partnersign/offblocks-api-secret}\nkey <key>\nkey_id {file./etc/partnersign/offblocks-key-id}",
	},
	"gocardless": {
		algorithm: keys.ECDSAP521SHA512,
		register:  "Register the public key at GoCardless: in the dashboard under Settings, Configurations, API Request Keys, which shows its id, RSK….",
	},
	"open-payments": {
		algorithm: keys.Ed25519, form: keyfile.JWK,
		register: "Register the public key with the provider of the wallet, who shows it at jwks.json below the wallet address and gives it an id.",
	},
	"web-bot-auth": {
		algorithm: keys.Ed25519, form: keyfile.JWKS,
		register: "Serve the JWK set at https://<your agent>/.well-known/http-message-signatures-directory,\nand register this URL with who verifies, for Cloudflare in its dashboard.",
		lines:    "signature {\n\tkey <key>\n\tkey_id {key.thumbprint}\n\t…\n}",
	},
	"upvest": {
		algorithm: keys.ECDSAP521SHA512,
		register:  "Give the public key to Upvest, which names it.",
	},
	"pawapay": {
		algorithm: keys.ECDSAP256SHA256,
		register:  "Register the public key at pawaPay, in the dashboard, under the id that you use as key_id.",
	},

	"ebay":    {nothing: "eBay makes the key itself: createSigningKey of its Key Management API answers with the private key and the JWE of X-Ebay-Signature-Key"},
	"dynamic": {nothing: "Dynamic registers no key: its API token is all that partner_proxy dynamic takes"},
	"proof":   {nothing: "Proof registers no key: its API key is all that partner_proxy proof takes"},
}

// keyUseOf finds a use by its name.
func keyUseOf(name string) (keyUse, error) {
	name = strings.ToLower(name)
	use, ok := keyUses[name]
	if use.nothing != "" {
		return use, errors.New(use.nothing)
	}
	if !ok {
		use.algorithm = keys.Algorithm(name)
	}
	if !slices.Contains(keyAlgorithms(), use.algorithm) {
		return use, fmt.Errorf("nothing is known by this name: expected an algorithm (%s; or %s) or a partner (%s)",
			words(keyAlgorithms()), words(keyUseNames(false)), words(keyUseNames(true)))
	}
	if use.form == "" {
		use.form = keyfile.PEM
	}
	if use.register == "" {
		use.register = "Register the public key with the partner."
	}
	if use.lines == "" {
		use.lines = someSignature
	}
	switch {
	case use.algorithm == keys.HMACSHA256:
		use.register = "Give the partner the same secret, on a way that nobody else reads."
	case use.algorithm == keys.ECDSASecp256k1SHA256:
		use.register, use.lines = keyUses["dfns"].register, keyUses["dfns"].lines
	case name == string(keys.RSAv15SHA256): // RSA keys sign with PSS unless told
		use.lines = strings.Replace(someSignature, "\tkey_id", "\talgorithm "+name+"\n\tkey_id", 1)
	}
	return use, nil
}

// ownKeyID are lines with an id that whoever makes the key chooses.
var ownKeyID = regexp.MustCompile(`(?m)^\tkey_id .*$`)

// withKeyID has the lines say an id that was given.
func (u keyUse) withKeyID(id string) keyUse {
	if id == "" {
		return u
	}
	if strings.ContainsAny(id, " \t\"`{}#\\") {
		id = `"` + strings.ReplaceAll(id, `"`, `\"`) + `"`
	}
	u.lines = ownKeyID.ReplaceAllStringFunc(u.lines, func(string) string { return "\tkey_id " + id })
	return u
}

func keyAlgorithms() []keys.Algorithm {
	return []keys.Algorithm{keys.Ed25519, keys.ECDSAP256SHA256, keys.ECDSAP384SHA384, keys.ECDSAP521SHA512,
		keys.RSAPSSSHA512, keys.RSAv15SHA256, keys.ECDSASecp256k1SHA256, keys.HMACSHA256}
}

// keyUseNames are those of partners that a key is made for, or the short ones of
// algorithms.
func keyUseNames(partners bool) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(keyUses)) {
		use := keyUses[name]
		if use.nothing == "" && (use.register != "") == partners {
			names = append(names, name)
		}
	}
	return names
}

func words[S ~string](list []S) string {
	text := make([]string, len(list))
	for i, s := range list {
		text[i] = string(s)
	}
	return strings.Join(text, ", ")
}

// advice says what to do with what was made. Of a file in the directory where
// people work, the block has the place where Caddy's files are.
func (u keyUse) advice(out, publicFile string, p paint.Paint) string {
	what, place := "private key", out
	if u.algorithm == keys.HMACSHA256 {
		what = "shared secret"
	}
	keep := "Let the user that Caddy runs as read the " + what + ", and nobody else."
	if !filepath.IsAbs(out) {
		place = "/etc/partnersign/" + filepath.Base(out)
		keep = "Put the " + what + " where the user that Caddy runs as can read it, and nobody else, such as " + place + "."
	}
	var b strings.Builder
	width := max(len(out), len(publicFile))
	fmt.Fprintf(&b, "%-*s  %s for %s, which only you can read\n", width, out, what, u.algorithm)
	if publicFile != "" {
		fmt.Fprintf(&b, "%-*s  public key, as it is registered\n", width, publicFile)
	}
	section := func(title, text string) { fmt.Fprintf(&b, "\n%s\n%s\n", p.Bold(title), text) }
	section("To keep", keep)
	section("To register", u.register)
	section("In the partner's block", strings.ReplaceAll(u.lines, "<key>", place))
	return b.String()
}
