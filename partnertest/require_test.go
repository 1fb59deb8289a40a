package partnertest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	uuid1 = "7b1f6c2e-2f0a-4c8e-9a53-8a5d9a3f1c11"
	uuid2 = "0c1e8d2a-98f3-4b52-8d3a-55a1f0d9b7ce"
)

// TestProblems: each requirement that is not met is one sentence.
func TestProblems(t *testing.T) {
	sum := sha256.Sum256([]byte("body"))
	digest := base64.StdEncoding.EncodeToString(sum[:])
	for _, test := range []struct {
		name    string
		require Require
		header  string
		want    []string
	}{
		{name: "nothing"},
		{
			name:    "bearer missing",
			require: Require{Bearer: "token-canary"},
			want:    []string{"There are 0 Authorization fields, where one was expected."},
		},
		{
			name:    "bearer twice",
			require: Require{Bearer: "token-canary"},
			header:  "Authorization: Bearer token-canary\r\nauthorization: Bearer token-canary\r\n",
			want:    []string{"There are 2 Authorization fields, where one was expected."},
		},
		{
			name:    "another bearer",
			require: Require{Bearer: "token-canary"},
			header:  "Authorization: Bearer token-canarx\r\n",
			want:    []string{`The credential after "Bearer " is not the one expected.`},
		},
		{
			name:    "basic for bearer",
			require: Require{Bearer: "token-canary"},
			header:  "Authorization: Basic YTpi\r\n",
			want:    []string{`Authorization does not begin with "Bearer ".`},
		},
		{
			name:    "basic",
			require: Require{Username: "a", Password: "b"},
			header:  "Authorization: Basic YTpi\r\n",
		},
		{
			name:    "digest missing",
			require: Require{ContentDigest: "sha-256"},
			want:    []string{"The body has no Content-Digest called sha-256."},
		},
		{
			name:    "digest of another name",
			require: Require{ContentDigest: "sha-512"},
			header:  "Content-Digest: sha-256=:" + digest + ":\r\n",
			want:    []string{"The body has no Content-Digest called sha-512."},
		},
		{
			name:    "digest without the dash",
			require: Require{ContentDigest: "sha256"},
			header:  "Content-Digest: sha256=:" + digest + ":\r\n",
		},
		{
			name:    "any digest",
			require: Require{ContentDigest: AnyDigest},
			header:  "Content-Digest: sha-256=:" + digest + ":, unknown=:AAAA:\r\n",
		},
		{
			name:    "no known digest",
			require: Require{ContentDigest: AnyDigest},
			header:  "Content-Digest: unknown=:AAAA:\r\n",
			want:    []string{"The body has no Content-Digest with SHA-256 or SHA-512."},
		},
		{
			name:   "wrong digest, asked for or not",
			header: "Content-Digest: sha-256=:" + strings.Replace(digest, "a", "b", 1) + ":\r\n",
			want: []string{
				"The sha-256 of Content-Digest is not that of the 4 bytes of the body.",
				"httpsign refuses Content-Digest: digest mismatch for scheme sha-256.",
			},
		},
		{
			name:    "idempotency key missing",
			require: Require{IdempotencyKey: RawUUID},
			want:    []string{"There are 0 Idempotency-Key fields, where one was expected."},
		},
		{
			name:    "idempotency key quoted",
			require: Require{IdempotencyKey: RawUUID},
			header:  `Idempotency-Key: "` + uuid1 + `"` + "\r\n",
			want:    []string{`Idempotency-Key is "\"` + uuid1 + `\"", which is not of the form "uuid".`},
		},
		{
			name:    "idempotency key of another name",
			require: Require{IdempotencyKey: QuotedUUID, IdempotencyHeader: "PayPal-Request-Id"},
			header:  `PayPal-Request-Id: "` + uuid1 + `"` + "\r\n",
		},
		{
			name:    "any idempotency key",
			require: Require{IdempotencyKey: AnyKey},
			header:  "Idempotency-Key: order 17\r\n",
		},
		{
			name:    "not signed",
			require: Require{DefaultKey: &Key{Secret: []byte("s")}},
			want:    []string{"The request is not signed: it has no Signature-Input."},
		},
		{
			name:    "another label",
			require: Require{DefaultKey: &Key{Secret: []byte("s")}, Label: "sig1"},
			header:  "Signature-Input: sig2=()\r\nSignature: sig2=:AAAA:\r\n",
			want:    []string{`The request has no signature with the label "sig1".`},
		},
		{
			name:    "the same label twice",
			require: Require{DefaultKey: &Key{Secret: []byte("s")}},
			header:  "Signature-Input: sig=()\r\nSignature-Input: sig=()\r\nSignature: sig=:AAAA:\r\n",
			want:    []string{`Signature-Input cannot be read: the member "sig" is there twice.`},
		},
		{
			name:    "value without input",
			require: Require{DefaultKey: &Key{Secret: []byte("s")}},
			header:  "Signature: sig=:AAAA:\r\n",
			want:    []string{`Signature "sig" has no member in Signature-Input.`},
		},
		{
			name:    "unknown key",
			require: Require{Keys: map[string]Key{"k": {Secret: []byte("s")}}},
			header:  "Signature-Input: sig=();keyid=\"other\"\r\nSignature: sig=:AAAA:\r\n",
			want:    []string{`Signature "sig": no key is known by the keyid "other".`},
		},
		{
			name:    "no keyid",
			require: Require{Keys: map[string]Key{"k": {Secret: []byte("s")}}},
			header:  "Signature-Input: sig=()\r\nSignature: sig=:AAAA:\r\n",
			want:    []string{`Signature "sig": the signature has no keyid.`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			wire := "POST / HTTP/1.1\r\nHost: partner.test\r\n" + test.header + "Content-Length: 4\r\n\r\nbody"
			verdict := judgeWire(t, verifierFor(t, test.require), wire)
			if !slices.Equal(verdict.Problems, test.want) || verdict.OK != (test.want == nil) {
				t.Errorf("problems are\n%q, want\n%q", verdict.Problems, test.want)
			}
			if text := fmt.Sprint(verdict.Problems); strings.Contains(text, "canar") {
				t.Errorf("problems name the credential: %s", text)
			}
		})
	}
}

