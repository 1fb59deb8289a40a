package token

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// A Source is somewhere to get tokens from: an [OAuth2] or an [Endpoint]. It is
// safe for concurrent use.
type Source interface {
	// Host names the source in answers, logs and metrics: the host of its URL.
	Host() string
	// Grant reads what tokens are asked for with, as it is at the time now. It
	// does nothing on the network. An error names a secret that cannot be read,
	// by its reference.
	Grant(now time.Time) (Grant, error)
}

// A Grant asks for tokens with credentials that do not change any more. It
// prints as [grant].
type Grant struct {
	// ID distinguishes its tokens from those of other grants.
	ID ID
	// Fetch asks for one token, once. A token that lives for a span of time
	// does so from now. An error that is a *signer.Problem is what clients are
	// told; another is for the log alone.
	Fetch func(ctx context.Context, now time.Time) (Token, error)
}

// An ID is a hash of everything that makes a token what it is, the secrets that
// it is asked for with included. It differs from one process to the next and
// gives none of them away.
type ID [sha256.Size]byte

// A Token is a bearer token. It prints as [token].
type Token struct {
	Value  string
	Expiry time.Time
}

// A Field is a named value, such as a parameter of a form. It prints as its
// name. A value that depends on the time asks for tokens of its own each second,
// since it is part of what distinguishes them.
type Field struct {
	Name  string
	Value signer.Value
}

// maxToken is how long a token may be, in bytes: few servers take longer
// headers.
const maxToken = 32 << 10

// check says whether t can be sent, in words that may be repeated. RFC 6750
// section 2.1 allows fewer characters, but tokens with | and : are in use.
func (t Token) check(now time.Time) error {
	switch {
	case t.Value == "":
		return errors.New("its token is empty")
	case len(t.Value) > maxToken:
		return errors.New("its token is longer than 32 KiB")
	case !t.Expiry.After(now):
		return errors.New("its token has expired already; check the clocks of both sides")
	}
	for i := range len(t.Value) {
		if t.Value[i] <= ' ' || t.Value[i] > '~' {
			return errors.New("its token holds a space or another character that a header cannot have")
		}
	}
	return nil
}
