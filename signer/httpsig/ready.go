package httpsig

import (
	"fmt"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// Ready implements signer.Readier. The key itself was read once and stays in
// use whatever becomes of its file.
func (s *Signature) Ready(now time.Time) error {
	if s.keyID == nil {
		return nil
	}
	if _, err := s.keyID.Value(now); err != nil {
		return fmt.Errorf("signature %s: key_id: %w", s.label, err)
	}
	return nil
}

var _ signer.Readier = (*Signature)(nil)
