package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// What [Loader.Resolved] calls what depends on a key.
const (
	thumbprintName = "{key.thumbprint}"
	kidName        = "{key.kid}"
)

// standInSeed is different for each reference, and the same everywhere.
func standInSeed(r reference) [sha256.Size]byte {
	return sha256.Sum256([]byte("partnersign stand-in for " + r.String()))
}

func standInSecret(r reference) string {
	seed := standInSeed(r)
	return "stand-in-" + hex.EncodeToString(seed[:12])
}

// standInKey makes a key for the first of the algorithms that are asked for, or
// for Ed25519.
func (l *Loader) standInKey(r reference, o KeyOptions) (*Key, error) {
	algorithm := Ed25519
	if wanted := o.algorithms(); len(wanted) > 0 {
		algorithm = wanted[0]
	}
	p, err := standIn(algorithm, standInSeed(r))
	if err != nil {
		return nil, err
	}
	p.kid = "stand-in"
	key, err := newFixedKey(p, KeyOptions{Algorithm: algorithm})
	if err != nil {
		return nil, err
	}
	l.resolved(thumbprintName, key.open().last().thumbprint)
	l.resolved(kidName, p.kid)
	return key, nil
}

func standIn(a Algorithm, seed [sha256.Size]byte) (privateKey, error) {
	switch a {
	case ECDSAP256SHA256:
		return standInECDSA(elliptic.P256(), seed)
	case ECDSAP384SHA384:
		return standInECDSA(elliptic.P384(), seed)
	case ECDSAP521SHA512:
		return standInECDSA(elliptic.P521(), seed)
	case ECDSASecp256k1SHA256:
		return asymmetric(secp256k1Signer{secp256k1.PrivKeyFromBytes(seed[:])})
	case RSAPSSSHA512, RSAv15SHA256:
		return standInRSA(seed)
	case HMACSHA256:
		return symmetric(seed[:])
	}
	var signer crypto.Signer = ed25519.NewKeyFromSeed(seed[:])
	return asymmetric(signer)
}

// standInECDSA has the seed for its number: it is below the order of each curve
// unless it begins with zeros or ones by the dozen.
func standInECDSA(curve elliptic.Curve, seed [sha256.Size]byte) (privateKey, error) {
	number := make([]byte, (curve.Params().BitSize+7)/8)
	copy(number[len(number)-len(seed):], seed[:])
	key, err := ecdsa.ParseRawPrivateKey(curve, number)
	if err != nil {
		return privateKey{}, err
	}
	return asymmetric(key)
}

// standInRSA searches for primes itself, as Go's generator makes another key
// each time.
func standInRSA(seed [sha256.Size]byte) (privateKey, error) {
	e := big.NewInt(65537)
	p, q := primeFrom(seed, 'p', e), primeFrom(seed, 'q', e)
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(e.Int64())},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    []*big.Int{p, q},
	}
	key.Precompute()
	return asymmetric(key)
}

// primeFrom is the first prime of 1024 bits after a number made of the seed that
// suits the exponent e.
func primeFrom(seed [sha256.Size]byte, name byte, e *big.Int) *big.Int {
	var number []byte
	for i := range uint32(1024 / 8 / sha256.Size) {
		h := hmac.New(sha256.New, seed[:])
		h.Write(binary.BigEndian.AppendUint32([]byte{name}, i))
		number = h.Sum(number)
	}
	number[0] |= 0xc0 // the product of two has all of 2048 bits
	number[len(number)-1] |= 1
	n, two, one := new(big.Int).SetBytes(number), big.NewInt(2), big.NewInt(1)
	for {
		below := new(big.Int).Sub(n, one)
		if n.ProbablyPrime(0) && new(big.Int).GCD(nil, nil, below, e).Cmp(one) == 0 {
			return n
		}
		n.Add(n, two)
	}
}
