package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/partnersign/partnersign/signer/keys"
)

// jwk writes key as a JWK with more members, given as name and value in turn.
func jwk(key any, members ...string) string {
	text := string(must(jose.JSONWebKey{Key: key}.MarshalJSON()))
	for i := 0; i < len(members); i += 2 {
		text = strings.TrimSuffix(text, "}") + `,"` + members[i] + `":` + members[i+1] + "}"
	}
	return text
}

func jwkSet(members ...string) string { return `{"keys":[` + strings.Join(members, ",") + `]}` }

func TestJWK(t *testing.T) {
	secret := []byte("secret")
	tests := []struct {
		name, content string
		options       keys.KeyOptions
		public        crypto.PublicKey
		algorithm     keys.Algorithm
		kid           string
	}{
		{"OKP", jwk(edKey, "kid", `"a"`), keys.KeyOptions{}, edKey.Public(), keys.Ed25519, "a"},
		{"OKP, EdDSA", jwk(edKey, "alg", `"EdDSA"`), keys.KeyOptions{}, edKey.Public(), keys.Ed25519, ""},
		{"OKP, Ed25519", jwk(edKey, "alg", `"Ed25519"`), keys.KeyOptions{}, edKey.Public(), keys.Ed25519, ""},
		{"EC P-256", jwk(p256Key), keys.KeyOptions{}, p256Key.Public(), keys.ECDSAP256SHA256, ""},
		{"EC P-384", jwk(p384Key, "alg", `"ES384"`), keys.KeyOptions{}, p384Key.Public(), keys.ECDSAP384SHA384, ""},
		{"EC P-521", jwk(p521Key, "alg", `"ES512"`), keys.KeyOptions{Algorithm: keys.ECDSAP521SHA512}, p521Key.Public(), keys.ECDSAP521SHA512, ""},
		{"RSA", jwk(rsaKey), keys.KeyOptions{}, rsaKey.Public(), keys.RSAPSSSHA512, ""},
		{"RSA, RS256", jwk(rsaKey, "alg", `"RS256"`), keys.KeyOptions{}, rsaKey.Public(), keys.RSAv15SHA256, ""},
		{"RSA, PS512", jwk(rsaKey, "alg", `"PS512"`), keys.KeyOptions{}, rsaKey.Public(), keys.RSAPSSSHA512, ""},
		{"oct", jwk(secret, "kid", `"s"`), keys.KeyOptions{}, nil, keys.HMACSHA256, "s"},
		{"oct, HS256", jwk(secret, "alg", `"HS256"`), keys.KeyOptions{Algorithm: keys.HMACSHA256}, nil, keys.HMACSHA256, ""},
		{"for signing", jwk(edKey, "use", `"sig"`, "key_ops", `["sign","verify"]`), keys.KeyOptions{}, edKey.Public(), keys.Ed25519, ""},
		{"one key has any id", jwk(edKey, "kid", `"a"`), keys.KeyOptions{KeyID: "b"}, edKey.Public(), keys.Ed25519, "a"},

		{"set of one", jwkSet(jwk(edKey, "kid", `"a"`)), keys.KeyOptions{}, edKey.Public(), keys.Ed25519, "a"},
		{"set, by id", jwkSet(jwk(p256Key, "kid", `"a"`), jwk(edKey, "kid", `"b"`)), keys.KeyOptions{KeyID: "b"}, edKey.Public(), keys.Ed25519, "b"},
		{"set, by algorithm", jwkSet(jwk(p256Key, "kid", `"a"`), jwk(edKey)), keys.KeyOptions{Algorithm: keys.ECDSAP256SHA256}, p256Key.Public(), keys.ECDSAP256SHA256, "a"},
		{"set with others that cannot sign", jwkSet(jwk(p256Key.Public()), jwk(rsaKey, "use", `"enc"`), `{"kty":"new"}`, jwk(edKey)), keys.KeyOptions{}, edKey.Public(), keys.Ed25519, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := loadKey(t, tt.content, tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if key.Algorithm() != tt.algorithm || key.JWKKeyID() != tt.kid {
				t.Errorf("algorithm %s and kid %q, want %s and %q", key.Algorithm(), key.JWKKeyID(), tt.algorithm, tt.kid)
			}
			sig := must(key.Sign(nil, []byte("message"), time.Now(), keys.Raw))
			if tt.public == nil {
				want := must(must(keys.NewHMACKey(secret)).Sign(nil, []byte("message"), time.Now(), keys.Raw))
				if string(sig) != string(want) {
					t.Error("this is another secret")
				}
			} else if !verify(tt.public, tt.algorithm, []byte("message"), sig, keys.Raw) {
				t.Error("the signature does not verify")
			}
		})
	}
}

