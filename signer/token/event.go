package token

import (
	"time"

	"github.com/partnersign/partnersign/signer"
)

// A Result is what an Event is about: one of a closed set.
type Result string

// The results.
const (
	Refreshed Result = "refreshed" // there is a new token
	Failed    Result = "failed"    // the source gave none
	Refused   Result = "refused"   // the partner refused the token with 401, and it was forgotten
)

// Results lists every result.
func Results() []Result { return []Result{Refreshed, Failed, Refused} }

// An Event tells what became of a token. It holds nothing secret.
type Event struct {
	// Host is the source's.
	Host   string
	Result Result
	// Expiry is when the token ends that is in use from now on. Zero: none is.
	Expiry time.Time
	// Problem is why the source gave none, for Failed.
	Problem *signer.Problem
	// Duration is what the source took, for Refreshed and Failed.
	Duration time.Duration
}
