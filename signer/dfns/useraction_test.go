package dfns

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// Each kind of key signs as Dfns verifies, and the token that Dfns gives for it
// is for this request.
func TestUserAction(t *testing.T) {
	oneOf := keys.KeyOptions{OneOf: CredentialAlgorithms()}
	for name, key := range map[string]*keys.Key{
		"Ed25519":   newKey(seedKey, ""),
		"P-256":     newKey(p256Key, ""),
		"secp256k1": loadKey(t, "../keys/testdata/test-key-secp256k1.key.pem", oneOf),
		"RSA":       loadKey(t, "../keys/testdata/test-key-rsa.key.pem", oneOf),
	} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			t.Run(name+" "+method, func(t *testing.T) {
				dfns := newFakeDfns(key.Public())
				u := newUserAction(t, UserActionOptions{Key: key, Call: dfns.call})
				body := ""
				if method != "DELETE" {
					body = `{"network":"EthereumSepolia"}`
				}
				r := request(method, "/wallets/wa%2D1?force=true", body)
				if err := u.Apply(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				q, ok := dfns.granted[r.Header.Get("X-DFNS-USERACTION")]
				if !ok || *q.Payload != body || q.Method != method || q.Path != "/wallets/wa%2D1" {
					t.Errorf("authorised %+v", q)
				}
				if !slices.Equal(r.Record.KeyIDs, []string{credentialID}) {
					t.Errorf("recorded keys %q", r.Record.KeyIDs)
				}
			})
		}
	}
}

// What needs no user action gets none, and no call is made for it.
func TestUserActionNotNeeded(t *testing.T) {
	u := newUserAction(t, UserActionOptions{
		Unsigned: []signer.Match{must(signer.ParseMatch("POST", "/auth/pats/*/deactivate"))},
		Call: func(context.Context, *signer.Request, string, string, []byte) (*http.Response, error) {
			t.Error("a call was made")
			return nil, nil
		},
	})
	for _, call := range strings.Split(`GET /wallets
		HEAD /wallets
		OPTIONS /wallets
		POST /auth/action
		POST /auth/action/init
		POST /auth/credentials/init
		POST /auth/credentials/code/init
		POST /auth/credentials/code/verify
		POST /auth/login
		POST /auth/login/init
		POST /auth/login/code
		POST /auth/login/social
		POST /auth/login/sso
		POST /auth/login/sso/init
		POST /auth/tokens
		POST /auth/recover/user
		POST /auth/recover/user/init
		POST /auth/recover/user/code
		POST /auth/registration
		POST /auth/registration/init
		POST /auth/registration/social
		POST /auth/registration/enduser
		PUT /auth/registration/code
		PUT /auth/logout
		POST /networks/EthereumSepolia/call-function
		POST /payouts/quote
		POST /swaps/quotes
		POST /wallets/wa-1/canton/ledger-api
		POST /auth/pats/to-1/deactivate`, "\n") {
		method, path, _ := strings.Cut(strings.TrimSpace(call), " ")
		r := request(method, path, "{}")
		if u.NeedsBody(r) {
			t.Errorf("%s: needs the body", call)
		}
		if err := u.Apply(t.Context(), r); err != nil || len(r.Header) > 0 || len(r.Record.KeyIDs) > 0 {
			t.Errorf("%s: %v, %v", call, err, r.Header)
		}
	}
}

// What only looks like one of those is signed.
func TestUserActionNeeded(t *testing.T) {
	dfns := newFakeDfns(seedKey.Public())
	u := newUserAction(t, UserActionOptions{Call: dfns.call})
	for _, call := range []string{
		"POST /wallets", "POST /auth/credentials", "POST /auth/registration/code", "PUT /auth/login", "DELETE /auth/action",
		"POST /auth/login/", "POST /AUTH/login", "POST /auth/%6cogin", "POST /networks/a/b/call-function", "POST /networks//call-function",
		"POST /v2/auth/login", "POST /auth/logout", "POST /wallets/wa-1/canton/ledger-api/x", "DELETE /auth/pats/to-1",
	} {
		method, path, _ := strings.Cut(call, " ")
		r := request(method, path, "{}")
		if !u.NeedsBody(r) {
			t.Errorf("%s: does not need the body", call)
		}
		if err := u.Apply(t.Context(), r); err != nil || r.Header["X-Dfns-Useraction"] == nil {
			t.Errorf("%s: %v, %v", call, err, r.Header)
		}
	}
	if u.NeedsBody(request("POST", "/wallets", "")) {
		t.Error("needs a body that is not there")
	}
}

func TestUserActionOfOtherMethods(t *testing.T) {
	for _, keep := range []bool{false, true} {
		u := newUserAction(t, UserActionOptions{KeepClientToken: keep, Call: newFakeDfns(nil).call})
		for _, method := range []string{"PATCH", "post", "COPY"} {
			r := request(method, "/wallets/wa-1", "{}", "X-DFNS-USERACTION: own")
			wantProblem(t, u.Apply(t.Context(), r), signer.InvalidRequest, "Dfns has no "+method+" calls")
		}
	}
}

