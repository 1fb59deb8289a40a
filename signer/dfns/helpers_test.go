package dfns

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A fixed value never changes.
type fixed string

func (f fixed) Value(time.Time) (string, error) { return string(f), nil }

// unavailable is a secret that is gone.
type unavailable struct{}

func (unavailable) Value(time.Time) (string, error) {
	return "", errors.New("no such file")
}

// february is when these tests happen.
var february = time.Date(2024, 2, 15, 10, 0, 0, 0, time.UTC)

// request is a request as a step is given it. Headers are "Name: value".
func request(method, target, body string, headers ...string) *signer.Request {
	path, query, hasQuery := strings.Cut(target, "?")
	r := &signer.Request{
		Method:        method,
		Scheme:        "https",
		Authority:     "api.dfns.io",
		Path:          path,
		Query:         query,
		HasQuery:      hasQuery,
		Header:        http.Header{},
		Body:          signer.NewBody([]byte(body)),
		ContentLength: int64(len(body)),
		Now:           february,
		Rand:          rand.Reader,
		Record:        new(signer.Record),
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// seedKey is the Ed25519 key of 32 zero bytes.
var seedKey = ed25519.NewKeyFromSeed(make([]byte, 32))

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

var p256Key = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))

func newKey(s crypto.Signer, a keys.Algorithm) *keys.Key { return must(keys.NewKey(s, a)) }

// loadKey reads a key file as the configuration of a credential does.
func loadKey(t testing.TB, path string, o keys.KeyOptions) *keys.Key {
	t.Helper()
	dir := must(os.Getwd())
	key, err := new(keys.Loader).Key(dir+"/"+path, o)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

const credentialID = "cr-6uunn-bm6ja-f6rmod5kqrk5rbel"

// newUserAction makes the step with the key of zeros, unless o has another.
func newUserAction(t testing.TB, o UserActionOptions) *UserAction {
	t.Helper()
	o.CredentialID = cmp.Or(o.CredentialID, credentialID)
	if o.Key == nil {
		o.Key = newKey(seedKey, "")
	}
	u, err := NewUserAction(o)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// wantProblem checks that err is a problem of a kind, and what it says.
func wantProblem(t testing.TB, err error, kind signer.Kind, parts ...string) *signer.Problem {
	t.Helper()
	var problem *signer.Problem
	if !errors.As(err, &problem) || problem.Kind != kind {
		t.Fatalf("error %v, want %s", err, kind.Name)
	}
	for _, part := range parts {
		if !strings.Contains(problem.Detail, part) {
			t.Errorf("detail %q, want %q in it", problem.Detail, part)
		}
	}
	return problem
}
