package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yaronf/httpsign"
)

// signed is a request as a right proxy sends it, signed by httpsign.
func signed(t *testing.T, k *keyring, algorithm string, number int) sample {
	t.Helper()
	body := []byte(bodyBegin + strings.Repeat("x", kib-len(bodyBegin)-len(bodyEnd)) + bodyEnd)
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:80/v1/payments", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{
		"Authorization": {"Bearer " + token}, "Content-Digest": {digestOf(body)},
		"Idempotency-Key": {fmt.Sprintf("00000000-0000-4000-8000-%012d", number)},
	}
	fields := httpsign.Headers("@method", "@target-uri", "authorization", "content-digest", "idempotency-key")
	config := httpsign.NewSignConfig().SetKeyID(keyID)
	var signer *httpsign.Signer
	switch key := k.private[algorithm]; algorithm {
	case hmacSHA256:
		signer, err = httpsign.NewHMACSHA256Signer(k.secret, config, fields)
	case ed:
		signer, err = httpsign.NewEd25519Signer(key.(ed25519.PrivateKey), config, fields)
	case p256:
		signer, err = httpsign.NewP256Signer(*key.(*ecdsa.PrivateKey), config, fields)
	case p384:
		signer, err = httpsign.NewP384Signer(*key.(*ecdsa.PrivateKey), config, fields)
	case rsaPSS:
		signer, err = httpsign.NewRSAPSSSigner(*key.(*rsa.PrivateKey), config, fields)
	}
	if err != nil {
		t.Fatal(err)
	}
	input, signature, err := httpsign.SignRequest("sig1", *signer, r)
	if err != nil {
		t.Fatal(err)
	}
	var head strings.Builder
	fmt.Fprintf(&head, "POST /v1/payments HTTP/1.1\r\nHost: 127.0.0.1:80\r\nSignature-Input: %s\r\nSignature: %s\r\n", input, signature)
	_ = r.Header.Write(&head)
	head.WriteString("\r\n")
	return sample{Head: []byte(head.String()), Body: body, At: time.Now()}
}

func testKeyring(t *testing.T) *keyring {
	t.Helper()
	k, err := newKeyring(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVerify(t *testing.T) {
	k := testKeyring(t)
	for _, algorithm := range []string{hmacSHA256, ed, p256, p384, rsaPSS} {
		samples := []sample{signed(t, k, algorithm, 1), signed(t, k, algorithm, 2)}
		if err := all(algorithm).verify(k, samples, workloads[1]); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

// Whatever is wrong with one request makes the measurement an error.
func TestVerifyRefuses(t *testing.T) {
	k := testKeyring(t)
	right := signed(t, k, ed, 1)
	replace := func(old, new string) func() []sample {
		return func() []sample {
			head := bytes.Replace(right.Head, []byte(old), []byte(new), 1)
			if bytes.Equal(head, right.Head) {
				t.Fatalf("no %q in\n%s", old, right.Head)
			}
			return []sample{{Head: head, Body: right.Body, At: right.At}}
		}
	}
	for name, samples := range map[string]func() []sample{
		"nothing":         func() []sample { return nil },
		"method":          replace("POST ", "PUT "),
		"path":            replace("/v1/payments", "/v1/payment"),
		"host":            replace("Host: 127.0.0.1:80", "Host: 127.0.0.1:81"),
		"no token":        replace("Authorization: Bearer", "X-Authorization: Bearer"),
		"no digest":       replace("Content-Digest:", "X-Digest:"),
		"no signature":    replace("\r\nSignature:", "\r\nX-Signature:"),
		"signature":       replace("sig1=:", "sig1=:AAAA"),
		"covers less":     replace(` "idempotency-key"`, ""),
		"key id":          replace(`keyid="bench"`, `keyid="other"`),
		"algorithm":       replace(`alg="ed25519"`, `alg="hmac-sha256"`),
		"idempotency key": replace("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000003"),
		"a key twice":     func() []sample { return []sample{right, right} },
		"late":            func() []sample { return []sample{{Head: right.Head, Body: right.Body, At: right.At.Add(time.Minute)}} },
		"TLS":             func() []sample { return []sample{{Head: right.Head, Body: right.Body, At: right.At, Secure: true}} },
		"body":            func() []sample { return []sample{{Head: right.Head, Body: right.Body[:10], At: right.At}} },
		"changed body": func() []sample {
			return []sample{{Head: right.Head, Body: bytes.Replace(right.Body, []byte("x"), []byte("y"), 1), At: right.At}}
		},
		"second": func() []sample { return []sample{right, {Head: []byte("POST / HTTP/1.1\r\n\r\n"), At: right.At}} },
	} {
		if err := all(ed).verify(k, samples(), workloads[1]); err == nil {
			t.Errorf("%s: nothing is found wrong", name)
		}
	}
	other := testKeyring(t)
	if err := all(ed).verify(other, []sample{right}, workloads[1]); err == nil {
		t.Error("another key verifies it")
	}
}
