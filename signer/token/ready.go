package token

import (
	"errors"
	"fmt"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// Ready implements signer.Readier. A token that is fetched on use is asked only
// if it can tell by itself.
func (s *Bearers) Ready(now time.Time) error {
	var errs []error
	for i := range s.Tokens {
		var err error
		switch token := any(s.Tokens[i].Token).(type) {
		case nil:
			err = s.Tokens[i].Cache.Ready(now)
		case signer.Readier:
			err = token.Ready(now)
		case signer.Value:
			_, err = token.Value(now)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("bearer: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Ready reports whether the secrets are there that tokens are asked for with.
// Whether the source gives any is seen when one is needed.
func (c *Cache) Ready(now time.Time) error {
	_, err := c.source.Grant(now)
	return err
}

// Ready implements signer.Readier.
func (s *Basic) Ready(now time.Time) error {
	_, user := s.User.Value(now)
	_, password := s.Password.Value(now)
	if err := errors.Join(user, password); err != nil {
		return fmt.Errorf("basic_auth: %w", err)
	}
	return nil
}

var (
	_ signer.Readier = (*Bearers)(nil)
	_ signer.Readier = (*Basic)(nil)
)
