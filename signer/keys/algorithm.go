package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"slices"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// Algorithm is the name of a signature algorithm, as in the registry of RFC
// 9421, section 6.2.
type Algorithm string

// The algorithms of RFC 9421, section 3.3, and one that partners need besides.
const (
	Ed25519         Algorithm = "ed25519"           // section 3.3.6
	ECDSAP256SHA256 Algorithm = "ecdsa-p256-sha256" // section 3.3.4
	ECDSAP384SHA384 Algorithm = "ecdsa-p384-sha384" // section 3.3.5
	RSAPSSSHA512    Algorithm = "rsa-pss-sha512"    // section 3.3.1: MGF1 with SHA-512, a salt of 64 bytes
	RSAv15SHA256    Algorithm = "rsa-v1_5-sha256"   // section 3.3.2
	HMACSHA256      Algorithm = "hmac-sha256"       // section 3.3.3

	// ECDSAP521SHA512 is not in the registry, but GoCardless and Upvest
	// require it. It works as section 3.3.5 does, with the curve P-521 and
	// SHA-512; r and s have 66 bytes each.
	ECDSAP521SHA512 Algorithm = "ecdsa-p521-sha512"

	// ECDSASecp256k1SHA256 is what Dfns and blockchains use, and not for HTTP
	// signatures: [ParseAlgorithm] does not know it, a key is used with it only
	// by [KeyOptions] that name it, and its signatures are in [DER] only. They
	// are deterministic (RFC 6979), with the smaller s.
	ECDSASecp256k1SHA256 Algorithm = "ecdsa-secp256k1-sha256"
)

// ParseAlgorithm returns the algorithm of that name, of those for HTTP
// signatures. The error lists the names.
func ParseAlgorithm(name string) (Algorithm, error) {
	a, general := Algorithm(name), generalAlgorithms()
	if !slices.Contains(general, a) {
		return "", errors.New("unknown algorithm: expected one of " + join(general))
	}
	return a, nil
}

// generalAlgorithms are those that a key may be used with when none is named.
func generalAlgorithms() (general []Algorithm) {
	for _, s := range schemes {
		if !s.special {
			general = append(general, s.algorithm)
		}
	}
	return general
}

func join(algorithms []Algorithm) string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

// scheme is how an algorithm signs.
type scheme struct {
	algorithm  Algorithm
	jose       []string          // the same in a JWK's "alg": RFC 7518, 8037, 9864
	opts       crypto.SignerOpts // nil: HMAC
	coordinate int               // bytes of r and of s; 0: not ECDSA
	special    bool              // used only where it is named, written as DER only
}

var schemes = []*scheme{
	{algorithm: Ed25519, jose: []string{"EdDSA", "Ed25519"}, opts: crypto.Hash(0)},
	{algorithm: ECDSAP256SHA256, jose: []string{"ES256"}, opts: crypto.SHA256, coordinate: 32},
	{algorithm: ECDSAP384SHA384, jose: []string{"ES384"}, opts: crypto.SHA384, coordinate: 48},
	{algorithm: ECDSAP521SHA512, jose: []string{"ES512"}, opts: crypto.SHA512, coordinate: 66},
	{algorithm: RSAPSSSHA512, jose: []string{"PS512"}, opts: &rsa.PSSOptions{SaltLength: 64, Hash: crypto.SHA512}},
	{algorithm: RSAv15SHA256, jose: []string{"RS256"}, opts: crypto.SHA256},
	{algorithm: HMACSHA256, jose: []string{"HS256"}},
	{algorithm: ECDSASecp256k1SHA256, opts: crypto.SHA256, coordinate: 32, special: true},
}

func schemeOf(a Algorithm) *scheme {
	for _, s := range schemes {
		if s.algorithm == a {
			return s
		}
	}
	return nil
}

// schemeOfJOSE returns the scheme that a JWK's "alg" names.
func schemeOfJOSE(alg string) (*scheme, error) {
	var names []string
	for _, s := range schemes {
		if slices.Contains(s.jose, alg) {
			return s, nil
		}
		names = append(names, s.jose...)
	}
	return nil, errors.New(`the JWK's "alg" is not supported: it may be left out, or one of ` + strings.Join(names, ", "))
}

// The sizes of RSA keys in bits: shorter ones can be broken, longer ones take
// seconds for each signature.
const (
	minRSA = 2048
	maxRSA = 16384
)

// algorithmsFor returns what a key pair can be used with, the default first.
func algorithmsFor(public crypto.PublicKey) ([]Algorithm, error) {
	switch public := public.(type) {
	case ed25519.PublicKey:
		if len(public) != ed25519.PublicKeySize {
			return nil, errors.New("the Ed25519 key is not 32 bytes long")
		}
		return []Algorithm{Ed25519}, nil
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256():
			return []Algorithm{ECDSAP256SHA256}, nil
		case elliptic.P384():
			return []Algorithm{ECDSAP384SHA384}, nil
		case elliptic.P521():
			return []Algorithm{ECDSAP521SHA512}, nil
		}
		return nil, errCurve
	case *rsa.PublicKey:
		if err := checkRSASize(public.N.BitLen()); err != nil {
			return nil, err
		}
		return []Algorithm{RSAPSSSHA512, RSAv15SHA256}, nil
	case *secp256k1.PublicKey:
		return []Algorithm{ECDSASecp256k1SHA256}, nil
	}
	return nil, errKind
}

func checkRSASize(bits int) error {
	switch {
	case bits < minRSA:
		return errors.New("the RSA key is shorter than 2048 bits: make a longer one")
	case bits > maxRSA:
		return errors.New("the RSA key is longer than 16384 bits: make a shorter one")
	}
	return nil
}

var (
	errKind  = errors.New("the key is damaged or its kind is not supported: use Ed25519, ECDSA, RSA or HMAC")
	errCurve = errors.New("the EC key is damaged or its curve is not supported: use a key on P-256, P-384 or P-521")
)
