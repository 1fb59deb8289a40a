package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

var errKeyFile = errors.New("expected public keys: PEM, a JWK, a JWK set or a certificate; of private ones the public half is taken")

// ParseKeys reads all keys of a file: PEM, a JWK or a JWK set. Errors do not
// quote it.
func ParseKeys(data []byte) (found []Key, _ error) {
	if data = bytes.TrimSpace(data); bytes.HasPrefix(data, []byte("{")) {
		return parseJWK(data)
	}
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		public := publicOf(block)
		if !known(public) {
			return nil, errKeyFile
		}
		found = append(found, Key{Public: public})
	}
	if found == nil {
		return nil, errKeyFile
	}
	return found, nil
}

func known(public crypto.PublicKey) bool {
	switch public.(type) {
	case ed25519.PublicKey, *ecdsa.PublicKey, *rsa.PublicKey:
		return true
	}
	return false
}

// publicOf is the public key of whatever is in the block; nil: none.
func publicOf(block *pem.Block) crypto.PublicKey {
	if public, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		return public
	}
	if public, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return public
	}
	if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
		return certificate.PublicKey
	}
	var private any
	var err error
	if private, err = x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		if private, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
			if private, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
				return nil
			}
		}
	}
	if signer, ok := private.(crypto.Signer); ok {
		return signer.Public()
	}
	return nil
}

func parseJWK(data []byte) (found []Key, _ error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(data, &set) != nil {
		return nil, errKeyFile
	}
	if set.Keys == nil {
		set.Keys = []json.RawMessage{data}
	}
	for _, text := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(text) != nil {
			return nil, errKeyFile
		}
		if secret, ok := k.Key.([]byte); ok {
			found = append(found, Key{ID: k.KeyID, MAC: func(message []byte) ([]byte, error) {
				mac := hmac.New(sha256.New, secret)
				mac.Write(message)
				return mac.Sum(nil), nil
			}})
			continue
		}
		public := k.Public()
		if !known(public.Key) {
			return nil, errKeyFile
		}
		found = append(found, Key{ID: k.KeyID, Public: public.Key})
	}
	return found, nil
}
