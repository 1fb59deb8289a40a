package dfns

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
)

const (
	initPath   = "/auth/action/init"
	actionPath = "/auth/action"
)

// Whatever goes wrong has one answer, and the request gets no token.
func TestChallengeFails(t *testing.T) {
	const (
		good      = `{"challenge":"c","challengeIdentifier":"i"}`
		mismatch  = "the upstream must be Dfns' API"
		canary    = "canary0123456789abcdefghij"
		forbidden = `{"error":{"id":"Forbidden","status":403,"message":"Not authorized: missing Wallets:Create for \"` + canary + `\"","details":{}}}`
	)
	for _, test := range []struct {
		name   string
		path   string // of the call that goes wrong
		status int
		body   string
		kind   signer.Kind
		want   []string
	}{
		{"init 400", initPath, 400, `{"error":{"message":"bad payload"}}`, ChallengeFailed, []string{"POST /auth/action/init with status 400, saying: bad payload;", "a call that Dfns has"}},
		{"init 401", initPath, 401, `{"error":{"message":"Unauthorized"}}`, signer.CredentialUnavailable, []string{"POST /auth/action/init with status 401, saying: Unauthorized;", "the region"}},
		{"init 403", initPath, 403, forbidden, ChallengeRefused, []string{"status 403, saying: Not authorized: missing Wallets:Create for … (error id Forbidden);", "the permission"}},
		{"init 404", initPath, 404, "<html>", ChallengeFailed, []string{"status 404;"}},
		{"init 301", initPath, 301, "", ChallengeFailed, []string{"status 301;"}},
		{"init 204", initPath, 204, "", ChallengeFailed, []string{"POST /auth/action/init", mismatch}},
		{"action 400", actionPath, 400, `{"message":"challenge ` + canary + ` was used"}`, ChallengeFailed, []string{"POST /auth/action with status 400, saying: challenge … was used;", "the credential must be active"}},
		{"action 401", actionPath, 401, "", signer.CredentialUnavailable, []string{"POST /auth/action with status 401;"}},
		{"action 403", actionPath, 403, `{"error":"` + canary + `"}`, ChallengeRefused, []string{"POST /auth/action with status 403;"}},
		{"action 404", actionPath, 404, `{"message":{"a":1},"error":[]}`, ChallengeFailed, []string{"status 404;"}},

		{"init answers nothing", initPath, 200, "", ChallengeFailed, []string{mismatch}},
		{"init answers with text", initPath, 200, canary, ChallengeFailed, []string{mismatch}},
		{"init answers with a list", initPath, 200, "[]", ChallengeFailed, []string{mismatch}},
		{"init answers without end", initPath, 200, `{"a":"` + strings.Repeat("x", maxAnswer), ChallengeFailed, []string{"longer than 1 MiB"}},
		{"no challenge", initPath, 200, `{"challengeIdentifier":"i"}`, ChallengeFailed, []string{mismatch}},
		{"challenge is a number", initPath, 200, `{"challenge":1,"challengeIdentifier":"i"}`, ChallengeFailed, []string{mismatch}},
		{"challenge has a line break", initPath, 200, `{"challenge":"c\n","challengeIdentifier":"i"}`, ChallengeFailed, []string{mismatch}},
		{"challenge is not ASCII", initPath, 200, `{"challenge":"é","challengeIdentifier":"i"}`, ChallengeFailed, []string{mismatch}},
		{"no identifier", initPath, 200, `{"challenge":"c"}`, ChallengeFailed, []string{mismatch}},
		{"identifier is half a surrogate", initPath, 200, `{"challenge":"c","challengeIdentifier":"\ud800"}`, ChallengeFailed, []string{mismatch}},
		{"another credential", initPath, 200, `{"challenge":"c","challengeIdentifier":"i","allowCredentials":{"key":[{"id":"cr-1"},{"id":"cr-2"}]}}`, signer.CredentialUnavailable, []string{"does not take the configured credential"}},
		{"action answers nothing", actionPath, 200, "", ChallengeFailed, []string{"POST /auth/action,", mismatch}},
		{"no token", actionPath, 200, `{}`, ChallengeFailed, []string{mismatch}},
		{"token is no string", actionPath, 200, `{"userAction":{}}`, ChallengeFailed, []string{mismatch}},
		{"token would be two headers", actionPath, 200, `{"userAction":"a\r\nX-Evil: b"}`, ChallengeFailed, []string{mismatch}},
		{"token has a space", actionPath, 200, `{"userAction":"a b"}`, ChallengeFailed, []string{mismatch}},
		{"token is not ASCII", actionPath, 200, `{"userAction":"é"}`, ChallengeFailed, []string{mismatch}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dfns := newFakeDfns(seedKey.Public())
			closed := 0
			dfns.answer = func(_ int, path string) (*http.Response, error) {
				res := respond(200, good)
				if path == test.path {
					res = respond(test.status, test.body, "Retry-After: 7")
				}
				res.Body = closing{res.Body, &closed}
				return res, nil
			}
			r := request("POST", "/wallets", "{}")
			err := newUserAction(t, UserActionOptions{Call: dfns.call}).Apply(t.Context(), r)
			problem := wantProblem(t, err, test.kind, test.want...)
			if strings.Contains(problem.Error(), canary[6:]) {
				t.Errorf("%q repeats what it should not", problem)
			}
			wantCalls := []string{initPath, actionPath}[:1]
			if test.path == actionPath {
				wantCalls = []string{initPath, actionPath}
			}
			if !slices.Equal(dfns.calls, wantCalls) || closed != len(wantCalls) {
				t.Errorf("calls %q, %d answers closed", dfns.calls, closed)
			}
			if len(r.Header) > 0 || len(r.Record.KeyIDs) > 0 {
				t.Errorf("%v was set for the keys %q", r.Header, r.Record.KeyIDs)
			}
		})
	}
}

