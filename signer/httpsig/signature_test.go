package httpsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

func newKey(t testing.TB, s crypto.Signer) *keys.Key {
	t.Helper()
	key, err := keys.NewKey(s, "")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newSignature(t testing.TB, o Options, components ...string) *Signature {
	t.Helper()
	if o.Key == nil {
		o.Key = newKey(t, ed25519.NewKeyFromSeed(make([]byte, 32)))
	}
	if o.KeyID == nil {
		o.KeyID = fixed("test")
	}
	for _, spelled := range components {
		c, err := ParseComponent(spelled)
		if err != nil {
			t.Fatal(err)
		}
		o.Components = append(o.Components, c)
	}
	s, err := NewSignature(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parameters(t testing.TB, spelled ...string) (ps []Parameter) {
	t.Helper()
	for _, s := range spelled {
		p, err := ParseParameter(s)
		if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
	return ps
}

func TestParametersInTheConfiguredOrder(t *testing.T) {
	nonce := bytes.Repeat([]byte{0xfb}, 16)
	for _, test := range []struct {
		spelled []string
		want    string
	}{
		{nil, `;created=1618884473;keyid="test";alg="ed25519"`},
		{[]string{"created"}, `;created=1618884473`},
		{[]string{"created=-5s"}, `;created=1618884468`},
		{[]string{"expires=60s", "created=-5s"}, `;expires=1618884528;created=1618884468`},
		{[]string{"created=-5m", "expires=301s"}, `;created=1618884173;expires=1618884474`},
		{[]string{"alg", "keyid", "created"}, `;alg="ed25519";keyid="test";created=1618884473`},
		{[]string{"tag=web-bot-auth", "expires=60s", "nonce"}, `;tag="web-bot-auth";expires=1618884533;nonce="` + base64.StdEncoding.EncodeToString(nonce) + `"`},
	} {
		r := request("GET", "/")
		r.Rand = bytes.NewReader(nonce)
		if err := newSignature(t, Options{Parameters: parameters(t, test.spelled...)}).Apply(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get("Signature-Input"); got != "sig1=()"+test.want {
			t.Errorf("%v: %s, want sig1=()%s", test.spelled, got, test.want)
		}
	}
}

func TestNonceIsFreshAndSigningFailsWithoutOne(t *testing.T) {
	s := newSignature(t, Options{Parameters: parameters(t, "nonce=32")})
	seen := map[string]bool{}
	for range 100 {
		r := request("GET", "/")
		r.Rand = rand.Reader
		if err := s.Apply(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		seen[r.Header.Get("Signature-Input")] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d different nonces of 100", len(seen))
	}
	r := request("GET", "/")
	r.Rand = strings.NewReader("too short")
	if err := s.Apply(t.Context(), r); err == nil || r.Header.Get("Signature") != "" {
		t.Errorf("signed without a nonce: %v", err)
	}
}

func TestHeaderNamesEncodingsAndLabel(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := newSignature(t, Options{
		Label: "sig-pp", Key: newKey(t, private), DER: true, URLEncoding: true,
		SignatureHeader: "Gc-Signature", InputHeader: "Gc-Signature-Input",
	}, "@method")
	r := request("POST", "/", "Gc-Signature: forged=:AAAA:")
	r.Header.Del("Gc-Signature") // as package signer does with what a step owns
	if err := s.Apply(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	member := regexp.MustCompile(`^sig-pp=:([A-Za-z0-9_-]+):$`).FindStringSubmatch(r.Header.Get("Gc-Signature"))
	if member == nil {
		t.Fatalf("Gc-Signature: %s", r.Header.Get("Gc-Signature"))
	}
	signature, err := base64.RawURLEncoding.DecodeString(member[1])
	if err != nil {
		t.Fatal(err)
	}
	base, _, err := s.appendBase(nil, r, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha512.Sum512(base)
	if !ecdsa.VerifyASN1(&private.PublicKey, digest[:], signature) {
		t.Error("the signature does not verify as ASN.1 DER over SHA-512")
	}
	if got := strings.Join(s.Owns(), " "); got != "Gc-Signature Gc-Signature-Input" {
		t.Errorf("owns %s", got)
	}
}

func TestSeveralSignatures(t *testing.T) {
	r := request("GET", "/")
	first := newSignature(t, Options{Label: "sig1"}, "@method")
	second := newSignature(t, Options{Label: "sig2"}, "@path", "signature;key=sig1")
	for _, s := range []*Signature{first, second} {
		if err := s.Apply(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	input, signature := r.Header["Signature-Input"], r.Header["Signature"]
	if len(input) != 1 || len(signature) != 1 {
		t.Fatalf("%v %v", input, signature)
	}
	if !strings.HasPrefix(input[0], "sig1=(") || !strings.Contains(input[0], `, sig2=("@path" "signature";key="sig1")`) {
		t.Errorf("Signature-Input: %s", input[0])
	}
	if !strings.HasPrefix(signature[0], "sig1=:") || !strings.Contains(signature[0], ":, sig2=:") {
		t.Errorf("Signature: %s", signature[0])
	}
	if got := r.Record.KeyIDs; len(got) != 2 {
		t.Errorf("key ids %v", got)
	}
}

func TestExistingSignaturesOfTheClient(t *testing.T) {
	s := newSignature(t, Options{Label: "sig1", Keep: true}, "@method")
	if s.Owns() != nil {
		t.Errorf("owns %v", s.Owns())
	}
	r := request("GET", "/", `Signature-Input: own=("@path")`, "Signature: own=:AAAA:")
	if err := s.Apply(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := r.Header.Get("Signature"); !strings.HasPrefix(got, "own=:AAAA:, sig1=:") {
		t.Errorf("Signature: %s", got)
	}
	// A dictionary without members is a line that is empty.
	r = request("GET", "/", "Signature-Input: ", "Signature: ")
	if err := s.Apply(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := r.Header.Get("Signature"); !strings.HasPrefix(got, "sig1=:") {
		t.Errorf("Signature: %s", got)
	}
	for name, headers := range map[string][]string{
		"our label":    {`Signature-Input: sig1=("@path")`, "Signature: sig1=:AAAA:"},
		"no input":     {"Signature: own=:AAAA:"},
		"no signature": {`Signature-Input: own=("@path")`},
		"other labels": {`Signature-Input: own=("@path")`, "Signature: other=:AAAA:"},
		"more inputs":  {`Signature-Input: own=("@path"), b=()`, "Signature: own=:AAAA:"},
		"garbage":      {`Signature-Input: own=("@path`, "Signature: own=:AAAA:"},
	} {
		err := s.Apply(t.Context(), request("GET", "/", headers...))
		var problem *signer.Problem
		if !errors.As(err, &problem) || problem.Status != 400 {
			t.Errorf("%s: %v, want a 400", name, err)
		}
	}
}

func TestOnSelects(t *testing.T) {
	on, err := signer.ParseMatch("POST", "/payments/**")
	if err != nil {
		t.Fatal(err)
	}
	s := newSignature(t, Options{On: on}, "@method")
	for r, want := range map[*signer.Request]bool{request("POST", "/payments/1"): true, request("GET", "/payments/1"): false, request("POST", "/other"): false} {
		if err := s.Apply(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get("Signature") != ""; got != want {
			t.Errorf("%s %s: signed %v", r.Method, r.Path, got)
		}
	}
}

func TestContentLengthNeedsToBeKnown(t *testing.T) {
	s := newSignature(t, Options{}, "content-length")
	for length, want := range map[int64]bool{-1: true, 0: false, 5: false} {
		if got := s.NeedsBody(&signer.Request{ContentLength: length}); got != want {
			t.Errorf("length %d: needs the body %v, want %v", length, got, want)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	key := newKey(t, ed25519.NewKeyFromSeed(make([]byte, 32)))
	method, _ := ParseComponent("@method")
	a, _ := ParseComponent("x;sf;key=a")
	b, _ := ParseComponent("x;key=a;sf")
	own, _ := ParseComponent("signature;key=sig1")
	for name, o := range map[string]Options{
		"no key":           {KeyID: fixed("x")},
		"no key id":        {Key: key},
		"label":            {Key: key, KeyID: fixed("x"), Label: "Sig"},
		"label with tail":  {Key: key, KeyID: fixed("x"), Label: "sig 1"},
		"DER of Ed25519":   {Key: key, KeyID: fixed("x"), DER: true},
		"same headers":     {Key: key, KeyID: fixed("x"), SignatureHeader: "X", InputHeader: "x"},
		"header name":      {Key: key, KeyID: fixed("x"), SignatureHeader: "a b"},
		"twice":            {Key: key, KeyID: fixed("x"), Components: []Component{method, method}},
		"twice, reordered": {Key: key, KeyID: fixed("x"), Components: []Component{a, b}},
		"itself":           {Key: key, KeyID: fixed("x"), Components: []Component{own}},
		"parameter twice":  {Key: key, KeyID: fixed("x"), Parameters: parameters(t, "created", "created")},
		"over at once":     {Key: key, KeyID: fixed("x"), Parameters: parameters(t, "expires=60s", "created=-60s")},
	} {
		if _, err := NewSignature(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := NewSignature(Options{Key: key, Parameters: parameters(t, "created")}); err != nil {
		t.Errorf("without keyid no key id is needed: %v", err)
	}
}
