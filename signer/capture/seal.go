package capture

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// A sealer turns entries into what a storage may see, under one key.
type sealer struct {
	name func(flow string) string // the same for the same flow, and tells nothing of it
	aead cipher.AEAD
}

// version is the first byte of what is stored: AES-256-GCM with a random nonce.
const version = 1

func newSealer(k SealingKey) (*sealer, error) {
	secret := k.open()
	nameKey, err := hkdf.Key(sha256.New, secret, nil, "partnersign capture: names, HMAC-SHA256", 32)
	if err != nil {
		return nil, err
	}
	entryKey, err := hkdf.Key(sha256.New, secret, nil, "partnersign capture: entries, AES-256-GCM", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(entryKey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sealer{func(flow string) string {
		mac := hmac.New(sha256.New, nameKey)
		mac.Write([]byte(flow))
		return hex.EncodeToString(mac.Sum(nil))
	}, aead}, nil
}

// seal encrypts the flow's entry: the milliseconds at which it expires, the
// length of the flow's key, that key and the token. It is bound to its name, so
// that it cannot stand for another.
func (s *sealer) seal(flow string, e Entry) []byte {
	plain := binary.BigEndian.AppendUint64(nil, uint64(e.Expires.UnixMilli()))
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(flow)))
	plain = append(append(plain, flow...), e.Token.Reveal()...)
	return s.aead.Seal([]byte{version}, nil, plain, boundTo(s.name(flow)))
}

// open is the opposite of seal. The error is ErrDamaged.
func (s *sealer) open(name string, data []byte) (flow string, e Entry, err error) {
	if len(data) == 0 || data[0] != version {
		return "", Entry{}, ErrDamaged
	}
	plain, err := s.aead.Open(nil, nil, data[1:], boundTo(name))
	if err != nil || len(plain) < 12 {
		return "", Entry{}, ErrDamaged
	}
	expires, length, rest := binary.BigEndian.Uint64(plain), int(binary.BigEndian.Uint32(plain[8:])), plain[12:]
	if length > len(rest) {
		return "", Entry{}, ErrDamaged
	}
	token, err := NewToken(string(rest[length:]))
	if err != nil {
		return "", Entry{}, ErrDamaged
	}
	return string(rest[:length]), Entry{token, time.UnixMilli(int64(expires))}, nil
}

// boundTo is what an entry is sealed together with.
func boundTo(name string) []byte { return append([]byte{version}, name...) }
