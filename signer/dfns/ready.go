package dfns

import (
	"errors"
	"fmt"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// Ready implements signer.Readier.
func (a *App) Ready(now time.Time) error {
	return errors.Join(ready("app_id", a.ID, now), ready("app_secret", a.Secret, now))
}

func ready(what string, value signer.Value, now time.Time) error {
	if value == nil {
		return nil
	}
	if _, err := value.Value(now); err != nil {
		return fmt.Errorf("dfns: %s: %w", what, err)
	}
	return nil
}

var _ signer.Readier = (*App)(nil)
