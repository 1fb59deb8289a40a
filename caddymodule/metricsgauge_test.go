package caddymodule

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/partnersign/partnersign/signer/config"
	"github.com/partnersign/partnersign/signer/keys"
)

// series are the gauges of the test's partner: the end of the name, and the label.
func series(t *testing.T) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(keyWritten, tokenExpiry, tokenRefreshed)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if labels := metric.GetLabel(); labels[0].GetValue() == t.Name() {
				name := strings.TrimSuffix(strings.TrimPrefix(family.GetName(), "partnersign_"), "_timestamp_seconds")
				found = append(found, name+" "+labels[1].GetValue())
			}
		}
	}
	slices.Sort(found)
	return strings.Join(found, ", ")
}

// Blocks of one name share what they both have, and what only one has goes with it.
func TestGaugesOfBlocks(t *testing.T) {
	t.Setenv("GAUGED_KEY", "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=")
	key, err := new(keys.Loader).Key("{env.GAUGED_KEY}", keys.KeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	uses := func(labels ...string) (uses []config.KeyUse) {
		for _, label := range labels {
			uses = append(uses, config.KeyUse{Use: "signature " + label, Key: key})
		}
		return uses
	}
	source := []config.TokenUse{{Source: "{env.A}"}, {Source: "https://Auth.example:8443/token"}}
	first, second, third := new(Transport), new(Transport), new(Transport)
	g, name, end := &gauges, t.Name(), time.Now().Add(time.Hour)
	want := func(when, want string) {
		t.Helper()
		if got := series(t); got != want {
			t.Errorf("%s: there are %q, want %q", when, got, want)
		}
	}

	g.retain(name, first)
	g.keys(name, first, uses("a", "b"))
	g.jwt(name, first, end)
	g.retain(name, second)
	g.keys(name, second, uses("b"))
	g.jwt(name, second, end)
	g.sources(name, second, source)
	g.expiry(name, "auth.example:8443", end)
	g.refreshed(name, "auth.example:8443")
	g.expiry(name, "other.example", end)
	g.refreshed(name, "other.example")
	const shared, issued = "key signature:b", "token_expiry auth.example:8443, "
	const refreshed = ", token_last_refresh auth.example:8443"
	want("two blocks", "key signature:a, "+shared+", "+issued+"token_expiry jwt"+refreshed)

	g.jwt(name, second, time.Time{})
	want("one JWT without an end", "key signature:a, "+shared+", "+issued+"token_expiry jwt"+refreshed)
	g.release(name, first)
	g.release(name, first)
	want("the first released", shared+", "+issued[:len(issued)-2]+refreshed)
	g.keys(name, first, uses("a"))
	g.jwt(name, first, end)
	want("what the first tells later", shared+", "+issued[:len(issued)-2]+refreshed)

	g.retain(name, third)
	g.sources(name, third, source)
	g.release(name, second)
	want("the second released, of which the third has the source", issued[:len(issued)-2]+refreshed)
	g.expiry(name, "auth.example:8443", time.Time{})
	want("a token that was refused", refreshed[2:])
	g.expiry(name, "auth.example:8443", end)
	want("another token", issued[:len(issued)-2]+refreshed)
	g.release(name, third)
	g.expiry(name, "auth.example:8443", end)
	g.refreshed(name, "auth.example:8443")
	g.sources(name, third, source)
	want("none loaded", "")
	if len(g.blocks[name]) != 0 {
		t.Error("a block is kept")
	}
}

// Whatever the order in which old blocks go and tell, only what is loaded stays.
func TestGaugesConcurrently(t *testing.T) {
	source := []config.TokenUse{{Source: "https://auth.example/token"}}
	stays := new(Transport)
	gauges.retain(t.Name(), stays)
	gauges.sources(t.Name(), stays, source)
	var wg sync.WaitGroup
	for range 50 {
		block := new(Transport)
		gauges.retain(t.Name(), block)
		gauges.sources(t.Name(), block, source)
		wg.Go(func() { gauges.jwt(t.Name(), block, time.Now()) })
		wg.Go(func() { gauges.expiry(t.Name(), "auth.example", time.Now()) })
		wg.Go(func() { gauges.release(t.Name(), block) })
	}
	wg.Wait()
	if got := series(t); got != "token_expiry auth.example" {
		t.Errorf("there are %q", got)
	}
	gauges.release(t.Name(), stays)
	if got := series(t); got != "" {
		t.Errorf("there are %q, and nothing is loaded", got)
	}
}
