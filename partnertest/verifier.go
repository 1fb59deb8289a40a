package partnertest

import (
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A verifier compares requests with what is required.
type verifier struct {
	require     atomic.Pointer[Require]
	now         func() time.Time
	systemClock bool

	mu     sync.Mutex
	values map[string]bool   // nonces and signatures seen
	usages map[string]*usage // by idempotency key
}

func newVerifier(require Require, now func() time.Time) (*verifier, error) {
	v := &verifier{now: now, systemClock: now == nil}
	if now == nil {
		v.now = time.Now
	}
	v.forget()
	return v, v.set(require)
}

func (v *verifier) set(require Require) error {
	if err := require.complete(); err != nil {
		return err
	}
	v.require.Store(&require)
	return nil
}

func (v *verifier) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.values, v.usages = map[string]bool{}, map[string]*usage{}
}

// again says whether a nonce or signature was seen before, and remembers it.
func (v *verifier) again(value string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := v.values[value]
	v.values[value] = true
	return seen
}

// judge verifies a request.
func (v *verifier) judge(r *Request) Verdict {
	require := *v.require.Load()
	verdict := Verdict{Status: 200, Problems: []string{}, Signatures: []Signature{}}
	if r.Err != "" {
		verdict.problem("The request is not whole: %s.", r.Err)
	}
	checkCredentials(r, require, &verdict)
	if require.signed() {
		v.checkSignatures(r, require, &verdict)
	}
	checkDigest(r, require, &verdict)
	v.checkIdempotency(r, require, &verdict)
	verdict.OK = len(verdict.Problems) == 0
	return verdict
}

// checkCredentials compares Authorization. Problems do not quote what was sent.
func checkCredentials(r *Request, require Require, verdict *Verdict) {
	scheme, credential := "", ""
	switch {
	case require.Bearer != "":
		scheme, credential = "Bearer ", require.Bearer
	case require.Username != "":
		scheme = "Basic "
		credential = base64.StdEncoding.EncodeToString([]byte(require.Username + ":" + require.Password))
	default:
		return
	}
	values := r.Header.Values("Authorization")
	switch {
	case len(values) != 1:
		verdict.problem("There are %d Authorization fields, where one was expected.", len(values))
	case !strings.HasPrefix(values[0], scheme):
		verdict.problem("Authorization does not begin with %q.", scheme)
	case values[0] != scheme+credential:
		verdict.problem("The credential after %q is not the one expected.", scheme)
	}
}
