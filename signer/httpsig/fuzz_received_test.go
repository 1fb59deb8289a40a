package httpsig_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/httpsig"
)

// What a partner's or a client's Signature-Input says is read as it is written
// strictly, and a base ends in just that.
func FuzzParseReceivedInput(f *testing.F) {
	for _, text := range []string{
		`sig1=("@method" "@target-uri" "content-digest");created=1618884473;keyid="a"`,
		`sig1=("@query-param";name="a" "x";sf "x";bs "x";key="a" "@path";req "x";tr);nonce=:YQ==:`,
		`a=1, sig1=()`, `sig1=("x" "x")`, `sig1=(x)`, `sig1=("")`, "sig1=(\"a\t\")", `sig1=("@authority");expires=1.5;x=@1;y=?0`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in, err := httpsig.ParseInput([]string{text}, "sig1")
		if err != nil {
			return
		}
		again, err := httpsig.ParseInput([]string{"sig1=" + in.String()}, "sig1")
		if err != nil || again.String() != in.String() || len(again.Components()) != len(in.Components()) {
			t.Fatalf("%s is read again as %v, %v", in, again, err)
		}
		r := &signer.Request{Method: "POST", Scheme: "https", Authority: "a.example", Path: "/b", Header: http.Header{"X": {"a=1, b", "c"}, "Content-Digest": {"sha-256=:YQ==:"}}}
		base, err := in.Base(r)
		if err == nil && (!strings.HasSuffix(base, `"@signature-params": `+in.String()) || strings.Count(base, "\n") < len(in.Components())) {
			t.Errorf("the base of %s is %q", in, base)
		}
	})
}
