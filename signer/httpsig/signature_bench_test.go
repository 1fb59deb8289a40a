package httpsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"testing"

	"github.com/yaronf/httpsign"

	"github.com/partnersign/partnersign/signer/keys"
)

// A signing is one algorithm three ways; httpsign is nil where it does not know
// the algorithm.
type signing struct {
	algorithm keys.Algorithm
	key       *keys.Key
	primitive func(base []byte) error
	httpsign  func(*httpsign.SignConfig, httpsign.Fields) (*httpsign.Signer, error)
}

func signings(b *testing.B) []signing {
	secret := make([]byte, 64)
	mac, err := keys.NewHMACKey(secret)
	if err != nil {
		b.Fatal(err)
	}
	seed := ed25519.NewKeyFromSeed(make([]byte, 32))
	c256, c384, c521 := benchECDSA(b, elliptic.P256()), benchECDSA(b, elliptic.P384()), benchECDSA(b, elliptic.P521())
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	type (
		config = *httpsign.SignConfig
		fields = httpsign.Fields
		result = *httpsign.Signer
	)
	return []signing{
		{keys.HMACSHA256, mac, func(base []byte) error {
			h := hmac.New(sha256.New, secret)
			h.Write(base)
			h.Sum(nil)
			return nil
		}, func(c config, f fields) (result, error) { return httpsign.NewHMACSHA256Signer(secret, c, f) }},
		{keys.Ed25519, benchKey(b, seed, keys.Ed25519), primitive(seed, crypto.Hash(0), nil),
			func(c config, f fields) (result, error) { return httpsign.NewEd25519Signer(seed, c, f) }},
		{keys.ECDSAP256SHA256, benchKey(b, c256, keys.ECDSAP256SHA256), primitive(c256, crypto.SHA256, nil),
			func(c config, f fields) (result, error) { return httpsign.NewP256Signer(*c256, c, f) }},
		{keys.ECDSAP384SHA384, benchKey(b, c384, keys.ECDSAP384SHA384), primitive(c384, crypto.SHA384, nil),
			func(c config, f fields) (result, error) { return httpsign.NewP384Signer(*c384, c, f) }},
		{keys.ECDSAP521SHA512, benchKey(b, c521, keys.ECDSAP521SHA512), primitive(c521, crypto.SHA512, nil), nil},
		{keys.RSAPSSSHA512, benchKey(b, rsa2048, keys.RSAPSSSHA512), primitive(rsa2048, crypto.SHA512, &rsa.PSSOptions{SaltLength: 64, Hash: crypto.SHA512}),
			func(c config, f fields) (result, error) { return httpsign.NewRSAPSSSigner(*rsa2048, c, f) }},
		{keys.RSAv15SHA256, benchKey(b, rsa2048, keys.RSAv15SHA256), primitive(rsa2048, crypto.SHA256, nil),
			func(c config, f fields) (result, error) { return httpsign.NewRSASigner(*rsa2048, c, f) }},
	}
}

// The step signature with six components and each algorithm, beside the
// signature alone over the same base and httpsign with the same components.
func BenchmarkAlgorithm(b *testing.B) {
	components := []string{"@method", "@target-uri", "authorization", "content-digest", "content-type", "idempotency-key"}
	for _, s := range signings(b) {
		name := "alg=" + string(s.algorithm) + "/how="
		step := newSignature(b, Options{Key: s.key}, components...)
		r := benchRequest()
		base, _, err := step.appendBase(nil, r, "test", nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"primitive", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := s.primitive(base); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"partnersign", func(b *testing.B) {
			b.ReportAllocs()
			fresh := *r
			for b.Loop() {
				*r = fresh
				delete(r.Header, "Signature")
				delete(r.Header, "Signature-Input")
				r.Record.KeyIDs = r.Record.KeyIDs[:0]
				if err := step.Apply(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
		if s.httpsign != nil {
			b.Run(name+"httpsign", func(b *testing.B) { benchHTTPSign(b, s, components) })
		}
	}
}

func benchHTTPSign(b *testing.B, s signing, components []string) {
	signer, err := s.httpsign(httpsign.NewSignConfig().SetKeyID("test"), httpsign.Headers(components...))
	if err != nil {
		b.Fatal(err)
	}
	r := benchRequest()
	req, err := http.NewRequest(r.Method, r.Scheme+"://"+r.Authority+r.Path+"?"+r.Query, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header = r.Header
	b.ReportAllocs()
	for b.Loop() {
		input, signature, err := httpsign.SignRequest("sig1", *signer, req)
		if err != nil || input == "" || signature == "" {
			b.Fatal(err)
		}
	}
}

func primitive(key crypto.Signer, hash crypto.Hash, o crypto.SignerOpts) func([]byte) error {
	if o == nil {
		o = hash
	}
	return func(base []byte) error {
		if hash != 0 {
			h := hash.New()
			h.Write(base)
			base = h.Sum(nil)
		}
		_, err := key.Sign(rand.Reader, base, o)
		return err
	}
}

func benchECDSA(b *testing.B, curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	return key
}

func benchKey(b *testing.B, s crypto.Signer, a keys.Algorithm) *keys.Key {
	key, err := keys.NewKey(s, a)
	if err != nil {
		b.Fatal(err)
	}
	return key
}
