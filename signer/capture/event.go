package capture

import "errors"

// An Event is something that happened to a token. It holds nothing secret.
type Event struct {
	Kind Kind
	// Flow tells which, by its ids as they were sent: "env=… flow=…". They
	// are chosen by clients. Empty: no single one.
	Flow string
	// Err says why, for the log, if somebody should look; else it is nil.
	Err error
}

// A Kind is one of a closed set: it can label a metric.
type Kind string

// What can happen.
const (
	Stored  Kind = "stored"  // a token was taken from an answer
	Sent    Kind = "sent"    // a stored token went out
	Missing Kind = "missing" // none was stored, and the call went out without
	Dropped Kind = "dropped" // the partner's answer has ended a token
	Expired Kind = "expired" // a stored token was too old, and the call went out without

	Absent     Kind = "absent"     // an answer has no token, or none that a header can hold
	Mismatch   Kind = "mismatch"   // an answer is about another flow
	Encoded    Kind = "encoded"    // an answer is compressed
	Unreadable Kind = "unreadable" // an answer is not JSON, or broke off
	TooLarge   Kind = "too_large"  // an answer is longer than 1 MiB

	Unidentified Kind = "unidentified" // the client is not known, and PerClient is set
	Busy         Kind = "busy"         // another call held the flow for too long
	Damaged      Kind = "damaged"      // what is stored cannot be opened
	StoreFailed  Kind = "store_failed" // the store did not do what it was asked
	Evicted      Kind = "evicted"      // a token that was still good had to go to bound the memory
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{
		Stored, Sent, Missing, Dropped, Expired, Absent, Mismatch, Encoded, Unreadable, TooLarge,
		Unidentified, Busy, Damaged, StoreFailed, Evicted,
	}
}

// kindOf says what went wrong with a store.
func kindOf(err error) Kind {
	switch {
	case errors.Is(err, ErrDamaged):
		return Damaged
	case errors.Is(err, ErrBusy):
		return Busy
	}
	return StoreFailed
}