func TestJWKErrors(t *testing.T) {
	other := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	const (
		invalid   = "not valid JSON or has a member of another type"
		damaged   = "the JWK is damaged or of a kind that is not supported"
		algorithm = "it may be left out, or one of EdDSA, Ed25519, ES256, ES384, ES512, PS512, RS256, HS256"
		none      = "holds no private key that can be used to sign"
	)
	tests := []struct {
		name, content string
		options       keys.KeyOptions
		want          string
	}{
		{"no JSON", "{kty}", keys.KeyOptions{}, invalid},
		{"data behind", jwk(edKey) + "{}", keys.KeyOptions{}, invalid},
		{"deeply nested", `{"keys":` + strings.Repeat("[", 1<<19), keys.KeyOptions{}, invalid},
		{"kid is a number", `{"kty":"oct","k":"AAAA","kid":1}`, keys.KeyOptions{}, invalid},
		{"keys is no list", `{"keys":{}}`, keys.KeyOptions{}, invalid},
		{"no members", "{}", keys.KeyOptions{}, damaged},
		{"other kind", `{"kty":"OKP","crv":"X25519","x":"AAAA","d":"AAAA"}`, keys.KeyOptions{}, damaged},
		{"other curve", `{"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA","d":"AAAA"}`, keys.KeyOptions{}, damaged},
		{"point not on the curve", with(jwk(p256Key), "x", `"`+strings.Repeat("A", 43)+`"`), keys.KeyOptions{}, damaged},
		{"halves of two keys", with(jwk(p256Key), "d", member(jwk(other), "d")), keys.KeyOptions{}, "public key is not the one of its private key"},
		{"EC number zero", with(jwk(p256Key), "d", `"`+strings.Repeat("A", 43)+`"`), keys.KeyOptions{}, damaged},
		{"RSA of two keys", with(jwk(rsaKey), "d", `"AAAA"`), keys.KeyOptions{}, damaged},
		{"short RSA", jwk(weak), keys.KeyOptions{}, "shorter than 2048 bits"},
		{"empty secret", `{"kty":"oct","k":""}`, keys.KeyOptions{}, "there is nothing in it"},
		{"public EC", jwk(p256Key.Public()), keys.KeyOptions{}, "public key"},
		{"public RSA", jwk(rsaKey.Public()), keys.KeyOptions{}, "public key"},
		{"public OKP", jwk(edKey.Public()), keys.KeyOptions{}, "public key"},
		{"for encryption", jwk(rsaKey, "use", `"enc"`), keys.KeyOptions{}, "not for signing"},
		{"for verifying", jwk(edKey, "key_ops", `["verify"]`), keys.KeyOptions{}, "not for signing"},
		{"unknown alg", jwk(rsaKey, "alg", `"PS256"`), keys.KeyOptions{}, algorithm},
		{"alg of another key", jwk(p256Key, "alg", `"ES384"`), keys.KeyOptions{}, `"alg" does not suit its key`},
		{"alg against the configuration", jwk(rsaKey, "alg", `"RS256"`), keys.KeyOptions{Algorithm: keys.RSAPSSSHA512}, "it can be used with rsa-v1_5-sha256"},

		{"empty set", jwkSet(), keys.KeyOptions{}, none},
		{"set of public keys", jwkSet(jwk(p256Key.Public()), jwk(edKey.Public())), keys.KeyOptions{}, none},
		{"set of one unusable key", jwkSet(jwk(edKey.Public())), keys.KeyOptions{}, "public key"},
		{"set of several", jwkSet(jwk(p256Key), jwk(edKey)), keys.KeyOptions{}, "say which by its key id"},
		{"set without the id", jwkSet(jwk(p256Key, "kid", `"a"`), jwk(edKey)), keys.KeyOptions{KeyID: "c"}, "no key with the key id"},
		{"set with the id twice", jwkSet(jwk(p256Key, "kid", `"a"`), jwk(edKey, "kid", `"a"`)), keys.KeyOptions{KeyID: "a"}, "give each its own"},
		{"set with the id on a public key", jwkSet(jwk(p256Key.Public(), "kid", `"a"`), jwk(edKey)), keys.KeyOptions{KeyID: "a"}, "public key"},
		{"set with garbage", jwkSet("1", jwk(edKey)), keys.KeyOptions{}, invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := loadKey(t, tt.content, tt.options)
			wantError(t, err, tt.want)
		})
	}
}

// with replaces a member of a JSON object.
func with(object, name, value string) string {
	var members map[string]json.RawMessage
	must(0, json.Unmarshal([]byte(object), &members))
	members[name] = json.RawMessage(value)
	return string(must(json.Marshal(members)))
}

func member(object, name string) string {
	var members map[string]json.RawMessage
	must(0, json.Unmarshal([]byte(object), &members))
	return string(members[name])
}
