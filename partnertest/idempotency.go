package partnertest

import (
	"crypto/sha256"
	"slices"

	"github.com/google/uuid"
)

// usage is the hash of the body with which an idempotency key came first, and how often
// it came.
type usage struct {
	body  [sha256.Size]byte
	times int
}

// checkIdempotency checks the key of a request that changes something, and that it did
// not come with another body before.
func (v *verifier) checkIdempotency(r *Request, require Require, verdict *Verdict) {
	if require.IdempotencyKey == "" || !slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE"}, r.Method) {
		return
	}
	name := require.IdempotencyHeader
	values := r.Header.Values(name)
	if len(values) != 1 {
		verdict.problem("There are %d %s fields, where one was expected.", len(values), name)
		return
	}
	key := values[0]
	verdict.IdempotencyKey = key
	if !require.IdempotencyKey.fits(key) {
		verdict.problem("%s is %q, which is not of the form %q.", name, key, require.IdempotencyKey)
		return
	}
	if r.Err != "" {
		return // of a body that broke off nothing can be said
	}

	body := sha256.Sum256(r.Body)
	v.mu.Lock()
	defer v.mu.Unlock()
	first, known := v.usages[key]
	switch {
	case !known:
		v.usages[key] = &usage{body: body, times: 1}
	case first.body == body:
		verdict.Replays = first.times
		first.times++
	default:
		status := 422
		if len(verdict.Problems) > 0 {
			status = verdict.Status
		}
		verdict.problem("%s %q came before with another body.", name, key)
		verdict.Status = status
	}
}

// fits says whether a key has the form.
func (form KeyForm) fits(key string) bool {
	if form == AnyKey {
		return key != ""
	}
	if form == QuotedUUID {
		var err error
		if key, err = unquote(key); err != nil {
			return false
		}
	}
	// Parse also takes urn:uuid: and braces, and capitals.
	id, err := uuid.Parse(key)
	return err == nil && id.String() == key
}
