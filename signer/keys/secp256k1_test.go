package keys_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/partnersign/partnersign/signer/keys"
)

var onSecp256k1 = keys.KeyOptions{Algorithm: keys.ECDSASecp256k1SHA256}

// A secp256k1Key is an ECPrivateKey (RFC 5915, section 3).
type secp256k1Key struct {
	Version int
	Number  []byte
	Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
}

// newSecp256k1 is the key that OpenSSL wrote into testdata.
func newSecp256k1(t testing.TB) (k secp256k1Key) {
	t.Helper()
	block, rest := pem.Decode([]byte(testdata(t, "test-key-secp256k1.key.pem")))
	if block.Type != "EC PRIVATE KEY" {
		block, _ = pem.Decode(rest) // the parameters come first
	}
	must(asn1.Unmarshal(block.Bytes, &k))
	return k
}

func (k secp256k1Key) sec1() string { return pemOf("EC PRIVATE KEY", must(asn1.Marshal(k))) }

func (k secp256k1Key) pkcs8() string {
	return pkcs8Of(oidEC, must(asn1.Marshal(oidSecp256k1)), must(asn1.Marshal(k)))
}

func TestSecp256k1(t *testing.T) {
	k := newSecp256k1(t)
	public := must(secp256k1.ParsePubKey(k.Public.RightAlign()))
	bare := secp256k1Key{Version: 1, Number: k.Number}
	compressed := k
	compressed.Public.Bytes, compressed.Public.BitLength = public.SerializeCompressed(), 8*33
	for _, test := range []struct{ name, content string }{
		{"OpenSSL's SEC 1 with parameters", testdata(t, "test-key-secp256k1.key.pem")},
		{"OpenSSL's PKCS #8", testdata(t, "test-key-secp256k1.pkcs8.pem")},
		{"SEC 1", k.sec1()},
		{"SEC 1 without the public key", secp256k1Key{Version: 1, Number: k.Number, Curve: k.Curve}.sec1()},
		{"SEC 1 with a compressed public key", compressed.sec1()},
		{"PKCS #8 with the curve twice", k.pkcs8()},
		{"PKCS #8 with the number alone", bare.pkcs8()},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, o := range []keys.KeyOptions{onSecp256k1, {OneOf: []keys.Algorithm{keys.Ed25519, keys.ECDSASecp256k1SHA256}}} {
				key, err := loadKey(t, test.content, o)
				if err != nil {
					t.Fatal(err)
				}
				if key.Algorithm() != keys.ECDSASecp256k1SHA256 || !public.IsEqual(key.Public().(*secp256k1.PublicKey)) {
					t.Errorf("algorithm %s, or another key", key.Algorithm())
				}
				// computed from OpenSSL's `ec -text`
				if got := must(key.Thumbprint()); got != "bIOh035c8HjXBc41CfbclU7HlHihn5_oV0zp1Fz-GWs" {
					t.Errorf("thumbprint %s", got)
				}
				for _, message := range []string{"", "message", strings.Repeat("x", 1000)} {
					wantSecp256k1(t, public, message, must(key.Sign(nil, []byte(message), time.Now(), keys.DER)))
				}
			}
		})
	}
}

// wantSecp256k1 checks a signature, and that its s is the smaller one.
func wantSecp256k1(t *testing.T, public *secp256k1.PublicKey, message string, sig []byte) {
	t.Helper()
	digest := sha256.Sum256([]byte(message))
	parsed, err := ecdsa.ParseDERSignature(sig)
	if err != nil {
		t.Fatal(err)
	}
	if s := parsed.S(); !parsed.Verify(digest[:], public) || s.IsOverHalfOrder() {
		t.Error("the signature does not verify, or its s is the larger one")
	}
}

// Deterministic signatures (RFC 6979) of the key 1, as implementations of
// Bitcoin publish them.
func TestSecp256k1Vectors(t *testing.T) {
	one := secp256k1Key{Version: 1, Number: append(make([]byte, 31), 1), Curve: oidSecp256k1}
	key := must(loadKey(t, one.sec1(), onSecp256k1))
	for _, test := range []struct{ message, r, s string }{
		{
			"Satoshi Nakamoto",
			"934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
			"2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
		},
		{
			"All those moments will be lost in time, like tears in rain. Time to die...",
			"8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
			"547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
		},
	} {
		r, s := must(hex.DecodeString(test.r)), must(hex.DecodeString(test.s))
		want := must(asn1.Marshal([]asn1.RawValue{
			{Tag: asn1.TagInteger, Bytes: append(make([]byte, r[0]>>7), r...)},
			{Tag: asn1.TagInteger, Bytes: append(make([]byte, s[0]>>7), s...)},
		}))
		if got := must(key.Sign(nil, []byte(test.message), time.Now(), keys.DER)); !bytes.Equal(got, want) {
			t.Errorf("%s: got %x", test.message, got)
		}
	}
}

