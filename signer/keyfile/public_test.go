package keyfile_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/partnersign/partnersign/signer/keyfile"
	"github.com/partnersign/partnersign/signer/keys"
)

// derOf writes r and s, side by side, as ECDSA-Sig-Value.
func derOf(t *testing.T, signature []byte) []byte {
	t.Helper()
	half := len(signature) / 2
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// members are what RFC 7518, 8037 and 8812 say of a public key, in the order that
// RFC 7638 hashes them in.
func members(public any) (names []string, values map[string]string) {
	b64 := base64.RawURLEncoding.EncodeToString
	switch public := public.(type) {
	case ed25519.PublicKey:
		return []string{"crv", "kty", "x"}, map[string]string{"crv": "Ed25519", "kty": "OKP", "x": b64(public)}
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			return nil, nil
		}
		x, y := point[1:len(point)/2+1], point[len(point)/2+1:]
		return []string{"crv", "kty", "x", "y"}, map[string]string{"crv": public.Curve.Params().Name, "kty": "EC",
			"x": b64(x), "y": b64(y)}
	case *secp256k1.PublicKey:
		x, y := make([]byte, 32), make([]byte, 32)
		return []string{"crv", "kty", "x", "y"}, map[string]string{"crv": "secp256k1", "kty": "EC",
			"x": b64(public.X().FillBytes(x)), "y": b64(public.Y().FillBytes(y))}
	case *rsa.PublicKey:
		return []string{"e", "kty", "n"}, map[string]string{"e": b64(big.NewInt(int64(public.E)).Bytes()), "kty": "RSA", "n": b64(public.N.Bytes())}
	}
	return nil, nil
}

// JWK, JWK set and thumbprint hold the values that the RFCs say, computed anew.
func TestJWKAndThumbprint(t *testing.T) {
	for _, a := range algorithms {
		if a == keys.HMACSHA256 {
			continue
		}
		t.Run(string(a), func(t *testing.T) {
			pair, _ := generate(t, a)
			names, want := members(pair.Public)
			var parts []string
			for _, name := range names {
				parts = append(parts, `"`+name+`":"`+want[name]+`"`)
			}
			sum := sha256.Sum256([]byte("{" + strings.Join(parts, ",") + "}"))
			thumbprint := base64.RawURLEncoding.EncodeToString(sum[:])
			if got := form(t, pair, keyfile.Thumbprint, ""); got != thumbprint+"\n" {
				t.Errorf("the thumbprint is %q, want %q", got, thumbprint)
			}
			var one, named map[string]string
			var set struct{ Keys []map[string]string }
			parse(t, form(t, pair, keyfile.JWK, ""), &one)
			parse(t, form(t, pair, keyfile.JWK, "acme-2026"), &named)
			parse(t, form(t, pair, keyfile.JWKS, ""), &set)
			if len(set.Keys) != 1 {
				t.Fatalf("%d keys in the set", len(set.Keys))
			}
			want["use"] = "sig"
			for kid, key := range map[string]map[string]string{thumbprint: one, "acme-2026": named} {
				if want["kid"] = kid; !holds(key, want) {
					t.Errorf("the JWK is %v, want %v", key, want)
				}
			}
			if want["kid"] = thumbprint; !holds(set.Keys[0], want) {
				t.Errorf("the set holds %v, want %v", set.Keys[0], want)
			}
			for _, f := range []keyfile.Form{keyfile.PEM, keyfile.JWK, keyfile.JWKS} {
				items := keyfile.Read([]byte(form(t, pair, f, "")), time.Now())
				if len(items) != 1 || items[0].Kind != keyfile.PublicKey || items[0].Thumbprint != thumbprint || items[0].Problem != "" {
					t.Errorf("%s is read as %+v", f, items)
				}
			}
		})
	}
}

// holds reports whether the JWK has these members, and none besides but alg.
func holds(got, want map[string]string) bool {
	for name, value := range got {
		if name != "alg" && want[name] != value {
			return false
		}
	}
	_, alg := got["alg"]
	return len(got) == len(want) || alg && len(got) == len(want)+1
}

func parse(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// The thumbprints of RFC 7638, section 3.1, and RFC 8037, appendix A.3.
func TestPublishedThumbprints(t *testing.T) {
	for text, want := range map[string]string{
		`{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
	} {
		if items := keyfile.Read([]byte(text), time.Now()); len(items) != 1 || items[0].Thumbprint != want {
			t.Errorf("%+v, want %s", items, want)
		}
	}
}

func TestWritePublicRefuses(t *testing.T) {
	pair, _ := generate(t, keys.Ed25519)
	if _, err := keyfile.WritePublic(pair.Public, "der", ""); err == nil || !strings.Contains(err.Error(), "pem, base64, jwk, jwks, thumbprint") {
		t.Error(err)
	}
	if _, err := keyfile.WritePublic(nil, keyfile.PEM, ""); err == nil || !strings.Contains(err.Error(), "no public half") {
		t.Error(err)
	}
	for _, f := range keyfile.Forms() {
		if _, err := keyfile.WritePublic("no key", f, ""); err == nil {
			t.Errorf("%s of no key", f)
		}
	}
}
