package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// DefaultLife is how long a token is used whose end nothing tells: 5 minutes.
const DefaultLife = 5 * time.Minute

// A layout says where things are in an answer. Pointers may be empty but for
// the token's.
type layout struct {
	token, expiresAt, expiresIn pointer
	life                        time.Duration // of a token whose end nothing tells
	typed                       bool          // token_type says that it is a bearer token
}

// read takes the token from an answer that came to a request made at the time
// now. An error says what is wrong in words of our own.
func (l *layout) read(answer []byte, now time.Time) (Token, error) {
	if !json.Valid(answer) {
		return Token{}, errors.New("its answer is not JSON")
	}
	if kind := member(answer, "token_type"); l.typed && kind.exists() && !strings.EqualFold(kind.text(), "Bearer") {
		return Token{}, errors.New("its token is not a bearer token (token_type)")
	}
	found := l.token.find(answer)
	if !found.isString() {
		return Token{}, fmt.Errorf("there is no token at %s in its answer", l.token)
	}
	t := Token{Value: found.text()}
	var err error
	if t.Expiry, err = l.expiry(answer, t.Value, now); err == nil {
		err = t.check(now)
	}
	return t, err
}

// expiry is when the token ends: by the answer, by itself, or by default. A life
// of 0 seconds says nothing, as some servers mean it.
func (l *layout) expiry(answer []byte, token string, now time.Time) (time.Time, error) {
	if at := l.expiresAt.find(answer); at.exists() {
		t, ok := at.time()
		if !ok {
			return t, fmt.Errorf("%s in its answer is no time", l.expiresAt)
		}
		return t, nil
	}
	if in := l.expiresIn.find(answer); in.exists() {
		seconds, ok := in.number()
		if !ok {
			return now, fmt.Errorf("%s in its answer is no number of seconds", l.expiresIn)
		}
		if seconds != 0 {
			return now.Add(time.Duration(max(-maxSeconds, min(seconds, maxSeconds)) * float64(time.Second))), nil
		}
	}
	if t, ok := Expiry(token); ok {
		return t, nil
	}
	return now.Add(l.life), nil
}

// maxSeconds is the longest life that is believed: some 30 years.
const maxSeconds = 1e9

// A value is one of a JSON document, as it is spelled; nil: there is none.
type value []byte

func (v value) exists() bool { return v != nil && string(v) != "null" }

func (v value) isString() bool { return len(v) > 0 && v[0] == '"' }

// text is what a string holds, or a number as it is spelled.
func (v value) text() (s string) {
	if v.isString() {
		_ = json.Unmarshal(v, &s) // it is valid
		return s
	}
	return string(v)
}

// number is a number, also one in a string, as some servers write it.
func (v value) number() (float64, bool) {
	n, err := strconv.ParseFloat(v.text(), 64)
	return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
}

// time is RFC 3339, or seconds or milliseconds since 1970.
func (v value) time() (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, v.text()); err == nil {
		return t, true
	}
	n, ok := v.number()
	switch {
	case !ok || n <= 0 || n > maxMilliseconds:
		return time.Time{}, false
	case n < firstMilliseconds:
		n *= 1000
	}
	return time.UnixMilli(int64(n)), true
}

const (
	// firstMilliseconds is read as milliseconds, in 1973; as seconds it would
	// be in the year 5138.
	firstMilliseconds = 1e11
	maxMilliseconds   = 253402300799999 // the end of the year 9999
)
