package keys

import (
	"crypto"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

var oidSecp256k1 = asn1.ObjectIdentifier{1, 3, 132, 0, 10} // SEC 2, appendix A.2

// isSecp256k1 reports whether parameters name the curve (RFC 5480, section
// 2.1.1).
func isSecp256k1(parameters []byte) bool {
	var curve asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(parameters, &curve)
	return err == nil && len(rest) == 0 && curve.Equal(oidSecp256k1)
}

// ecPrivateKey is an ECPrivateKey (RFC 5915, section 3).
type ecPrivateKey struct {
	Version int
	Number  []byte
	Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
}

// parseSecp256k1 reads an ECPrivateKey on secp256k1, which crypto/x509 does not
// know. Without a curve it is the curve of whatever der stands in.
func parseSecp256k1(der []byte) (privateKey, error) {
	var k ecPrivateKey
	rest, err := asn1.Unmarshal(der, &k)
	if err != nil || len(rest) != 0 || k.Version != 1 || k.Curve != nil && !k.Curve.Equal(oidSecp256k1) {
		return privateKey{}, errMalformedKey
	}
	var number secp256k1.ModNScalar
	if len(k.Number) != secp256k1.PrivKeyBytesLen || number.SetByteSlice(k.Number) || number.IsZero() {
		return privateKey{}, errMalformedKey
	}
	s := secp256k1Signer{secp256k1.NewPrivateKey(&number)}
	if k.Public.BitLength > 0 {
		public, err := secp256k1.ParsePubKey(k.Public.RightAlign())
		if err != nil || !public.IsEqual(s.key.PubKey()) {
			return privateKey{}, errors.New("the public key in the EC key is not the one of its private key: copy it again")
		}
	}
	return asymmetric(s)
}

// secp256k1Signer makes the key a [crypto.Signer].
type secp256k1Signer struct{ key *secp256k1.PrivateKey }

func (s secp256k1Signer) Public() crypto.PublicKey { return s.key.PubKey() }

// Sign returns the signature in DER. It is deterministic (RFC 6979) and the
// smaller of the two s that verify, as verifiers on this curve tend to demand.
func (s secp256k1Signer) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return ecdsa.Sign(s.key, digest).Serialize(), nil
}

// thumbprintSecp256k1 is the hash that RFC 7638 makes of a JWK (RFC 8812,
// section 3.1): go-jose does not know the curve.
func thumbprintSecp256k1(public *secp256k1.PublicKey) []byte {
	point := public.SerializeUncompressed()[1:]
	x, y := base64.RawURLEncoding.EncodeToString(point[:32]), base64.RawURLEncoding.EncodeToString(point[32:])
	sum := sha256.Sum256([]byte(`{"crv":"secp256k1","kty":"EC","x":"` + x + `","y":"` + y + `"}`))
	return sum[:]
}