// Nothing uses the curve by accident.
func TestSecp256k1IsAskedFor(t *testing.T) {
	k := newSecp256k1(t)
	const curves = "use a key on P-256, P-384 or P-521"
	for _, content := range []string{k.sec1(), k.pkcs8()} {
		_, err := loadKey(t, content, keys.KeyOptions{})
		wantError(t, err, curves)
	}
	_, err := loadKey(t, k.sec1(), keys.KeyOptions{Algorithm: keys.ECDSAP256SHA256})
	wantError(t, err, "does not suit the algorithm ecdsa-p256-sha256: it can be used with ecdsa-secp256k1-sha256")
	_, err = loadKey(t, pkcs8(p256Key), onSecp256k1)
	wantError(t, err, "does not suit the algorithm ecdsa-secp256k1-sha256: it can be used with ecdsa-p256-sha256")
	if _, err = keys.ParseAlgorithm("ecdsa-secp256k1-sha256"); err == nil {
		t.Error("it can be written into a configuration of signatures")
	}
	key := must(loadKey(t, k.sec1(), onSecp256k1))
	_, err = key.Sign(nil, nil, time.Now(), keys.Raw)
	wantError(t, err, "in DER only")
}

func TestSecp256k1Errors(t *testing.T) {
	k := newSecp256k1(t)
	order := must(hex.DecodeString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
	number := func(n []byte) secp256k1Key { return secp256k1Key{Version: 1, Number: n, Curve: oidSecp256k1} }
	version, other, off, curve := k, k, k, k
	version.Version = 2
	other.Public.Bytes = must(secp256k1.GeneratePrivateKey()).PubKey().SerializeUncompressed()
	off.Public.Bytes = append([]byte{4}, make([]byte, 64)...)
	curve.Curve = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	const damaged, halves = "the private key is damaged", "not the one of its private key"
	for _, test := range []struct{ name, content, want string }{
		{"zero", number(make([]byte, 32)).sec1(), damaged},
		{"the curve's order", number(order).sec1(), damaged},
		{"too long", number(append([]byte{0}, k.Number...)).sec1(), damaged},
		{"too short", number(k.Number[:31]).pkcs8(), damaged},
		{"no number", number(nil).pkcs8(), damaged},
		{"other version", version.sec1(), damaged},
		{"other public key", other.sec1(), halves},
		{"public key off the curve", off.pkcs8(), halves},
		{"other curve inside", curve.pkcs8(), damaged},
		{"data behind", pemOf("EC PRIVATE KEY", append(must(asn1.Marshal(k)), 0)), damaged},
		{"P-256 inside", pkcs8Of(oidEC, must(asn1.Marshal(oidSecp256k1)), must(x509.MarshalECPrivateKey(p256Key))), damaged},
		{"garbage inside", pkcs8Of(oidEC, must(asn1.Marshal(oidSecp256k1)), []byte("garbage")), damaged},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadKey(t, test.content, onSecp256k1)
			wantError(t, err, test.want)
		})
	}
}

func TestOneOf(t *testing.T) {
	oneOf := []keys.Algorithm{keys.Ed25519, keys.ECDSAP256SHA256, keys.ECDSASecp256k1SHA256, keys.RSAv15SHA256}
	for content, want := range map[string]keys.Algorithm{
		pkcs8(edKey): keys.Ed25519, pkcs8(p256Key): keys.ECDSAP256SHA256, pkcs8(rsaKey): keys.RSAv15SHA256,
		newSecp256k1(t).pkcs8(): keys.ECDSASecp256k1SHA256, jwk(rsaKey): keys.RSAv15SHA256,
	} {
		if key, err := loadKey(t, content, keys.KeyOptions{OneOf: oneOf}); err != nil || key.Algorithm() != want {
			t.Errorf("%s: got %v, %v", want, key, err)
		}
	}
	_, err := loadKey(t, pkcs8(p384Key), keys.KeyOptions{OneOf: oneOf})
	wantError(t, err, "suits none of the algorithms ed25519, ecdsa-p256-sha256, ecdsa-secp256k1-sha256, rsa-v1_5-sha256: it can be used with ecdsa-p384-sha384")
	_, err = loadKey(t, pkcs8(edKey), keys.KeyOptions{OneOf: []keys.Algorithm{keys.Ed25519, "none"}})
	wantError(t, err, "unknown algorithm")
}
