package keyfile

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// crypto/x509 does not know the curve: RFC 5480, section 2.1.1, and SEC 2,
// appendix A.2.
var (
	oidEC        = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidSecp256k1 = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
)

func secp256k1Algorithm() (pkix.AlgorithmIdentifier, error) {
	curve, err := asn1.Marshal(oidSecp256k1)
	return pkix.AlgorithmIdentifier{Algorithm: oidEC, Parameters: asn1.RawValue{FullBytes: curve}}, err
}

// secp256k1PKCS8 is a PrivateKeyInfo (RFC 5208) with an ECPrivateKey (RFC 5915).
func secp256k1PKCS8(key *secp256k1.PrivateKey) ([]byte, error) {
	algorithm, err := secp256k1Algorithm()
	if err != nil {
		return nil, err
	}
	inner, err := asn1.Marshal(struct {
		Version int
		Number  []byte
		Public  asn1.BitString `asn1:"explicit,tag:1"`
	}{1, key.Serialize(), pointOf(key.PubKey())})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Version    int
		Algorithm  pkix.AlgorithmIdentifier
		PrivateKey []byte
	}{0, algorithm, inner})
}

type publicInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Point     asn1.BitString
}

// secp256k1SPKI is a SubjectPublicKeyInfo (RFC 5480).
func secp256k1SPKI(public *secp256k1.PublicKey) ([]byte, error) {
	algorithm, err := secp256k1Algorithm()
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(publicInfo{algorithm, pointOf(public)})
}

func parseSecp256k1SPKI(der []byte) (*secp256k1.PublicKey, error) {
	var info publicInfo
	var curve asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) != 0 || !info.Algorithm.Algorithm.Equal(oidEC) {
		return nil, errPublic
	}
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &curve); err != nil || !curve.Equal(oidSecp256k1) {
		return nil, errPublic
	}
	return secp256k1.ParsePubKey(info.Point.RightAlign())
}

func pointOf(public *secp256k1.PublicKey) asn1.BitString {
	point := public.SerializeUncompressed()
	return asn1.BitString{Bytes: point, BitLength: 8 * len(point)}
}

var errPublic = errors.New("the public key is damaged or its kind is not supported")
