package keys

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// Format is how a key is written.
type Format uint8

const (
	// FormatAuto tells the others apart by their look: PEM, a JWK or JWK set
	// in JSON, else base64.
	FormatAuto Format = iota
	// FormatBase64 is an HMAC secret in base64, in the standard or the URL
	// alphabet, with or without padding; with [Ed25519] it is a private key of
	// 32 bytes, or 64 with the public key behind it.
	FormatBase64
	// FormatHex is the same in hexadecimal digits.
	FormatHex
	// FormatText is the same in bytes as they are, less a newline at the end.
	FormatText
)

// parseKey reads a key. No error quotes the content.
func parseKey(content []byte, o KeyOptions) (*material, error) {
	p, err := readKey(content, o)
	if err != nil {
		return nil, err
	}
	return newMaterial(p, o)
}

func readKey(content []byte, o KeyOptions) (privateKey, error) {
	trimmed := bytes.TrimSpace(content)
	if len(trimmed) == 0 {
		return privateKey{}, errEmpty
	}
	switch o.Format {
	case FormatAuto:
		switch {
		case trimmed[0] == '{':
			return parseJWK(trimmed, o)
		case bytes.Contains(trimmed, pemBegin): // text may stand before it
			return parsePEM(trimmed)
		}
		raw, err := decodeBase64(trimmed)
		if err != nil {
			return privateKey{}, errors.New("the key is neither PEM nor JWK nor base64: give it as one of these, or say that its format is hex or text")
		}
		return parseRaw(raw, o.Algorithm)
	case FormatBase64:
		raw, err := decodeBase64(trimmed)
		if err != nil {
			return privateKey{}, errors.New("the key is not base64: correct it or its format")
		}
		return parseRaw(raw, o.Algorithm)
	case FormatHex:
		raw, err := hex.DecodeString(string(trimmed))
		if err != nil {
			return privateKey{}, errors.New("the key is not hexadecimal: correct it or its format")
		}
		return parseRaw(raw, o.Algorithm)
	case FormatText:
		return parseRaw(trimNewline(content), o.Algorithm)
	}
	return privateKey{}, errors.New("unknown key format: use FormatAuto, FormatBase64, FormatHex or FormatText")
}

var alphabet = strings.NewReplacer("-", "+", "_", "/", "\r", "", "\n", "")

// decodeBase64 takes either alphabet, with or without padding, over several
// lines.
func decodeBase64(text []byte) ([]byte, error) {
	s := strings.TrimRight(alphabet.Replace(string(text)), "=")
	return base64.RawStdEncoding.Strict().DecodeString(s)
}

// parseRaw takes bytes without a type.
func parseRaw(raw []byte, a Algorithm) (privateKey, error) {
	switch a {
	case Ed25519:
		return parseRawEd25519(raw)
	case HMACSHA256, "":
		return symmetric(bytes.Clone(raw))
	}
	return privateKey{}, errors.New("these bytes can be an HMAC secret or an Ed25519 key only: give the private key as PEM or JWK")
}

// parseRawEd25519 takes a private key as RFC 8032 has it (the seed of 32
// bytes), or with the public key behind it, as many libraries write it.
func parseRawEd25519(raw []byte) (privateKey, error) {
	if len(raw) != ed25519.SeedSize && len(raw) != ed25519.PrivateKeySize {
		return privateKey{}, errors.New("an Ed25519 private key has 32 bytes, or 64 with its public key; this has another number")
	}
	key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
	if len(raw) == ed25519.PrivateKeySize && !bytes.Equal(raw, key) {
		return privateKey{}, errors.New("the second half of the Ed25519 key is not the public key of the first: give the 32 bytes of the private key alone")
	}
	return asymmetric(key)
}
