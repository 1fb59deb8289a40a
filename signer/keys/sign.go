package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"errors"
	"fmt"
	"hash"
	"time"
)

// Encoding is how an ECDSA signature is written. Signatures of other algorithms
// have one form only and ignore it.
type Encoding uint8

const (
	// Raw is r and s, each in as many bytes as the curve's order has, as RFC
	// 9421 wants it (sections 3.3.4 and 3.3.5).
	Raw Encoding = iota
	// DER is the ASN.1 structure of RFC 3279, which some partners want.
	DER
)

// Sign appends the signature of message to dst (RFC 9421, section 3.3). It
// looks at the key's file at most once a second of now; what is wrong with the
// file is told to [Loader.Reloaded] and does not fail Sign. An error means that
// a signer from outside failed or returned what is not a signature, or that the
// algorithm has no signatures in this encoding.
func (k *Key) Sign(dst, message []byte, now time.Time, enc Encoding) ([]byte, error) {
	m, _ := k.open().get(now)
	if m.signer == nil {
		return m.mac(dst, message), nil
	}
	if m.scheme.special && enc != DER {
		return nil, fmt.Errorf("signatures of %s are in DER only: ask for that encoding", m.scheme.algorithm)
	}
	sig, err := crypto.SignMessage(m.signer, rand.Reader, message, m.scheme.opts)
	if err != nil {
		return nil, fmt.Errorf("the key's signer failed: %w", err)
	}
	if m.scheme.coordinate == 0 {
		return m.appendWhole(dst, sig)
	}
	return m.appendECDSA(dst, sig, enc)
}

func (m *material) mac(dst, message []byte) []byte {
	h := m.macs.Get().(hash.Hash)
	h.Write(message)
	dst = h.Sum(dst)
	h.Reset()
	m.macs.Put(h)
	return dst
}

func (m *material) appendWhole(dst, sig []byte) ([]byte, error) {
	if len(sig) != m.size {
		return nil, errors.New("the signer returned a signature of another length than its key's")
	}
	return append(dst, sig...), nil
}

func (m *material) appendECDSA(dst, sig []byte, enc Encoding) ([]byte, error) {
	r, s, err := splitDER(sig, m.scheme.coordinate)
	if err != nil {
		return nil, err
	}
	if enc == DER {
		return append(dst, sig...), nil
	}
	dst = appendPadded(dst, r, m.scheme.coordinate)
	return appendPadded(dst, s, m.scheme.coordinate), nil
}

// signatureSize returns the length in bytes of the public key's signatures, 0
// for ECDSA.
func signatureSize(public crypto.PublicKey) int {
	switch public := public.(type) {
	case ed25519.PublicKey:
		return ed25519.SignatureSize
	case *rsa.PublicKey:
		return public.Size()
	}
	return 0
}
