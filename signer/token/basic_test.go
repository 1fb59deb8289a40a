package token_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/token"
)

// The example of RFC 7617 section 2.
func TestBasic(t *testing.T) {
	r := &signer.Request{Method: "GET", Path: "/", Header: http.Header{}}
	basic := &token.Basic{User: fixed("Aladdin"), Password: fixed("open sesame")}
	if err := basic.Apply(t.Context(), r); err != nil || r.Header.Get("Authorization") != "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" || basic.Ready(time.Now()) != nil {
		t.Errorf("%q, %v", r.Header.Get("Authorization"), err)
	}
	missing := newChanging(errors.New("no such file"))
	for _, basic := range []*token.Basic{{User: missing, Password: fixed("p")}, {User: fixed("u"), Password: missing}} {
		err := basic.Apply(t.Context(), r)
		wantProblem(t, err, "the partner's user and password are not available")
		if ready := basic.Ready(time.Now()); ready == nil || !strings.HasPrefix(ready.Error(), "basic_auth: ") {
			t.Errorf("ready: %v", ready)
		}
	}
	wantProblem(t, (&token.Basic{User: fixed("a:b"), Password: fixed("p")}).Apply(t.Context(), r), "are not available")
}
