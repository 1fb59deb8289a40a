package partnertest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"testing"
	"time"
)

// The vectors below were computed by another implementation of the same documentation.
// They pin how things are encoded; that Dfns takes them they do not prove.

func TestDfnsClientDataVector(t *testing.T) {
	const (
		clientData = "eyJjaGFsbGVuZ2UiOiJ0ZXN0LWNoYWxsZW5nZS0xMjMiLCJ0eXBlIjoia2V5LmdldCJ9"
		signature  = "g88HPyHo91BNsJ018W5RTh2Tb72chHAkur37B51Y65zrSlcNN6SZPjE4qzlBN-94MgMcMMsdequs2JprubXyBw"
	)
	text, err := decodeBase64URL(clientData)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkClientData(text, "test-challenge-123", false); err != nil {
		t.Error(err)
	}
	signed, err := decodeBase64URL(signature)
	if err != nil {
		t.Fatal(err)
	}
	public := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public()
	if !verifyDfns(public, text, signed) {
		t.Error("the signature does not verify")
	}
	signed[10] ^= 1
	if verifyDfns(public, text, signed) {
		t.Error("a changed signature verifies")
	}
}

func TestDfnsNonceVector(t *testing.T) {
	const nonce = "eyJ1dWlkIjoiMTExMTExMTEtMjIyMi00MzMzLTg0NDQtNTU1NTU1NTU1NTU1IiwiZGF0ZSI6IjIwMjQtMDItMTVUMTA6MDA6MDAuMDAwWiJ9"
	id, date, err := parseDfnsNonce(nonce)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2024, 2, 15, 10, 0, 0, 0, time.UTC); id != "11111111-2222-4333-8444-555555555555" || !date.Equal(want) {
		t.Errorf("read %s, %s", id, date)
	}
}

func TestDfnsAPISignatureVector(t *testing.T) {
	request := &Request{
		Method:    "POST",
		Target:    "/auth/login/init",
		Authority: "api.dfns.io",
		Header: Fields{
			{"Host", "api.dfns.io"},
			{"User-Agent", "DFNS NodeJs SDK"},
			{"Accept", "application/json"},
			{"Content-Type", "application/json"},
			{"Content-Length", "47"},
			{"X-DFNS-APPID", "ap-test"},
			{"X-DFNS-APPSECRET", "secret"},
			{"X-DFNS-NONCE", base64.RawURLEncoding.EncodeToString(
				[]byte(`{"date":"2024-02-15T10:00:00.000Z","uuid":"11111111-2222-4333-8444-555555555555"}`))},
		},
		Body: []byte(`{"username":"bob@example.co","orgId":"or-test"}`),
	}
	input, err := apiSignatureInput(request)
	if err != nil {
		t.Fatal(err)
	}
	if got := sha256Hex(input); len(input) != 820 || got != "90fd46a223e260bd43702e12adcfca4cc6d1f803e1e32a2f05c839cdcc388360" {
		t.Errorf("the signing input has %d bytes, sha256 %s:\n%s", len(input), got, input)
	}
	key := rfc7515Key(t)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest(crypto.SHA256, input))
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString(signature)
	if got := sha256Hex(text); len(text) != 342 || got != "f33d8cdd02b6edd3e30921761ee458330d423882b1449415856ecd1d17d24101" {
		t.Errorf("the signature has %d characters, sha256 %s", len(text), got)
	}
	request.Header = append(request.Header, [2]string{"X-DFNS-APISIGNATURE", text})
	if refusal := checkAPISignature(request, &key.PublicKey); refusal != nil {
		t.Error(refusal.reason)
	}
}

// rfc7515Key is the key of RFC 7515, appendix A.2.1, from its two primes.
func rfc7515Key(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	number := func(text string) *big.Int {
		bytes, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(bytes)
	}
	p := number("4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc")
	q := number("uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc")
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(big.NewInt(65537), phi),
		Primes:    []*big.Int{p, q},
	}
	key.Precompute()
	if err := key.Validate(); err != nil {
		t.Fatal(err)
	}
	return key
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
