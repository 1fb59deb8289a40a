package dfns

import (
	"encoding/base64"
	"io"
	"time"

	"github.com/google/uuid"
)

// newNonce is the value of X-DFNS-NONCE: a random UUID and the time in UTC to
// the millisecond, in this order, in base64url without padding. Dfns refuses
// one that it has seen, so that every request needs its own.
func newNonce(rand io.Reader, now time.Time) (string, error) {
	id, err := uuid.NewRandomFromReader(rand)
	if err != nil {
		return "", err
	}
	return nonceOf(id, now), nil
}

func nonceOf(id uuid.UUID, now time.Time) string {
	date := now.UTC().Format("2006-01-02T15:04:05.000Z")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"uuid":"` + id.String() + `","date":"` + date + `"}`))
}
