package config

import (
	"errors"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// Retry sends a request again after some answers: with the same body, the same
// idempotency key and a new signature. Of several that fit the first decides.
type Retry struct {
	// The requests. Their bodies are held to be sent again. Default: all.
	On *Match `json:"on,omitempty"`

	// A JSON pointer to a string or number that the body must hold, such as
	// the reference by which the partner knows a call again.
	BodyHas string `json:"body_has,omitempty"`

	// The status codes after which a request is sent again, from 400 to 599.
	// Required.
	Status []int `json:"status,omitempty"`

	// How often it is sent at most. Default: 3.
	Attempts int `json:"attempts,omitempty"`

	// What is waited before the second attempt; it doubles with each, and is
	// shortened by up to a half at random. A longer Retry-After is followed.
	// Default: `200ms`.
	MinBackoff Duration `json:"min_backoff,omitempty"`

	// What is waited at most. Default: `5s`.
	MaxBackoff Duration `json:"max_backoff,omitempty"`
}

// Check says what is wrong with r in itself. It asks the engine.
func (r *Retry) Check() error {
	if err := r.On.checkOptional(); err != nil {
		return err
	}
	err := signer.CheckRetry(r.retry())
	if err == nil && r.Attempts > 100 {
		err = errors.New("use at most 100 attempts")
	}
	return err
}

func (r *Retry) retry() signer.Retry {
	return signer.Retry{
		On:         r.On.match(),
		BodyHas:    r.BodyHas,
		Status:     r.Status,
		Attempts:   r.Attempts,
		MinBackoff: time.Duration(r.MinBackoff),
		MaxBackoff: time.Duration(r.MaxBackoff),
	}
}
