package e2e

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A soakPartner asks for what acme does. Its key is replaced again and again, and
// it knows which one was in the file when.
type soakPartner struct {
	*partnertest.Partner
	name, algorithm string
	bearer          func(token string, at time.Time) string // what is wrong with it, or ""

	mu    sync.Mutex
	keys  []soakKey      // the last one is in the file
	seen  map[string]int // by target
	old   time.Duration  // since the withdrawal of a key that signed nevertheless, at most
	wrong []string
}

type soakKey struct {
	signingKey
	withdrawn time.Time // zero: it is in the file
}

func newSoakPartner(t testing.TB, name, algorithm, protocol string, bearer func(string, time.Time) string) *soakPartner {
	t.Helper()
	p := &soakPartner{name: name, algorithm: algorithm, bearer: bearer, seen: map[string]int{}}
	p.keys = []soakKey{{signingKey: p.newKey(t)}}
	p.Partner = partnertest.New(t, partnertest.Options{Protocols: []string{protocol}, Require: p.require(), Answer: p.answer})
	return p
}

func (p *soakPartner) newKey(t testing.TB) signingKey {
	t.Helper()
	key, err := makeKey(p.algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// require asks for everything, with the key that is in the file. The bearer is
// looked at beside it.
func (p *soakPartner) require() partnertest.Require {
	require := acmeRequire(p.keys[len(p.keys)-1].signingKey)
	require.Bearer = ""
	return require
}

// rotate puts another key into the file by renaming, as rotations do.
func (p *soakPartner) rotate(t testing.TB, caddy *process) {
	t.Helper()
	key := p.newKey(t)
	p.mu.Lock()
	p.keys = append(p.keys, soakKey{signingKey: key})
	require := p.require()
	p.mu.Unlock()
	if err := p.SetRequire(require); err != nil {
		t.Fatal(err)
	}
	caddy.replace(p.name+".key", key.File)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[len(p.keys)-2].withdrawn = time.Now()
}

// answer accepts what every verifier accepts, and also what a former key has
// signed: how long it had been withdrawn is measured.
func (p *soakPartner) answer(w http.ResponseWriter, _ *http.Request, seen *partnertest.Request, verdict partnertest.Verdict) bool {
	problems := slices.DeleteFunc(slices.Clone(verdict.Problems), anotherKey)
	token, _ := strings.CutPrefix(seen.Header.Get("Authorization"), "Bearer ")
	if why := p.bearer(token, seen.Received); why != "" {
		problems = append(problems, why)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[seen.Target]++
	if !verdict.OK || len(problems) > 0 {
		if age, ok := p.signedBefore(seen); ok {
			p.old = max(p.old, age)
		} else {
			problems = append(problems, "no key has signed it")
		}
	}
	if len(problems) > 0 {
		p.wrong = append(p.wrong, fmt.Sprintf("%s %s: %v", seen.Method, seen.Target, problems))
		w.WriteHeader(http.StatusTeapot)
		return true
	}
	w.Header().Set("X-Seen", seen.Target)
	w.WriteHeader(http.StatusOK)
	return true
}

// anotherKey tells the problems of a signature by another key than the last one.
func anotherKey(problem string) bool {
	return strings.HasSuffix(problem, "the signature does not fit the base and the key.") || strings.Contains(problem, ": httpsign refuses it: ")
}

// signedBefore finds the key that has signed the base that the partner has
// rebuilt, and says how long it had been withdrawn when the request arrived.
func (p *soakPartner) signedBefore(seen *partnertest.Request) (time.Duration, bool) {
	if len(seen.Verdict.Signatures) != 1 {
		return 0, false
	}
	base := seen.Verdict.Signatures[0].Base
	_, value, _ := strings.Cut(seen.Header.Get("Signature"), "=")
	signature, err := base64.StdEncoding.DecodeString(strings.Trim(value, ":"))
	if err != nil || base == "" {
		return 0, false
	}
	for _, key := range slices.Backward(p.keys) {
		if key.signed(base, signature) {
			if key.withdrawn.IsZero() {
				return 0, true
			}
			return max(0, seen.Received.Sub(key.withdrawn)), true
		}
	}
	return 0, false
}

func (k signingKey) signed(base string, signature []byte) bool {
	switch public := k.Partner.Public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(public, []byte(base), signature)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256([]byte(base))
		r, s := new(big.Int).SetBytes(signature[:len(signature)/2]), new(big.Int).SetBytes(signature[len(signature)/2:])
		return ecdsa.Verify(public, sum[:], r, s)
	}
	mac := hmac.New(sha256.New, k.Secret)
	mac.Write([]byte(base))
	return hmac.Equal(mac.Sum(nil), signature)
}
