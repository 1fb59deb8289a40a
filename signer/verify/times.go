package verify

import (
	"fmt"
	"time"

	"github.com/partnersign/partnersign/signer/httpsig"
)

// ahead is how far created may be in the future, as clocks differ.
const ahead = 2 * time.Second

// times compares created and expires, in Unix seconds, with the clock.
func (v *verification) times(in *httpsig.Input) (found []Problem) {
	add := func(cause, format string, args ...any) {
		found = append(found, Problem{Cause: cause, Says: fmt.Sprintf(format, args...)})
	}
	created, hasCreated := parameter[int64](in, "created")
	at := time.Unix(created, 0)
	age := v.o.Now.Sub(at).Round(time.Second)
	switch {
	case !hasCreated && v.o.MaxAge > 0:
		add("clock", "the signature does not say when it was created, so that its age is not known")
	case !hasCreated:
	case created > 1e11:
		add("clock", "created is %d, which is in milliseconds; it must be in seconds", created)
	case age < -ahead:
		add("clock-ahead", "created is %s, %v after now, %s: the signer's clock is ahead, or this one behind (--now)", stamp(at), -age, stamp(v.o.Now))
	case v.o.MaxAge > 0 && age > v.o.MaxAge:
		add("stale", "created is %s, %v before now, %s, and no more than %v are allowed: the request was kept, or the signer's clock is behind (--now)", stamp(at), age, stamp(v.o.Now), v.o.MaxAge)
	}
	if expires, ok := parameter[int64](in, "expires"); ok && v.o.Now.After(time.Unix(expires, 0)) {
		at := time.Unix(expires, 0)
		add("expired", "expires is %s, %v before now, %s: the request was kept, or was captured then (--now)", stamp(at), v.o.Now.Sub(at).Round(time.Second), stamp(v.o.Now))
	}
	return found
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