func TestUserActionOfTheClient(t *testing.T) {
	dfns := newFakeDfns(seedKey.Public())
	replacing := newUserAction(t, UserActionOptions{Call: dfns.call})
	if owns := replacing.Owns(); !slices.Equal(owns, []string{"X-Dfns-Useraction"}) {
		t.Errorf("owns %q", owns)
	}
	keeping := newUserAction(t, UserActionOptions{Call: dfns.call, KeepClientToken: true})
	if owns := keeping.Owns(); owns != nil {
		t.Errorf("owns %q although a client's own is kept", owns)
	}
	r := request("POST", "/wallets", "{}", "X-DFNS-USERACTION: own")
	if err := keeping.Apply(t.Context(), r); err != nil || r.Header.Get("X-DFNS-USERACTION") != "own" || len(dfns.calls) > 0 || keeping.NeedsBody(r) {
		t.Errorf("%v, %v, calls %q", err, r.Header, dfns.calls)
	}
	r = request("POST", "/wallets", "{}", "X-DFNS-USERACTION: own", "X-DFNS-USERACTION: other")
	if err := replacing.Apply(t.Context(), r); err != nil || dfns.granted[r.Header.Get("X-DFNS-USERACTION")].Payload == nil || len(r.Header["X-Dfns-Useraction"]) != 1 {
		t.Errorf("%v, %v", err, r.Header)
	}
	for _, headers := range [][]string{nil, {"X-DFNS-USERACTION: "}} {
		r = request("POST", "/wallets", "{}", headers...)
		if err := keeping.Apply(t.Context(), r); err != nil || dfns.granted[r.Header.Get("X-DFNS-USERACTION")].Payload == nil {
			t.Errorf("without an own one: %v, %v", err, r.Header)
		}
	}
	r = request("POST", "/wallets", "{}", "X-DFNS-USERACTION: own", "X-DFNS-USERACTION: other")
	wantProblem(t, keeping.Apply(t.Context(), r), signer.InvalidRequest, "more than one")
}

// Every request gets the token for its own body, and none waits for another:
// all challenges are open before the first is answered.
func TestUserActionsAtOnce(t *testing.T) {
	const n = 200
	dfns := newFakeDfns(seedKey.Public())
	var asked sync.WaitGroup
	asked.Add(n)
	u := newUserAction(t, UserActionOptions{Call: func(ctx context.Context, r *signer.Request, method, path string, body []byte) (*http.Response, error) {
		res, err := dfns.call(ctx, r, method, path, body)
		if path == "/auth/action/init" {
			asked.Done()
			asked.Wait()
		}
		return res, err
	}})
	var all sync.WaitGroup
	tokens := make([]string, n)
	for i := range n {
		all.Go(func() {
			r := request("POST", "/wallets", fmt.Sprintf(`{"externalId":"%d"}`, i))
			if err := u.Apply(t.Context(), r); err != nil {
				t.Error(err)
			}
			tokens[i] = r.Header.Get("X-DFNS-USERACTION")
		})
	}
	all.Wait()
	for i, token := range tokens {
		q := dfns.granted[token]
		if q.Payload == nil || *q.Payload != fmt.Sprintf(`{"externalId":"%d"}`, i) {
			t.Fatalf("request %d got the token for %v", i, q)
		}
		delete(dfns.granted, token)
	}
	if len(dfns.calls) != 2*n {
		t.Errorf("%d calls", len(dfns.calls))
	}
}

func TestNewUserAction(t *testing.T) {
	call := newFakeDfns(nil).call
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	for want, o := range map[string]UserActionOptions{
		"takes the id that Dfns gave it": {Key: newKey(seedKey, ""), Call: call},
		"needs its private key":          {CredentialID: "cr-1", Call: call},
		"signs with ecdsa-p384-sha384":   {CredentialID: "cr-1", Key: newKey(p384, ""), Call: call},
		"signs with rsa-pss-sha512":      {CredentialID: "cr-1", Key: newKey(rsaKey(), ""), Call: call},
		"signs with hmac-sha256":         {CredentialID: "cr-1", Key: must(keys.NewHMACKey([]byte("secret"))), Call: call},
	} {
		if _, err := NewUserAction(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// A signer that fails, as one in an HSM may, is not taken for Dfns' failure.
func TestUserActionSignerFails(t *testing.T) {
	dfns := newFakeDfns(seedKey.Public())
	u := newUserAction(t, UserActionOptions{Key: newKey(broken{seedKey}, ""), Call: dfns.call})
	err := u.Apply(t.Context(), request("POST", "/wallets", "{}"))
	if err == nil || !strings.Contains(err.Error(), "unplugged") || len(dfns.calls) != 1 {
		t.Errorf("error %v after calls %q", err, dfns.calls)
	}
}

type broken struct{ crypto.Signer }

func (broken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("unplugged")
}
