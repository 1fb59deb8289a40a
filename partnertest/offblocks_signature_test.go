package partnertest

import (
	"crypto/ecdsa"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestOffBlocksRefusesSignatures: each departure from what is documented is refused.
func TestOffBlocksRefusesSignatures(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{MaxAge: 30 * time.Second})
	const body = `{"externalId":"e"}`
	for _, test := range []struct {
		name, method string
		change       func(d *draft)
		status       int
		want         string
	}{
		{"unchanged", "POST", func(*draft) {}, 201, ""},
		{"read", "GET", func(*draft) {}, 404, "not found"},
		{"any label", "POST", func(d *draft) { d.label = "other" }, 201, ""},
		{"all parameters", "POST", func(d *draft) { d.params += `;nonce="a";tag="b";expires=4102444800` }, 201, ""},
		{"no token", "POST", func(d *draft) { d.request.Header.Del("Authorization") }, 401, "0 Authorization fields"},
		{"two tokens", "POST", func(d *draft) { d.request.Header.Add("Authorization", "Bearer b") }, 401, "2 Authorization fields"},
		{"basic", "POST", func(d *draft) { d.request.Header.Set("Authorization", "Basic YTpi") }, 401, "does not begin with"},
		{"unknown token", "POST", func(d *draft) { d.request.Header.Set("Authorization", "Bearer a.b.c") }, 401, "not issued here"},
		{"unknown keyid", "POST", func(d *draft) { d.params = `;keyid="k"` }, 401, `no key is known by the keyid "k"`},
		{"no keyid", "POST", func(d *draft) { d.params = `` }, 401, "no keyid"},
		{"unknown parameter", "POST", func(d *draft) { d.params += `;foo="a"` }, 401, "the parameter foo is none of"},
		{"another alg", "POST", func(d *draft) {
			d.params = strings.Replace(d.params, "p384-sha384", "p256-sha256", 1)
		}, 401, `the parameter alg is "ecdsa-p256-sha256"`},
		{"old", "POST", func(d *draft) { d.created -= 40 }, 401, "may be no older than 30s"},
		{"of the future", "POST", func(d *draft) { d.created += 40 }, 401, "from now"},
		{"expired", "POST", func(d *draft) { d.params += ";expires=1" }, 401, "it expired"},
		{"no method", "GET", func(d *draft) { d.components = without(d.components, "@method") }, 401, `"@method" is not covered`},
		{"no target", "GET", func(d *draft) { d.components = without(d.components, "@target-uri") }, 401, `"@target-uri" is not covered`},
		{"no authorization", "GET", func(d *draft) { d.components = without(d.components, "authorization") }, 401, `"authorization" is not covered`},
		{"digest not covered", "POST", func(d *draft) { d.components = without(d.components, "content-digest") }, 401, `"content-digest" is not covered`},
		{"type not covered", "POST", func(d *draft) { d.components = without(d.components, "content-type") }, 401, `"content-type" is not covered`},
		{"key not covered", "POST", func(d *draft) { d.components = without(d.components, "idempotency-key") }, 401, `"idempotency-key" is not covered`},
		{"digest of another body", "POST", func(d *draft) {
			d.request.Header.Set("Content-Digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")
		}, 401, "is not that of the 18 bytes"},
		{"no digest", "POST", func(d *draft) {
			d.request.Header.Del("Content-Digest")
			d.components = without(d.components, "content-digest")
		}, 401, "has no Content-Digest"},
		{"comma in a covered value", "POST", func(d *draft) {
			d.request.Header.Set("X-List", "a,b")
			d.components = append(d.components, "x-list")
		}, 401, "x-list has a comma or two spaces"},
		{"spaces in a covered value", "POST", func(d *draft) {
			d.request.Header.Set("X-List", "a  b")
			d.components = append(d.components, "x-list")
		}, 401, "x-list has a comma or two spaces"},
		{"digest of a read", "GET", func(d *draft) {
			d.request.Header.Set("Content-Digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")
		}, 400, "Content-Digest is there"},
		{"key of a read", "GET", func(d *draft) { d.request.Header.Set("Idempotency-Key", uuid1) }, 400, "Idempotency-Key is there"},
		{"no key", "POST", func(d *draft) {
			d.request.Header.Del("Idempotency-Key")
			d.components = without(d.components, "idempotency-key")
		}, 400, "Idempotency-Key is []"},
		{"quoted key", "POST", func(d *draft) { d.request.Header.Set("Idempotency-Key", `"`+uuid1+`"`) }, 400, "one UUID in lower case"},
		{"wrong signature", "POST", func(d *draft) {
			d.alter = func(s []byte) []byte { s[5] ^= 1; return s }
		}, 401, "does not fit"},
		{"signature in DER", "POST", func(d *draft) { d.alter = derOf }, 401, "where r and s of the curve have 48 each"},
		{"no signature", "POST", nil, 401, "not signed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := ""
			if test.method == "POST" {
				text = body
			}
			d := c.draft(test.method, "/v1/customers", text)
			if test.method == "GET" {
				d = c.draft(test.method, "/v1/customers/none", "")
			}
			request := d.request
			if test.change != nil {
				test.change(d)
				request = c.sign(d)
			}
			before := c.Customers()
			answer := mustSend(t, c.client, request)
			if test.status == 201 {
				answeredWith(t, answer, 201)
				return
			}
			refusedWith(t, c.Refusals, answer, test.status, test.want)
			if c.Customers() != before {
				t.Error("it was carried out")
			}
		})
	}
}