type closing struct {
	io.ReadCloser
	closed *int
}

func (c closing) Close() error {
	*c.closed++
	return c.ReadCloser.Close()
}

// Once the client has left or its time is over, nothing more is asked, and the
// reason is the context's.
func TestChallengeEndsWithTheRequest(t *testing.T) {
	left := errors.New("the client left")
	for _, after := range []int{0, 1} { // calls
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			dfns := newFakeDfns(seedKey.Public())
			dfns.answer = func(n int, _ string) (*http.Response, error) {
				if n == after {
					cancel(left)
					return nil, ctx.Err()
				}
				return nil, nil
			}
			err := newUserAction(t, UserActionOptions{Call: dfns.call}).Apply(ctx, request("POST", "/wallets", "{}"))
			if err != left || len(dfns.calls) != after+1 {
				t.Errorf("error %v after calls %q", err, dfns.calls)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		dfns := newFakeDfns(seedKey.Public())
		dfns.answer = func(int, string) (*http.Response, error) { return respond(429, "", "Retry-After: 4"), nil }
		time.AfterFunc(time.Second, func() { cancel(left) })
		begin := time.Now()
		err := newUserAction(t, UserActionOptions{Call: dfns.call}).Apply(ctx, request("POST", "/wallets", "{}"))
		if err != left || len(dfns.calls) != 1 || time.Since(begin) != time.Second {
			t.Errorf("error %v after %v and calls %q", err, time.Since(begin), dfns.calls)
		}
	})
}

// A call that cannot be made says so itself and is not repeated.
func TestChallengeCannotBeMade(t *testing.T) {
	dfns := newFakeDfns(seedKey.Public())
	dfns.answer = func(int, string) (*http.Response, error) {
		return nil, signer.PartnerUntrusted.Problem("another certificate")
	}
	err := newUserAction(t, UserActionOptions{Call: dfns.call}).Apply(t.Context(), request("POST", "/wallets", "{}"))
	wantProblem(t, err, signer.PartnerUntrusted, "another certificate")
	if len(dfns.calls) != 1 {
		t.Errorf("calls %q", dfns.calls)
	}
}

// What is signed is the challenge as it came, quotes and all.
func TestChallengeIsSignedVerbatim(t *testing.T) {
	for challenge, want := range map[string]string{
		`a"b\c</script>&'`: `{"challenge":"a\"b\\c</script>&'","type":"key.get"}`,
		" c ":              `{"challenge":" c ","type":"key.get"}`,
	} {
		if got := string(appendClientData(nil, challenge)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
