package httpsig

import (
	"crypto/ed25519"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// What a signature says that it covers is read back as it was signed, and the
// base is the same.
func TestSigned(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.NewKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Key: key, KeyID: fixed(`a"b`)}
	for _, spelled := range []string{"@method", "@query-param;name=a%20b", "@query?", "content-type?", "x-list;bs", "x-dict;key=a", "x-dict;sf", "x-list"} {
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
	r := &signer.Request{
		Method: "POST", Scheme: "https", Authority: "a.example", Path: "/b", Query: "a%20b=c+d", HasQuery: true,
		Header: http.Header{"X-List": {"a", "b"}, "X-Dict": {"a=1,  b=2"}}, Now: time.Now(), Record: new(signer.Record),
	}
	if err := s.Apply(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	base, err := s.Signed(r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(base, `"x-dict";sf: a=1, b=2`) || !strings.Contains(base, `"@query-param";name="a%20b": c%20d`) || strings.Contains(base, "content-type") {
		t.Errorf("the base is\n%s", base)
	}
	if signature := signatureOf(t, r); !ed25519.Verify(public, []byte(base), signature) {
		t.Errorf("the signature is not over\n%s", base)
	}
	if s.on, err = signer.ParseMatch("GET", "/**"); err != nil {
		t.Fatal(err)
	}
	if base, err := s.Signed(r); base != "" || err != nil {
		t.Errorf("a request that is not signed has the base %q, %v", base, err)
	}
}

func signatureOf(t *testing.T, r *signer.Request) []byte {
	t.Helper()
	value, err := memberOf(r.Header["Signature"], "sig1")
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, ed25519.SignatureSize)
	if _, err := (&Signature{}).encoding().Decode(signature, []byte(strings.Trim(value, ":"))); err != nil {
		t.Fatal(err)
	}
	return signature
}

func TestParseInput(t *testing.T) {
	in, err := ParseInput([]string{`a=("@method" "X-Upper";sf), b=("@path");created=1;keyid="k"`}, "b")
	if err != nil || in.String() != `("@path");created=1;keyid="k"` || len(in.Components()) != 1 || strings.Join(in.Parameters(), " ") != "created keyid" {
		t.Errorf("%+v %v", in, err)
	}
	for _, line := range []string{"", "b", "b=1", "b=(1)", `a=("@path")`, `b=("@nothing")`, `b=("@path";req)`, `b=("@path"`} {
		if _, err := ParseInput([]string{line}, "b"); err == nil {
			t.Errorf("%s is taken", line)
		}
	}
}
