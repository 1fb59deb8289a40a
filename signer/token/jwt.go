package token

import (
	"cmp"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// DefaultWarn is how long before a JWT expires JWTOptions.Expires begins to be
// called: 7 days.
const DefaultWarn = 7 * 24 * time.Hour

// Urgent is the time that is left when a warning should become an alarm: a day.
const Urgent = 24 * time.Hour

// JWTOptions describe a fixed token. Token is required.
type JWTOptions struct {
	// Token is the token.
	Token signer.Value
	// Warn is how long before its end Expires is called. Default: DefaultWarn.
	Warn time.Duration
	// Expires is told how much time the token has left, negative once it has
	// expired, at most once an hour and only while the token is used. It runs
	// within a request, as Read does. Default: nobody is told.
	Expires func(left time.Duration)
	// Read is told when a token expires that was not seen before; the zero
	// time: it does not say. Default: nobody is told.
	Read func(expiry time.Time)
}

// A JWT is a fixed token that knows when it expires, by its claim exp (RFC 7519
// section 4.1.4). Nobody renews it by itself: somebody must put a new one in its
// place in time. What is not a JWT is passed as it is. It prints as [jwt].
type JWT struct {
	o    JWTOptions
	read atomic.Pointer[readJWT]
	told atomic.Int64 // Unix time in nanoseconds; 0: never
}

type readJWT struct {
	token  string
	expiry time.Time // zero: it does not say
}

// NewJWT makes a token.
func NewJWT(o JWTOptions) *JWT {
	o.Warn = cmp.Or(o.Warn, DefaultWarn)
	return &JWT{o: o}
}

// Format prints [jwt], whatever the verb.
func (*JWT) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[jwt]") }

// Value implements signer.Value. A token that has expired is
// signer.CredentialUnavailable.
func (t *JWT) Value(now time.Time) (string, error) {
	token, err := t.o.Token.Value(now)
	if err != nil {
		return "", err
	}
	expiry := t.expiry(token)
	if expiry.IsZero() {
		return token, nil
	}
	left := expiry.Sub(now)
	if left < t.o.Warn {
		t.tell(now, left)
	}
	if left <= 0 {
		return "", signer.CredentialUnavailable.Problem("the bearer token expired at %s, and nothing was sent; get a new one from the partner and put it in its place", expiry.UTC().Format(time.RFC3339))
	}
	return token, nil
}

// expiry reads a token once, for all requests that use it.
func (t *JWT) expiry(token string) time.Time {
	r := t.read.Load()
	if r == nil || r.token != token {
		r = &readJWT{token: token}
		r.expiry, _ = Expiry(token)
		t.read.Store(r)
		if t.o.Read != nil {
			t.o.Read(r.expiry)
		}
	}
	return r.expiry
}

func (t *JWT) tell(now time.Time, left time.Duration) {
	told := t.told.Load()
	if t.o.Expires == nil || told != 0 && time.Duration(now.UnixNano()-told).Abs() < time.Hour {
		return
	}
	if t.told.CompareAndSwap(told, now.UnixNano()) {
		t.o.Expires(left)
	}
}
