package keys_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func TestKeyFormats(t *testing.T) {
	// These bytes use both characters in which the alphabets differ.
	secret := bytes.Repeat([]byte{0xfb, 0xef, 0xff, 0x01}, 17)[:67]
	message := []byte("message")
	want := must(must(keys.NewHMACKey(secret)).Sign(nil, message, time.Now(), keys.Raw))
	std := base64.StdEncoding.EncodeToString(secret)
	tests := []struct {
		name, content string
		format        keys.Format
	}{
		{"standard alphabet", std, keys.FormatAuto},
		{"standard alphabet without padding", base64.RawStdEncoding.EncodeToString(secret), keys.FormatAuto},
		{"URL alphabet", base64.URLEncoding.EncodeToString(secret), keys.FormatAuto},
		{"URL alphabet without padding", base64.RawURLEncoding.EncodeToString(secret), keys.FormatAuto},
		{"several lines", std[:64] + "\r\n" + std[64:] + "\r\n", keys.FormatAuto},
		{"newline and spaces around", " \t" + std + "\n\n", keys.FormatAuto},
		{"base64 when told", std + "\n", keys.FormatBase64},
		{"hexadecimal", hex.EncodeToString(secret) + "\n", keys.FormatHex},
		{"capital hexadecimal", strings.ToUpper(hex.EncodeToString(secret)), keys.FormatHex},
		{"bytes", string(secret), keys.FormatText},
		{"bytes and newline", string(secret) + "\n", keys.FormatText},
		{"bytes and CRLF", string(secret) + "\r\n", keys.FormatText},
		{"JWK", `{"kty":"oct","k":"` + base64.RawURLEncoding.EncodeToString(secret) + `"}`, keys.FormatAuto},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := loadKey(t, tt.content, keys.KeyOptions{Format: tt.format})
			if err != nil {
				t.Fatal(err)
			}
			if key.Algorithm() != keys.HMACSHA256 {
				t.Errorf("algorithm %s", key.Algorithm())
			}
			if got := must(key.Sign(nil, message, time.Now(), keys.Raw)); !bytes.Equal(got, want) {
				t.Error("this is not the secret")
			}
		})
	}
}

func TestKeyBytesOfEd25519(t *testing.T) {
	seed, whole := edKey.Seed(), []byte(edKey)
	tests := []struct {
		name, content string
		format        keys.Format
	}{
		{"seed in base64", base64.StdEncoding.EncodeToString(seed), keys.FormatAuto},
		{"seed in hexadecimal", hex.EncodeToString(seed), keys.FormatHex},
		{"both halves in base64", base64.RawURLEncoding.EncodeToString(whole), keys.FormatBase64},
		{"both halves in hexadecimal", hex.EncodeToString(whole), keys.FormatHex},
		{"both halves in bytes", string(whole) + "\n", keys.FormatText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := loadKey(t, tt.content, keys.KeyOptions{Algorithm: keys.Ed25519, Format: tt.format})
			if err != nil {
				t.Fatal(err)
			}
			if !edKey.Public().(ed25519.PublicKey).Equal(key.Public()) {
				t.Error("this is another key")
			}
		})
	}
}

func TestKeyFormatErrors(t *testing.T) {
	mismatched := append(edKey.Seed(), newEd25519().Public().(ed25519.PublicKey)...)
	tests := []struct {
		name, content string
		options       keys.KeyOptions
		want          string
	}{
		{"empty", "", keys.KeyOptions{}, "there is nothing in it"},
		{"blank", " \r\n\n", keys.KeyOptions{Format: keys.FormatText}, "there is nothing in it"},
		{"no known look", "correct horse battery staple", keys.KeyOptions{}, "neither PEM nor JWK nor base64"},
		{"base64 cut off", "AAAAA", keys.KeyOptions{}, "neither PEM nor JWK nor base64"},
		{"base64 with stray bits", "AAB=", keys.KeyOptions{}, "neither PEM nor JWK nor base64"},
		{"not base64", "a secret", keys.KeyOptions{Format: keys.FormatBase64}, "not base64"},
		{"padding alone", "====", keys.KeyOptions{}, "there is nothing in it"},
		{"not hexadecimal", "0xff", keys.KeyOptions{Format: keys.FormatHex}, "not hexadecimal"},
		{"odd hexadecimal", "fff", keys.KeyOptions{Format: keys.FormatHex}, "not hexadecimal"},
		{"unknown format", "AAAA", keys.KeyOptions{Format: 99}, "unknown key format"},
		{"unknown algorithm", "AAAA", keys.KeyOptions{Algorithm: "none"}, "expected one of ed25519"},
		{"bytes for RSA", "AAAA", keys.KeyOptions{Algorithm: keys.RSAPSSSHA512}, "as PEM or JWK"},
		{"bytes for ECDSA", "AAAA", keys.KeyOptions{Algorithm: keys.ECDSAP256SHA256}, "as PEM or JWK"},
		{"Ed25519 of 3 bytes", "AAAA", keys.KeyOptions{Algorithm: keys.Ed25519}, "has 32 bytes"},
		{"Ed25519 with another public key", base64.StdEncoding.EncodeToString(mismatched), keys.KeyOptions{Algorithm: keys.Ed25519}, "not the public key of the first"},
		{"PEM read as base64", pkcs8(edKey), keys.KeyOptions{Format: keys.FormatBase64}, "not base64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := loadKey(t, tt.content, tt.options)
			wantError(t, err, tt.want)
		})
	}
}
