package keys

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
)

var (
	oidRSA    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidEC     = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
)

var errMalformedKey = errors.New("the private key is damaged: copy it again as a whole")

// parsePKCS8 reads a PrivateKeyInfo (RFC 5208). It looks inside by itself since
// crypto/x509 does not know the identifier of keys that are for RSA-PSS only.
func parsePKCS8(der []byte) (privateKey, error) {
	var info struct {
		Version    int
		Algorithm  pkix.AlgorithmIdentifier
		PrivateKey []byte
	}
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) != 0 {
		return privateKey{}, errMalformedKey
	}
	switch oid := info.Algorithm.Algorithm; {
	case oid.Equal(oidRSA):
		return parsePKCS1(info.PrivateKey)
	case oid.Equal(oidRSAPSS):
		if err := checkPSS(info.Algorithm.Parameters.FullBytes); err != nil {
			return privateKey{}, err
		}
		p, err := parsePKCS1(info.PrivateKey)
		p.fits = []Algorithm{RSAPSSSHA512}
		return p, err
	case oid.Equal(oidEC) && isSecp256k1(info.Algorithm.Parameters.FullBytes):
		return parseSecp256k1(info.PrivateKey)
	case oid.Equal(oidEC):
		key, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return privateKey{}, errCurve
		}
		return asymmetric(key.(crypto.Signer))
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return privateKey{}, errKind
	}
	signer, ok := key.(crypto.Signer)
	if !ok { // X25519
		return privateKey{}, errKind
	}
	return asymmetric(signer)
}

// checkPSS checks that a key for RSA-PSS, which may be bound to a hash function
// and a least salt length (RFC 4055, section 3.1), allows rsa-pss-sha512.
func checkPSS(der []byte) error {
	if len(der) == 0 {
		return nil
	}
	// Left out, they mean SHA-1.
	var params struct {
		Hash pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:0"`
		MGF  pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:1"`
		Salt int                      `asn1:"optional,explicit,tag:2,default:20"`
	}
	var mgfHash pkix.AlgorithmIdentifier
	if _, err := asn1.Unmarshal(der, &params); err != nil {
		return errMalformedKey
	}
	if params.MGF.Algorithm.Equal(oidMGF1) {
		if _, err := asn1.Unmarshal(params.MGF.Parameters.FullBytes, &mgfHash); err != nil {
			return errMalformedKey
		}
	}
	if !params.Hash.Algorithm.Equal(oidSHA512) || !mgfHash.Algorithm.Equal(oidSHA512) || params.Salt > 64 {
		return errors.New("the RSA-PSS key is bound to other parameters than those of rsa-pss-sha512: make one for SHA-512 and a salt of 64 bytes, or without parameters")
	}
	return nil
}

// parsePKCS1 reads an RSAPrivateKey (RFC 8017, appendix A.1.2).
func parsePKCS1(der []byte) (privateKey, error) {
	// The size comes first, as checking a huge key takes minutes.
	var start struct {
		Version int
		N       *big.Int
	}
	if _, err := asn1.Unmarshal(der, &start); err != nil {
		return privateKey{}, errMalformedKey
	}
	if err := checkRSASize(start.N.BitLen()); err != nil {
		return privateKey{}, err
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return privateKey{}, errMalformedKey
	}
	return asymmetric(key)
}

// parseSEC1 reads an ECPrivateKey (RFC 5915).
func parseSEC1(der []byte) (privateKey, error) {
	var k ecPrivateKey
	if _, err := asn1.Unmarshal(der, &k); err == nil && k.Curve.Equal(oidSecp256k1) {
		return parseSecp256k1(der)
	}
	key, err := x509.ParseECPrivateKey(der)
	if err != nil {
		return privateKey{}, errCurve
	}
	return asymmetric(key)
}
