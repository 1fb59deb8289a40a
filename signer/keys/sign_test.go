package keys_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// RFC 9421, appendices B.2.5 and B.2.6: these two are deterministic.
func TestSignVectors(t *testing.T) {
	tests := []struct{ name, key, base, want string }{
		{"B.2.5 hmac-sha256", "test-shared-secret.b64", "b25_request_sigbase.txt", "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="},
		{"B.2.6 ed25519", "test-key-ed25519.key.pem", "b26_request_sigbase.txt", "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key := must(loadKey(t, testdata(t, tt.key), keys.KeyOptions{}))
			sig, err := key.Sign(nil, []byte(testdata(t, tt.base)), time.Now(), keys.Raw)
			if err != nil {
				t.Fatal(err)
			}
			if got := base64.StdEncoding.EncodeToString(sig); got != tt.want {
				t.Errorf("signature %s, want %s", got, tt.want)
			}
		})
	}
}

// The keys of RFC 9421, appendix B.1, sign what their public halves verify.
func TestSignWithPublishedKeys(t *testing.T) {
	tests := []struct {
		name string
		want keys.Algorithm // "" for the default
		is   keys.Algorithm
	}{
		{"ecc-p256", "", keys.ECDSAP256SHA256},
		{"ecc-p384", "", keys.ECDSAP384SHA384},
		{"ed25519", "", keys.Ed25519},
		{"rsa", "", keys.RSAPSSSHA512},
		{"rsa", keys.RSAv15SHA256, keys.RSAv15SHA256},
		{"rsa-pss", "", keys.RSAPSSSHA512},
	}
	message := []byte("message")
	for _, tt := range tests {
		t.Run(tt.name+" "+string(tt.is), func(t *testing.T) {
			key := must(loadKey(t, testdata(t, "test-key-"+tt.name+".key.pem"), keys.KeyOptions{Algorithm: tt.want}))
			if key.Algorithm() != tt.is {
				t.Fatalf("algorithm %s, want %s", key.Algorithm(), tt.is)
			}
			for _, enc := range []keys.Encoding{keys.Raw, keys.DER} {
				sig := must(key.Sign(nil, message, time.Now(), enc))
				if !verify(publicPEM(t, tt.name), tt.is, message, sig, enc) {
					t.Errorf("encoding %d: the signature does not verify", enc)
				}
			}
		})
	}
}

func publicPEM(t *testing.T, name string) crypto.PublicKey {
	block, _ := pem.Decode([]byte(testdata(t, "test-key-"+name+".pub.pem")))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	}
	return must(public, err)
}

func TestSignAppends(t *testing.T) {
	signers := map[keys.Algorithm]crypto.Signer{
		keys.Ed25519: edKey, keys.ECDSAP256SHA256: p256Key, keys.ECDSAP384SHA384: p384Key,
		keys.ECDSAP521SHA512: p521Key, keys.RSAPSSSHA512: rsaKey, keys.RSAv15SHA256: rsaKey,
	}
	message := []byte("message")
	for algorithm, signer := range signers {
		for _, enc := range []keys.Encoding{keys.Raw, keys.DER} {
			key := must(keys.NewKey(signer, algorithm))
			got := must(key.Sign([]byte("before"), message, time.Now(), enc))
			sig, ok := bytes.CutPrefix(got, []byte("before"))
			if !ok || !verify(signer.Public(), algorithm, message, sig, enc) {
				t.Errorf("%s: not appended, or it does not verify", algorithm)
			}
		}
	}
	hmacKey := must(keys.NewHMACKey([]byte("secret")))
	once := must(hmacKey.Sign(nil, message, time.Now(), keys.Raw))
	again := must(hmacKey.Sign([]byte("before"), message, time.Now(), keys.Raw))
	if string(again) != "before"+string(once) {
		t.Error("hmac-sha256: not appended, or the state of one call reached the next")
	}
}

