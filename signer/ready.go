package signer

import (
	"fmt"
	"time"
)

// A Readier is a step that can tell whether it has what it needs, without a
// request and without a call to anybody: its secrets are there and may be used.
// A key that was read once stays in use, so that a step with nothing else is
// always ready.
type Readier interface {
	// Ready says what is missing, by its reference and never by its value.
	Ready(now time.Time) error
}

// Ready says what p's steps are missing at this moment, one error for each
// step. With none, a request can be made acceptable.
func (p *Partner) Ready() []error {
	var errs []error
	now := p.now()
	for _, s := range p.steps {
		if r, ok := s.(Readier); ok {
			if err := r.Ready(now); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

// Ready implements Readier.
func (h *Header) Ready(now time.Time) error {
	if h.Value == nil {
		return nil
	}
	if _, err := h.Value.Value(now); err != nil {
		return fmt.Errorf("header %s: %w", h.Name, err)
	}
	return nil
}
