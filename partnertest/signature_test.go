package partnertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

// pair is a private key, or the secret of hmac-sha256.
type pair struct {
	key     Key
	private crypto.Signer
}

func newPair(t testing.TB, algorithm string) pair {
	t.Helper()
	var private crypto.Signer
	var err error
	switch algorithm {
	case "ed25519":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case "ecdsa-p256-sha256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ecdsa-p384-sha384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ecdsa-p521-sha512":
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "rsa-pss-sha512", "rsa-v1_5-sha256":
		// As short as PSS with a salt of 64 bytes allows without effort: keys cost time.
		private, err = rsa.GenerateKey(rand.Reader, 1536)
	case "hmac-sha256":
		return pair{key: Key{Secret: []byte("a secret")}}
	}
	if err != nil {
		t.Fatal(err)
	}
	return pair{key: Key{Algorithm: algorithm, Public: private.Public()}, private: private}
}

// sign signs a base.
func (p pair) sign(t testing.TB, base string) []byte {
	t.Helper()
	var signature []byte
	var err error
	switch private := p.private.(type) {
	case nil:
		mac := hmac.New(sha256.New, p.key.Secret)
		mac.Write([]byte(base))
		return mac.Sum(nil)
	case ed25519.PrivateKey:
		return ed25519.Sign(private, []byte(base))
	case *rsa.PrivateKey:
		if p.key.Algorithm == "rsa-v1_5-sha256" {
			signature, err = rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest(crypto.SHA256, base))
			break
		}
		options := &rsa.PSSOptions{SaltLength: 64}
		signature, err = rsa.SignPSS(rand.Reader, private, crypto.SHA512, digest(crypto.SHA512, base), options)
	case *ecdsa.PrivateKey:
		hash := ecdsaAlgorithms[private.Params().BitSize].hash
		if p.key.DER {
			signature, err = ecdsa.SignASN1(rand.Reader, private, digest(hash, base))
			break
		}
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, private, digest(hash, base)); err == nil {
			size := (private.Params().BitSize + 7) / 8
			signature = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// wire is a signed request: what is covered is literal, so that no code of the package
// has a part in the base.
func (p pair) wire(t testing.TB, inputHeader, header, body string) string {
	t.Helper()
	const input = `("@method" "@target-uri" "content-digest");created=1618884473;keyid="k"`
	sum := sha256.Sum256([]byte(body))
	contentDigest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	base := `"@method": POST` + "\n" +
		`"@target-uri": https://partner.test/pay?a=b` + "\n" +
		`"content-digest": ` + contentDigest + "\n" +
		`"@signature-params": ` + input
	signature := base64.StdEncoding.EncodeToString(p.sign(t, base))
	return fmt.Sprintf("POST /pay?a=b HTTP/1.1\r\nHost: partner.test\r\nContent-Digest: %s\r\n%s: sig1=%s\r\n%s: sig1=:%s:\r\nContent-Length: %d\r\n\r\n%s",
		contentDigest, inputHeader, input, header, signature, len(body), body)
}

func TestAlgorithms(t *testing.T) {
	for _, test := range []struct {
		algorithm string
		der       bool
		httpsign  string
	}{
		{"ed25519", false, accepted},
		{"ecdsa-p256-sha256", false, accepted},
		{"ecdsa-p256-sha256", true, "not asked: it knows no ECDSA signatures in ASN.1 DER"},
		{"ecdsa-p384-sha384", false, accepted},
		{"ecdsa-p521-sha512", false, "not asked: it knows no ecdsa-p521-sha512"},
		{"rsa-pss-sha512", false, accepted},
		{"rsa-v1_5-sha256", false, accepted},
		{"hmac-sha256", false, accepted},
	} {
		t.Run(fmt.Sprint(test.algorithm, test.der), func(t *testing.T) {
			signer := newPair(t, test.algorithm)
			signer.key.DER = test.der
			v := verifierFor(t, Require{
				Keys: map[string]Key{"k": signer.key}, SignatureHeader: "Gc-Signature", InputHeader: "Gc-Signature-Input",
			})
			wire := signer.wire(t, "Gc-Signature-Input", "Gc-Signature", "{}")
			verdict := judgeWire(t, v, wire)
			if !verdict.OK {
				t.Fatal(verdict.Problems)
			}
			signature := verdict.Signatures[0]
			if signature.HTTPSign != test.httpsign || signature.Algorithm != test.algorithm || signature.KeyID != "k" {
				t.Errorf("signature %+v", signature)
			}
			tampered := judgeWire(t, v, strings.Replace(wire, "/pay", "/pax", 1))
			if tampered.OK || tampered.Signatures[0].HTTPSign == accepted {
				t.Errorf("tampered: %+v", tampered)
			}
			other := newPair(t, test.algorithm)
			other.key.Secret = []byte("another secret")
			if other.private != nil {
				other.key.Secret = nil
			}
			other.key.DER = test.der
			v = verifierFor(t, Require{
				Keys: map[string]Key{"k": other.key}, SignatureHeader: "Gc-Signature", InputHeader: "Gc-Signature-Input",
			})
			if verdict := judgeWire(t, v, wire); verdict.OK {
				t.Error("accepted with another key")
			}
		})
	}
}

// TestPSSSalt: httpsign accepts every length of salt, section 3.3.1 only 64 bytes.
func TestPSSSalt(t *testing.T) {
	signer := newPair(t, "rsa-pss-sha512")
	short, err := rsa.SignPSS(rand.Reader, signer.private.(*rsa.PrivateKey), crypto.SHA512,
		digest(crypto.SHA512, "base"), &rsa.PSSOptions{SaltLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	if signer.key.verify("base", short) == nil {
		t.Error("a salt of 32 bytes was accepted")
	}
}
