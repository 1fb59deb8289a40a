package token_test

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/internal/clocktest"
	"github.com/partnersign/partnersign/signer/token"
)

// A token is not sent once it is over by either clock, and is sent until then:
// how it told its end makes no difference.
func TestClockIsSetWhileATokenLives(t *testing.T) {
	const life = time.Hour
	for _, test := range []struct {
		name  string
		jump  time.Duration
		after time.Duration // time that passes then
		want  string
	}{
		{"back", -10 * time.Hour, 0, "t1"},
		{"back, and the token ends", -10 * time.Hour, life, "t2"},
		{"ahead", 10 * time.Hour, 0, "t2"},
		{"ahead a little", 10 * time.Minute, 0, "t1"},
		{"not at all", 0, life / 2, "t1"},
		{"not at all, and the token ends", 0, life, "t2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for how, now := range map[string]func(clocktest.Clock) time.Time{
				"expires_in": func(c clocktest.Clock) time.Time { return c.Now() },
				"expires_at": func(c clocktest.Clock) time.Time { return c.Now().Round(0) }, // as it is parsed
			} {
				clock := clocktest.New()
				source := &dated{id: unique(), expiry: func() time.Time { return now(*clock).Add(life) }}
				c := token.NewCache(source, token.CacheOptions{Now: clock.Now})
				if got := applyAt(t, c, clock.Now()); got != "t1" {
					t.Errorf("%s: %q at first", how, got)
				}
				clock.Jump(test.jump)
				clock.Advance(test.after)
				if got := applyAt(t, c, clock.Now()); got != test.want {
					t.Errorf("%s: %q, want %q", how, got, test.want)
				}
				if test.jump < 0 {
					continue
				}
				clock.Jump(-test.jump) // a token of the time between is none the worse for it
				if got := applyAt(t, c, clock.Now()); got != test.want {
					t.Errorf("%s: %q when the clock is right again, want %q", how, got, test.want)
				}
			}
		})
	}
}

// A fixed token tells its end by the wall clock and nothing else. It is refused
// while that is wrong, and good again when it is right.
func TestClockIsSetBesideAJWT(t *testing.T) {
	clock := clocktest.New()
	value := expiring(clock.Now().Add(time.Hour))
	var told int
	jwt := token.NewJWT(token.JWTOptions{Token: fixed(value), Expires: func(time.Duration) { told++ }})
	for i, step := range []struct {
		jump time.Duration
		good bool
	}{{0, true}, {10 * time.Hour, false}, {-10 * time.Hour, true}, {-10 * time.Hour, true}} {
		clock.Jump(step.jump)
		if got, err := jwt.Value(clock.Now()); (got == value) != step.good || (err == nil) != step.good {
			t.Errorf("step %d: %q, %v", i, got, err)
		}
	}
	if told != 4 { // each is an hour or more from the one before
		t.Errorf("told %d times", told)
	}
}

// A changed secret is noticed within a second of real time, whatever the clock
// was set to.
func TestClockIsSetBesideASource(t *testing.T) {
	for _, jump := range []time.Duration{-time.Hour, time.Hour} {
		clock := clocktest.New()
		first, second := unique(), unique()
		source := &dated{id: first, expiry: func() time.Time { return clock.Now().Add(24 * time.Hour) }}
		c := token.NewCache(source, token.CacheOptions{Now: clock.Now})
		before := applyAt(t, c, clock.Now())
		source.id = second
		clock.Jump(jump)
		clock.Advance(time.Second)
		if got := applyAt(t, c, clock.Now()); got == before {
			t.Errorf("set by %v: still the token of the old secret", jump)
		}
	}
}

// applyAt is what a request of this time would be sent with.
func applyAt(t *testing.T, c *token.Cache, now time.Time) string {
	t.Helper()
	r := &signer.Request{Method: "GET", Path: "/", Header: http.Header{}, Now: now, Body: new(signer.Body)}
	if err := (&token.Bearers{Tokens: []token.Bearer{{Cache: c}}}).Apply(t.Context(), r); err != nil {
		t.Error(err)
	}
	return r.Header.Get("Authorization")[len("Bearer "):]
}

// A dated source gives t1, t2 and so on, with the end that it is told.
type dated struct {
	id     fixed
	expiry func() time.Time
	issued int
}

func (*dated) Host() string { return "auth.example" }

func (s *dated) Grant(time.Time) (token.Grant, error) {
	return token.Grant{ID: sha256.Sum256([]byte(s.id)), Fetch: func(context.Context, time.Time) (token.Token, error) {
		s.issued++
		return token.Token{Value: "t" + strconv.Itoa(s.issued), Expiry: s.expiry()}, nil
	}}, nil
}