// TestParameters: each fault of a signature's input is named beside the signature that
// holds.
func TestParameters(t *testing.T) {
	signer := newPair(t, "hmac-sha256")
	at := vectorTime().Unix()
	for _, test := range []struct {
		input   string
		require Require
		want    string
	}{
		{input: fmt.Sprintf(`();created=%d`, at-60)},
		{input: fmt.Sprintf(`();created=%d`, at-61), want: "it was created 1m1s ago, and may be no older than 1m0s"},
		{input: fmt.Sprintf(`();created=%d`, at+2)},
		{input: fmt.Sprintf(`();created=%d`, at+3), want: "it is created 3s from now"},
		{input: `()`, want: `the parameter created is "", where a time was expected`},
		{input: fmt.Sprintf(`();created=%d;expires=%d`, at, at)},
		{input: fmt.Sprintf(`();created=%d;expires=%d`, at, at-5), want: "it expired 5s ago"},
		{input: fmt.Sprintf(`();created=%d;alg="ed25519"`, at), want: `the parameter alg is "ed25519", and the key's algorithm is "hmac-sha256"`},
		{input: fmt.Sprintf(`();created=%d`, at), require: Require{Parameters: []string{"nonce"}}, want: "the parameter nonce is missing"},
		{input: fmt.Sprintf(`();created=%d`, at), require: Require{Components: []string{"@method"}}, want: `the component "@method" is not covered`},
		{input: fmt.Sprintf(`();created=%d`, at), require: Require{Components: []string{"content-digest?", "@query?"}}},
		{input: fmt.Sprintf(`();created=%d`, at), require: Require{Components: []string{"host?"}}, want: `the component "host" is not covered`},
		{input: fmt.Sprintf(`();created=%d;a=?1`, at), want: fmt.Sprintf(`the input is sig=();created=%d;a=?1, and strictly serialised it is sig=();created=%d;a`, at, at)},
	} {
		base := `"@signature-params": ` + test.input
		wire := "GET / HTTP/1.1\r\nHost: partner.test\r\nSignature-Input: sig=" + test.input + "\r\nSignature: sig=:" +
			base64.StdEncoding.EncodeToString(signer.sign(t, base)) + ":\r\n\r\n"
		test.require.DefaultKey, test.require.MaxAge = &signer.key, time.Minute
		verdict := judgeWire(t, verifierFor(t, test.require), wire)
		want := `Signature "sig": ` + test.want + "."
		if test.want == "" && !verdict.OK || test.want != "" && !slices.Contains(verdict.Problems, want) {
			t.Errorf("%s: %q, want %q", test.input, verdict.Problems, test.want)
		}
	}
}
