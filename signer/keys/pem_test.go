package keys_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func TestPEM(t *testing.T) {
	sec1 := pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256Key)))
	pkcs1 := pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey))
	// what `openssl ecparam -genkey` writes before the key
	parameters := pemOf("EC PARAMETERS", must(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})))
	publicKey := pemOf("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(p256Key.Public())))
	certificate := pemOf("CERTIFICATE", newCertificate())
	tests := []struct {
		name, content string
		public        crypto.PublicKey
		algorithm     keys.Algorithm
	}{
		{"PKCS #8 Ed25519", pkcs8(edKey), edKey.Public(), keys.Ed25519},
		{"PKCS #8 P-256", pkcs8(p256Key), p256Key.Public(), keys.ECDSAP256SHA256},
		{"PKCS #8 P-384", pkcs8(p384Key), p384Key.Public(), keys.ECDSAP384SHA384},
		{"PKCS #8 P-521", pkcs8(p521Key), p521Key.Public(), keys.ECDSAP521SHA512},
		{"PKCS #8 RSA", pkcs8(rsaKey), rsaKey.Public(), keys.RSAPSSSHA512},
		{"PKCS #8 RSA-PSS", rsaPSS(nil), rsaKey.Public(), keys.RSAPSSSHA512},
		{"PKCS #8 RSA-PSS bound to SHA-512", rsaPSS(pssParams(oidSHA512, oidSHA512, 64)), rsaKey.Public(), keys.RSAPSSSHA512},
		{"SEC 1", sec1, p256Key.Public(), keys.ECDSAP256SHA256},
		{"SEC 1 with parameters", parameters + sec1, p256Key.Public(), keys.ECDSAP256SHA256},
		{"PKCS #1", pkcs1, rsaKey.Public(), keys.RSAPSSSHA512},
		{"text before it", "Bag Attributes\n    localKeyID: 01\n" + sec1, p256Key.Public(), keys.ECDSAP256SHA256},
		{"with its certificate", certificate + sec1, p256Key.Public(), keys.ECDSAP256SHA256},
		{"with its public key", sec1 + publicKey, p256Key.Public(), keys.ECDSAP256SHA256},
		{"CRLF", strings.ReplaceAll(sec1, "\n", "\r\n"), p256Key.Public(), keys.ECDSAP256SHA256},
		{"no newline at the end", strings.TrimSpace(sec1), p256Key.Public(), keys.ECDSAP256SHA256},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := loadKey(t, tt.content, keys.KeyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if key.Algorithm() != tt.algorithm {
				t.Errorf("algorithm %s, want %s", key.Algorithm(), tt.algorithm)
			}
			if !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(tt.public) {
				t.Error("this is another key")
			}
			sig := must(key.Sign(nil, []byte("message"), time.Now(), keys.Raw))
			if !verify(tt.public, tt.algorithm, []byte("message"), sig, keys.Raw) {
				t.Error("the signature does not verify")
			}
			t.Setenv("TEST_KEY", tt.content)
			if _, err := new(keys.Loader).Key("{env.TEST_KEY}", keys.KeyOptions{}); err != nil {
				t.Error("from the environment:", err)
			}
		})
	}
}

