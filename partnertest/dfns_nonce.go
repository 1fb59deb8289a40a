package partnertest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

const (
	// isoTime is JavaScript's Date.toISOString, which Dfns uses everywhere, and others too.
	isoTime = "2006-01-02T15:04:05.000Z"

	// dfnsNonceAge is how far a nonce's date may be from the clock. Dfns does not say.
	dfnsNonceAge = 5 * time.Minute
)

// checkNonce checks X-DFNS-NONCE, where it is there or asked for, and remembers it
// ("Request Headers", docs.dfns.co/d/advanced-topics/authentication/request-headers).
func (d *Dfns) checkNonce(seen *Request) *dfnsRefusal {
	app := d.opts.App
	required := app != nil && (app.RequireNonce || app.PublicKey != nil)
	if !required && !seen.Header.Has("X-DFNS-NONCE") {
		return nil
	}
	value, refusal := single(seen, "X-DFNS-NONCE", 401)
	if refusal != nil {
		return refusal
	}
	id, date, err := parseDfnsNonce(value)
	if err != nil {
		return refuse(401, "X-DFNS-NONCE: %v.", err)
	}
	d.mu.Lock()
	known := d.nonces[id]
	d.nonces[id] = true
	d.mu.Unlock()
	if age := d.opts.Now().Sub(date); age.Abs() > dfnsNonceAge {
		return refuse(401, "X-DFNS-NONCE: its date is %s from the time it is here, and may be %s.", age.Abs().Round(time.Millisecond), dfnsNonceAge)
	}
	if known {
		return refuse(401, "X-DFNS-NONCE: the uuid %s was seen before.", id)
	}
	return nil
}

// parseDfnsNonce reads the one spelling of a nonce: unpadded base64url of
// {"uuid":"…","date":"…"}, with a UUID of version 4 in lower case.
func parseDfnsNonce(value string) (id string, date time.Time, err error) {
	text, err := decodeBase64URL(value)
	if err != nil {
		return "", date, err
	}
	body := readObject(text)
	id, stamp := body.text("uuid"), body.text("date")
	if body.err != nil {
		return "", date, body.err
	}
	if want := fmt.Sprintf(`{"uuid":%q,"date":%q}`, id, stamp); string(text) != want {
		return "", date, fmt.Errorf("it is %q, where %q was expected, member by member and without spaces", text, want)
	}
	// Parse also takes urn:uuid: and braces, and capitals.
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.String() != id || parsed.Version() != 4 {
		return "", date, fmt.Errorf("%q is not a UUID of version 4 in lower case", id)
	}
	// Parse also takes a comma for the point.
	date, err = time.Parse(isoTime, stamp)
	if err != nil || date.Format(isoTime) != stamp {
		return "", date, fmt.Errorf("%q is not a time like %s", stamp, isoTime)
	}
	return id, date, nil
}

// decodeBase64URL decodes base64url without padding (RFC 4648, section 5) and without
// stray bits.
func decodeBase64URL(text string) ([]byte, error) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(decoded) == 0 {
		return nil, errors.New("it is not base64url without padding")
	}
	return decoded, nil
}
