package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func TestParseAlgorithm(t *testing.T) {
	names := []string{"ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "ecdsa-p521-sha512", "rsa-pss-sha512", "rsa-v1_5-sha256", "hmac-sha256"}
	for _, name := range names {
		if a, err := keys.ParseAlgorithm(name); err != nil || string(a) != name {
			t.Errorf("%s: got %q, %v", name, a, err)
		}
	}
	for _, name := range []string{"", "ED25519", "es256", "rsa-pss-sha256"} {
		_, err := keys.ParseAlgorithm(name)
		wantError(t, err, names...)
	}
}

func TestNewKey(t *testing.T) {
	public := func(p crypto.PublicKey) crypto.Signer { return foreign{public: p} }
	t.Run("fits", func(t *testing.T) {
		tests := []struct {
			signer crypto.Signer
			given  keys.Algorithm
			want   keys.Algorithm
		}{
			{edKey, "", keys.Ed25519},
			{p256Key, "", keys.ECDSAP256SHA256},
			{p384Key, "", keys.ECDSAP384SHA384},
			{p521Key, "", keys.ECDSAP521SHA512},
			{p521Key, keys.ECDSAP521SHA512, keys.ECDSAP521SHA512},
			{rsaKey, "", keys.RSAPSSSHA512},
			{rsaKey, keys.RSAv15SHA256, keys.RSAv15SHA256},
		}
		for _, tt := range tests {
			key, err := keys.NewKey(tt.signer, tt.given)
			if err != nil || key.Algorithm() != tt.want {
				t.Errorf("%s: got %s, %v", tt.want, key.Algorithm(), err)
			}
		}
	})
	t.Run("does not", func(t *testing.T) {
		weak := must(rsa.GenerateKey(rand.Reader, 1024))
		huge := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 16384), E: 65537}
		p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
		tests := []struct {
			name   string
			signer crypto.Signer
			given  keys.Algorithm
			want   string
		}{
			{"nothing", nil, "", "crypto.Signer"},
			{"unknown algorithm", edKey, "none", "expected one of ed25519"},
			{"other curve", p256Key, keys.ECDSAP384SHA384, "does not suit the algorithm ecdsa-p384-sha384: it can be used with ecdsa-p256-sha256"},
			{"RSA as ECDSA", rsaKey, keys.ECDSAP256SHA256, "it can be used with rsa-pss-sha512, rsa-v1_5-sha256"},
			{"key pair as secret", edKey, keys.HMACSHA256, "it can be used with ed25519"},
			{"short RSA", weak, "", "shorter than 2048 bits"},
			{"long RSA", public(huge), "", "longer than 16384 bits"},
			{"P-224", p224, "", "P-256, P-384 or P-521"},
			{"short Ed25519", public(ed25519.PublicKey("short")), "", "not 32 bytes"},
			{"short private Ed25519", ed25519.PrivateKey("short"), "", "not 64 bytes"},
			{"other kind", public("key"), "", "use Ed25519, ECDSA, RSA or HMAC"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				_, err := keys.NewKey(tt.signer, tt.given)
				wantError(t, err, tt.want)
			})
		}
	})
}

func TestNewHMACKey(t *testing.T) {
	if _, err := keys.NewHMACKey(nil); err == nil {
		t.Error("an empty secret is no error")
	}
	secret := []byte("secret")
	key := must(keys.NewHMACKey(secret))
	before := must(key.Sign(nil, nil, time.Now(), keys.Raw))
	secret[0] = 'S'
	again := must(keys.NewHMACKey([]byte("secret")))
	if string(before) != string(must(again.Sign(nil, nil, time.Now(), keys.Raw))) ||
		string(before) != string(must(key.Sign(nil, nil, time.Now(), keys.Raw))) {
		t.Error("the secret was not copied")
	}
	if key.Public() != nil || key.Algorithm() != keys.HMACSHA256 || key.JWKKeyID() != "" {
		t.Error("a secret has a public key, an id or another algorithm")
	}
}

func TestThumbprint(t *testing.T) {
	// RFC 8037, appendix A.3.
	okp := `{"kty":"OKP","crv":"Ed25519",
		"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
		"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	key := must(loadKey(t, okp, keys.KeyOptions{}))
	if got, err := key.Thumbprint(); err != nil || got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, signer := range []crypto.Signer{edKey, p256Key, p384Key, p521Key, rsaKey} {
		key := must(keys.NewKey(signer, ""))
		if got, err := key.Thumbprint(); err != nil || len(got) != 43 {
			t.Errorf("%s: got %q, %v", key.Algorithm(), got, err)
		}
	}
	_, err := must(keys.NewHMACKey([]byte("secret"))).Thumbprint()
	wantError(t, err, "set a key id")
}
