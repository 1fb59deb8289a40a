package token_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/token"
)

// applying is one request's worth of work; what the request itself takes is the
// same for all.
func applying(b *token.Bearers) func() error {
	h := http.Header{"Authorization": nil}
	now := time.Now()
	return func() error {
		r := &signer.Request{Method: "GET", Path: "/", Header: h, Now: now}
		return b.Apply(context.Background(), r)
	}
}

func bearersOf(s *server) (fixedToken, cached *token.Bearers) {
	return &token.Bearers{Tokens: []token.Bearer{{Token: fixed("t1")}}}, &token.Bearers{Tokens: []token.Bearer{{Cache: s.cache(unique())}}}
}

// A token at hand costs one small allocation more than a fixed one.
func TestAllocations(t *testing.T) {
	fixedToken, cached := bearersOf(&server{life: time.Hour})
	wantToken(t, cached.Tokens[0].Cache, "t1")
	measure := func(b *token.Bearers) float64 {
		apply := applying(b)
		return testing.AllocsPerRun(100, func() { _ = apply() })
	}
	if plain, kept := measure(fixedToken), measure(cached); kept > plain+1 {
		t.Errorf("%v allocations with a fixed token, %v with a kept one", plain, kept)
	}
}

func BenchmarkApply(b *testing.B) {
	fixedToken, cached := bearersOf(&server{life: time.Hour})
	wantToken(b, cached.Tokens[0].Cache, "t1")
	for name, bearers := range map[string]*token.Bearers{"fixed": fixedToken, "cached": cached} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			apply := applying(bearers)
			for b.Loop() {
				if err := apply(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
