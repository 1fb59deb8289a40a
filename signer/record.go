package signer

import (
	"errors"
	"net/http"
	"time"
)

// An Outcome is what became of an attempt: one of a closed set.
type Outcome string

// The outcomes.
const (
	Answered    Outcome = "answered"    // the partner answered, whatever its status
	Refused     Outcome = "refused"     // the request may not pass, or is malformed
	Unavailable Outcome = "unavailable" // a credential or memory is missing, or signing failed
	Failed      Outcome = "failed"      // the partner did not answer
	TimedOut    Outcome = "timed_out"   // the partner did not answer in time
	Unreached   Outcome = "unreached"   // no connection to the partner could be made
	Abandoned   Outcome = "abandoned"   // the client left
)

// Outcomes lists every outcome.
func Outcomes() []Outcome {
	return []Outcome{Answered, Refused, Unavailable, Failed, TimedOut, Unreached, Abandoned}
}

// A Record tells what became of one attempt. It holds nothing secret and
// nothing that would let anybody repeat the request.
type Record struct {
	Partner        string
	Method         string
	Path           string // as sent, without the query
	KeyIDs         []string
	Signatures     []Signed // of all attempts, if Options.Audit is set
	Digest         string   // Content-Digest as sent
	IdempotencyKey string
	Challenge      time.Duration         // what calls to the partner took that the request needed first
	Attempts       int                   // how often the request was sent so far, for this client request
	Sent           int                   // how often of these since the attempt began: RoundTrip may send again
	Sending        time.Duration         // what the partner took to answer those, until the answer's headers
	Reading        time.Duration         // what reading the body took, with its digests; 0: it was not read
	Phases         [Phases]time.Duration // what the steps took, by Phase; 0: it has none
	Signed         bool                  // all steps were done
	Outcome        Outcome
	Status         int           // of the partner's answer, or of our own
	Problem        *Problem      // our own answer, if it was one
	Duration       time.Duration // from the begin of the attempt to the answer's headers
	Skew           Skew          // of the partner's clock, if its answer tells
}

func outcomeOf(res *http.Response, err error) Outcome {
	if err == nil && res != nil {
		return Answered
	}
	var problem *Problem
	switch {
	case errors.As(err, &problem) && problem.Status == http.StatusGatewayTimeout:
		return TimedOut
	case errors.As(err, &problem) && problem.Status == http.StatusBadGateway:
		return Failed
	case errors.As(err, &problem) && problem.Status == http.StatusServiceUnavailable:
		return Unavailable
	case errors.As(err, &problem):
		return Refused
	case errors.Is(err, errClientLeft):
		return Abandoned
	}
	return Unreached
}
