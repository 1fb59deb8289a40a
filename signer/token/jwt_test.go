package token_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/token"
)

// february is when these tests happen.
var february = time.Date(2024, 2, 15, 10, 0, 0, 0, time.UTC)

var seedKey = ed25519.NewKeyFromSeed(make([]byte, 32))

// claimsJWT is a token with these claims.
func claimsJWT(claims any) string {
	s := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: seedKey}, nil))
	return must(jwt.Signed(s).Claims(claims).Serialize())
}

func expiring(at time.Time) string { return claimsJWT(map[string]any{"exp": at.Unix(), "sub": "us-1"}) }

func TestExpiryOfJWT(t *testing.T) {
	none := time.Time{}
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1}`)) + "."
	for text, want := range map[string]time.Time{
		expiring(february): february,
		claimsJWT(map[string]any{"exp": 1708000000.5}):    time.Unix(1708000000, 0),
		claimsJWT(map[string]any{"exp": 0}):               time.Unix(0, 0),
		claimsJWT(map[string]any{"iat": 1}):               none,
		claimsJWT(map[string]any{"exp": "tomorrow"}):      none,
		claimsJWT(map[string]any{"exp": nil}):             none,
		claimsJWT(map[string]any{"exp": 1e300}):           none,
		claimsJWT(map[string]any{"Exp": february.Unix()}): none,
		expiring(february) + ".":                          none,
		strings.Replace(expiring(february), ".", "", 1):   none,
		unsigned:      none,
		"dfns-opaque": none,
		"":            none,
		"a.b.c":       none,
	} {
		if got, ok := token.Expiry(text); !got.Equal(want) || ok != !want.IsZero() {
			t.Errorf("%s: %v, %v, want %v", text, got, ok, want)
		}
	}
}

func TestJWT(t *testing.T) {
	value := expiring(february)
	jwt := token.NewJWT(token.JWTOptions{Token: fixed(value)})
	for _, left := range []time.Duration{365 * 24 * time.Hour, time.Second} {
		if got, err := jwt.Value(february.Add(-left)); got != value || err != nil {
			t.Errorf("%v before: %q, %v", left, got, err)
		}
	}
	for _, past := range []time.Duration{0, time.Nanosecond, 1000 * time.Hour} {
		got, err := jwt.Value(february.Add(past))
		problem := wantProblem(t, err, "the bearer token expired at 2024-02-15T10:00:00Z")
		if got != "" || strings.Contains(problem.Error(), value[:10]) {
			t.Errorf("%v after: %q, %v", past, got, problem)
		}
	}
	opaque := token.NewJWT(token.JWTOptions{Token: fixed("opaque")})
	if got, err := opaque.Value(february); got != "opaque" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	missing := token.NewJWT(token.JWTOptions{Token: noFile{}})
	if _, err := missing.Value(february); err == nil || err.Error() != "no such file" {
		t.Errorf("error %v", err)
	}
}

// noFile is a secret that is gone.
type noFile struct{}

func (noFile) Value(time.Time) (string, error) { return "", errors.New("no such file") }

// replaced is a token whose file is replaced.
type replaced struct{ text atomic.Value }

func (c *replaced) Value(time.Time) (string, error) { return c.text.Load().(string), nil }

// An expired token heals as soon as there is a new one.
func TestJWTIsReplaced(t *testing.T) {
	source := new(replaced)
	jwt := token.NewJWT(token.JWTOptions{Token: source})
	for i, test := range []struct {
		value string
		fails bool
	}{{expiring(february), true}, {expiring(february.Add(time.Hour)), false}, {"opaque", false}, {expiring(february), true}} {
		source.text.Store(test.value)
		if _, err := jwt.Value(february); (err != nil) != test.fails {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// Somebody hears of it a week before, once an hour, from whatever goroutine.
func TestJWTTellsThatItExpires(t *testing.T) {
	const day = 24 * time.Hour
	var mu sync.Mutex
	var told []time.Duration
	o := token.JWTOptions{Token: fixed(expiring(february)), Expires: func(left time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, left)
	}}
	use := func(jwt *token.JWT, left time.Duration) {
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { _, _ = jwt.Value(february.Add(-left)) })
		}
		all.Wait()
	}
	jwt := token.NewJWT(o)
	for _, left := range []time.Duration{30 * day, 7 * day, 7*day - 1, 7*day - time.Hour, 7*day - time.Hour - 1, token.Urgent, token.Urgent - time.Minute, -time.Hour} {
		use(jwt, left)
	}
	if want := []time.Duration{7*day - 1, 7*day - time.Hour - 1, token.Urgent, -time.Hour}; fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", told, want)
	}
	told = nil
	o.Warn = time.Hour
	jwt = token.NewJWT(o)
	use(jwt, 2*time.Hour)
	use(jwt, time.Minute)
	if len(told) != 1 || told[0] != time.Minute {
		t.Errorf("told %v", told)
	}
}

// In the step that sends bearer tokens, nothing leaves with an expired one.
func TestJWTAsBearer(t *testing.T) {
	upstream := must(signer.ParseUpstream("https://api.dfns.io"))
	for value, sent := range map[string]bool{expiring(february): false, expiring(february.Add(time.Minute)): true} {
		bearers := &token.Bearers{Tokens: []token.Bearer{{Token: token.NewJWT(token.JWTOptions{Token: fixed(value)})}}}
		partner := must(signer.New(signer.Options{Upstream: upstream, Steps: []signer.Step{bearers}, Now: func() time.Time { return february }}))
		calls := 0
		base := roundTripper(func(req *http.Request) (*http.Response, error) {
			calls++
			if got := req.Header.Get("Authorization"); got != "Bearer "+value {
				t.Errorf("Authorization %q", got)
			}
			return respond(200, ""), nil
		})
		res := must(partner.Transport(base).RoundTrip(must(http.NewRequest("GET", "https://api.dfns.io/wallets", nil))))
		if sent && (calls != 1 || res.StatusCode != 200) || !sent && (calls != 0 || res.StatusCode != 503) {
			t.Errorf("status %d after %d calls", res.StatusCode, calls)
		}
	}
}

func FuzzExpiry(f *testing.F) {
	f.Add(expiring(february))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		expiry, ok := token.Expiry(text)
		if !ok && !expiry.IsZero() {
			t.Errorf("%v without being sure", expiry)
		}
		got, err := token.NewJWT(token.JWTOptions{Token: fixed(text)}).Value(february)
		var problem *signer.Problem
		if err == nil && got != text || err != nil && (got != "" || !errors.As(err, &problem)) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// A JWT is parsed once, not for every request.
func BenchmarkJWT(b *testing.B) {
	text := expiring(february)
	jwt := token.NewJWT(token.JWTOptions{Token: fixed(text)})
	b.Run("Value", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := jwt.Value(february.Add(-token.DefaultWarn)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Expiry", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			token.Expiry(text)
		}
	})
}