// foreign is a signer as an HSM's driver has one.
type foreign struct {
	public crypto.PublicKey
	sign   func(digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

func (f foreign) Public() crypto.PublicKey { return f.public }
func (f foreign) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return f.sign(digest, opts)
}

func TestSignWithForeignSigners(t *testing.T) {
	message := []byte("message")
	t.Run("what they are given", func(t *testing.T) {
		tests := []struct {
			algorithm keys.Algorithm
			signer    crypto.Signer
			hash      crypto.Hash
		}{
			{keys.Ed25519, edKey, 0},
			{keys.ECDSAP256SHA256, p256Key, crypto.SHA256},
			{keys.ECDSAP384SHA384, p384Key, crypto.SHA384},
			{keys.ECDSAP521SHA512, p521Key, crypto.SHA512},
			{keys.RSAPSSSHA512, rsaKey, crypto.SHA512},
			{keys.RSAv15SHA256, rsaKey, crypto.SHA256},
		}
		for _, tt := range tests {
			f := foreign{tt.signer.Public(), func(digest []byte, opts crypto.SignerOpts) ([]byte, error) {
				want := message
				if tt.hash != 0 {
					h := tt.hash.New()
					h.Write(message)
					want = h.Sum(nil)
				}
				if opts.HashFunc() != tt.hash || !bytes.Equal(digest, want) {
					t.Errorf("%s: given hash %v and %x", tt.algorithm, opts.HashFunc(), digest)
				}
				pss, isPSS := opts.(*rsa.PSSOptions)
				if isPSS != (tt.algorithm == keys.RSAPSSSHA512) || isPSS && pss.SaltLength != 64 {
					t.Errorf("%s: given options %+v", tt.algorithm, opts)
				}
				return tt.signer.Sign(rand.Reader, digest, opts)
			}}
			key := must(keys.NewKey(f, tt.algorithm))
			sig := must(key.Sign(nil, message, time.Now(), keys.Raw))
			if !verify(f.public, tt.algorithm, message, sig, keys.Raw) {
				t.Errorf("%s: the signature does not verify", tt.algorithm)
			}
		}
	})
	t.Run("failure", func(t *testing.T) {
		gone := errors.New("the token was removed")
		key := must(keys.NewKey(foreign{edKey.Public(), func([]byte, crypto.SignerOpts) ([]byte, error) { return nil, gone }}, ""))
		_, err := key.Sign(nil, message, time.Now(), keys.Raw)
		if !errors.Is(err, gone) {
			t.Errorf("error %v, want %v", err, gone)
		}
	})
	t.Run("other length", func(t *testing.T) {
		for _, public := range []crypto.PublicKey{edKey.Public(), rsaKey.Public()} {
			key := must(keys.NewKey(foreign{public, func([]byte, crypto.SignerOpts) ([]byte, error) { return make([]byte, 63), nil }}, ""))
			_, err := key.Sign(nil, message, time.Now(), keys.Raw)
			wantError(t, err, "length")
		}
	})
}

// messageSigner cannot sign digests.
type messageSigner struct{ foreign }

func (m messageSigner) SignMessage(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	return crypto.SignMessage(p256Key, random, message, opts)
}

func TestSignWithMessageSigner(t *testing.T) {
	key := must(keys.NewKey(messageSigner{foreign{public: p256Key.Public()}}, ""))
	sig := must(key.Sign(nil, []byte("message"), time.Now(), keys.Raw))
	if !verify(p256Key.Public(), keys.ECDSAP256SHA256, []byte("message"), sig, keys.Raw) {
		t.Error("the signature does not verify")
	}
}

func TestSignChecksDER(t *testing.T) {
	const one = "\x02\x01\x01"
	long := "\x02\x20\x7f" + strings.Repeat("\xff", 31)
	tests := []struct {
		name, der string
		want      string // r and s in hexadecimal without leading zeros; "" is malformed
	}{
		{"smallest", "\x30\x06" + one + one, "1 1"},
		{"zero that keeps it positive", "\x30\x07\x02\x02\x00\x80" + one, "80 1"},
		{"largest", "\x30\x46\x02\x21\x00" + strings.Repeat("\xff", 32) + "\x02\x21\x00" + strings.Repeat("\xff", 32), strings.Repeat("ff", 32) + " " + strings.Repeat("ff", 32)},
		{"empty", "", ""},
		{"no sequence", one + one, ""},
		{"cut off", "\x30\x06" + one + "\x02\x01", ""},
		{"cut off in a length", "\x30\x81", ""},
		{"only r", "\x30\x03" + one, ""},
		{"three integers", "\x30\x09" + one + one + one, ""},
		{"data behind", "\x30\x06" + one + one + "\x00", ""},
		{"negative", "\x30\x06\x02\x01\x80" + one, ""},
		{"zero", "\x30\x06" + one + "\x02\x01\x00", ""},
		{"integer without bytes", "\x30\x05" + one + "\x02\x00", ""},
		{"superfluous zero", "\x30\x07\x02\x02\x00\x01" + one, ""},
		{"too large for the curve", "\x30\x26\x02\x21\x01" + strings.Repeat("\x00", 32) + one, ""},
		{"length not minimal", "\x30\x81\x06" + one + one, ""},
		{"length in two bytes", "\x30\x82\x00\x06" + one + one, ""},
		{"length indefinite", "\x30\x80" + one + one + "\x00\x00", ""},
		{"other tag", "\x30\x06\x03\x01\x01" + one, ""},
		{"ok at full length", "\x30\x44" + long + long, "7f" + strings.Repeat("ff", 31) + " 7f" + strings.Repeat("ff", 31)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key := must(keys.NewKey(foreign{p256Key.Public(), func([]byte, crypto.SignerOpts) ([]byte, error) { return []byte(tt.der), nil }}, ""))
			raw, err := key.Sign(nil, nil, time.Now(), keys.Raw)
			der, derErr := key.Sign(nil, nil, time.Now(), keys.DER)
			if tt.want == "" {
				wantError(t, err, "malformed ECDSA signature")
				wantError(t, derErr, "malformed ECDSA signature")
				return
			}
			if err != nil || derErr != nil {
				t.Fatal(err, derErr)
			}
			got := new(big.Int).SetBytes(raw[:32]).Text(16) + " " + new(big.Int).SetBytes(raw[32:]).Text(16)
			if len(raw) != 64 || got != tt.want {
				t.Errorf("r and s are %s, want %s", got, tt.want)
			}
			if string(der) != tt.der {
				t.Errorf("DER was changed: %x", der)
			}
		})
	}
}