func TestPEMErrors(t *testing.T) {
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader))
	legacy := string(pem.EncodeToMemory(&pem.Block{
		Type:    "EC PRIVATE KEY",
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"},
		Bytes:   []byte("encrypted"),
	}))
	publicKey := pemOf("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(edKey.Public())))
	damaged := must(x509.MarshalPKCS8PrivateKey(edKey))
	damaged[len(damaged)-33]++ // the length of the seed
	const (
		encrypted = "`openssl pkey -in KEY -out NEW`"
		curves    = "P-256, P-384 or P-521"
		kinds     = "use Ed25519, ECDSA, RSA or HMAC"
		malformed = "the PEM is malformed"
		copyAgain = "copy it again as a whole"
	)
	tests := []struct {
		name, content string
		algorithm     keys.Algorithm
		want          string
	}{
		{"encrypted", pemOf("ENCRYPTED PRIVATE KEY", []byte("encrypted")), "", encrypted},
		{"encrypted in the old way", legacy, "", encrypted},
		{"public key", publicKey, "", "public key or a certificate"},
		{"RSA public key", pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)), "", "public key or a certificate"},
		{"certificate", pemOf("CERTIFICATE", newCertificate()), "", "public key or a certificate"},
		{"parameters alone", pemOf("EC PARAMETERS", []byte("x")), "", "no private key"},
		{"two keys", pkcs8(edKey) + pkcs8(p256Key), "", "several private keys"},
		{"OpenSSH", pemOf("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")), "", "ssh-keygen -p -m PKCS8"},
		{"DSA", pemOf("DSA PRIVATE KEY", []byte("x")), "", "something else than a private key"},
		{"newlines written out", strings.ReplaceAll(pkcs8(edKey), "\n", `\n`), "", malformed},
		{"on one line", strings.ReplaceAll(pkcs8(edKey), "\n", " "), "", malformed},
		{"cut off", pkcs8(rsaKey)[:800], "", malformed},
		{"one of two cut off", pkcs8(edKey) + pkcs8(rsaKey)[:800], "", malformed},
		{"PKCS #8 garbage", pemOf("PRIVATE KEY", []byte("garbage")), "", copyAgain},
		{"PKCS #8 empty", pemOf("PRIVATE KEY", nil), "", copyAgain},
		{"PKCS #8 with data behind", pemOf("PRIVATE KEY", append(must(x509.MarshalPKCS8PrivateKey(edKey)), 0)), "", copyAgain},
		{"PKCS #1 garbage", pemOf("RSA PRIVATE KEY", []byte("garbage")), "", copyAgain},
		{"PKCS #1 as PKCS #8", pemOf("PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), "", copyAgain},
		{"PKCS #1 with wrong numbers", pemOf("RSA PRIVATE KEY", inconsistentRSA()), "", copyAgain},
		{"SEC 1 garbage", pemOf("EC PRIVATE KEY", []byte("garbage")), "", curves},
		{"damaged Ed25519", pemOf("PRIVATE KEY", damaged), "", kinds},
		{"short RSA in PKCS #1", pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(weak)), "", "shorter than 2048 bits"},
		{"short RSA in PKCS #8", pkcs8(weak), "", "shorter than 2048 bits"},
		{"long RSA", pemOf("RSA PRIVATE KEY", hugeRSA()), "", "longer than 16384 bits"},
		{"P-224 in PKCS #8", pkcs8(p224), "", curves},
		{"P-224 in SEC 1", pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p224))), "", curves},
		{"X25519", pkcs8(x25519), "", kinds},
		{"Ed448", pkcs8Of(asn1.ObjectIdentifier{1, 3, 101, 113}, nil, make([]byte, 59)), "", kinds},
		{"RSA-PSS used otherwise", rsaPSS(nil), keys.RSAv15SHA256, "it can be used with rsa-pss-sha512"},
		{"RSA-PSS bound to defaults", rsaPSS(must(asn1.Marshal(struct{}{}))), "", "bound to other parameters"},
		{"RSA-PSS bound to SHA-256", rsaPSS(pssParams(oidSHA256, oidSHA256, 32)), "", "bound to other parameters"},
		{"RSA-PSS bound to another MGF", rsaPSS(pssParams(oidSHA512, oidSHA256, 64)), "", "bound to other parameters"},
		{"RSA-PSS bound to more salt", rsaPSS(pssParams(oidSHA512, oidSHA512, 65)), "", "bound to other parameters"},
		{"RSA-PSS bound to garbage", rsaPSS([]byte{0x05, 0x00}), "", copyAgain},
		{"other algorithm", pkcs8(edKey), keys.ECDSAP256SHA256, "does not suit the algorithm ecdsa-p256-sha256: it can be used with ed25519"},
		{"pair as secret", pkcs8(rsaKey), keys.HMACSHA256, "does not suit the algorithm hmac-sha256"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := loadKey(t, tt.content, keys.KeyOptions{Algorithm: tt.algorithm})
			wantError(t, err, tt.want)
		})
	}
}

var (
	oidEC        = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidSecp256k1 = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
	oidRSAPSS    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSHA256    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA512    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

func pkcs8Of(algorithm asn1.ObjectIdentifier, params, key []byte) string {
	return pemOf("PRIVATE KEY", must(asn1.Marshal(struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}{0, pkix.AlgorithmIdentifier{Algorithm: algorithm, Parameters: asn1.RawValue{FullBytes: params}}, key})))
}

func rsaPSS(params []byte) string {
	return pkcs8Of(oidRSAPSS, params, x509.MarshalPKCS1PrivateKey(rsaKey))
}

func pssParams(hash, mgfHash asn1.ObjectIdentifier, salt int) []byte {
	inner := must(asn1.Marshal(pkix.AlgorithmIdentifier{Algorithm: mgfHash}))
	return must(asn1.Marshal(struct {
		Hash pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
		MGF  pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
		Salt int                      `asn1:"explicit,tag:2"`
	}{
		pkix.AlgorithmIdentifier{Algorithm: hash},
		pkix.AlgorithmIdentifier{Algorithm: oidMGF1, Parameters: asn1.RawValue{FullBytes: inner}},
		salt,
	}))
}

type pkcs1 struct {
	Version                  int
	N                        *big.Int
	E                        int
	D, P, Q, DP, DQ, Inverse *big.Int
}

// hugeRSA is not even a key: checking it would take long.
func hugeRSA() []byte {
	n := new(big.Int).Lsh(big.NewInt(1), 1<<16)
	return must(asn1.Marshal(pkcs1{0, n, 65537, n, n, n, n, n, n}))
}

func inconsistentRSA() []byte {
	p := rsaKey.Precomputed
	d := new(big.Int).Add(rsaKey.D, big.NewInt(2))
	return must(asn1.Marshal(pkcs1{0, rsaKey.N, rsaKey.E, d, rsaKey.Primes[0], rsaKey.Primes[1], p.Dp, p.Dq, p.Qinv}))
}

func newCertificate() []byte {
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	return must(x509.CreateCertificate(rand.Reader, template, template, p256Key.Public(), p256Key))
}