func derOf(signature []byte) []byte {
	half := len(signature) / 2
	encode := func(number []byte) []byte {
		text := new(big.Int).SetBytes(number).Bytes()
		if text[0] >= 0x80 {
			text = append([]byte{0}, text...)
		}
		return append([]byte{2, byte(len(text))}, text...)
	}
	inner := append(encode(signature[:half]), encode(signature[half:])...)
	return append([]byte{0x30, byte(len(inner))}, inner...)
}

// TestOffBlocksMaxAge: by default a signature may be a minute old.
func TestOffBlocksMaxAge(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{})
	d := c.draft("GET", "/v1/customers/none", "")
	d.created -= 50
	refusedWith(t, c.Refusals, c.mustSend(c.sign(d)), 404, "not found")
	d.created -= 20
	refusedWith(t, c.Refusals, c.mustSend(c.sign(d)), 401, "may be no older than 1m0s")
}

// TestOffBlocksBothVerify: a refusal of a wrong signature names both verifiers.
func TestOffBlocksBothVerify(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{})
	c.pair = newPair(t, "ecdsa-p384-sha384") // another key under the known name
	answer := c.call("GET", "/v1/customers/none", "")
	refusedWith(t, c.Refusals, answer, 401, "does not fit the base and the key")
	refusedWith(t, c.Refusals, answer, 401, "httpsign refuses it")
}

// TestOffBlocksKeyCut: registering a key makes the one before it worthless.
func TestOffBlocksKeyCut(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{})
	old := c.draft("GET", "/v1/customers/none", "")
	next := newPair(t, "ecdsa-p384-sha384")
	id, err := c.RegisterKey(next.key.Public.(*ecdsa.PublicKey))
	if err != nil || id != c.KeyID() {
		t.Fatal(id, err)
	}
	refusedWith(t, c.Refusals, c.mustSend(c.sign(old)), 401, "no key is known")
	c.pair = next
	refusedWith(t, c.Refusals, c.call("GET", "/v1/customers/none", ""), 404, "not found")
	if slices.ContainsFunc(c.Refusals(), func(r Refusal) bool { return strings.Contains(r.Reason, c.token) }) {
		t.Error("a reason tells the token")
	}
}
