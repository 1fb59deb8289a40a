package caddymodule

import (
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/partnersign/partnersign/signer/config"
)

// gauges tell how it stands with what partners are configured with. What no block
// of a partner has any more goes, or an alert would fire for a token or a key that
// nobody uses: also what a request that an old block still serves would tell
// later. Counters stay.
var gauges = partnerGauges{blocks: map[string]map[*Transport]map[gauge]bool{}}

type partnerGauges struct {
	mu     sync.Mutex
	blocks map[string]map[*Transport]map[gauge]bool // those that are loaded and what they have, by the partner's name
}

// A gauge is one of a partner's: of a key by its use, or of a token by its source.
type gauge struct {
	vec   *prometheus.GaugeVec
	label string
}

func (g *partnerGauges) retain(partner string, t *Transport) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.blocks[partner] == nil {
		g.blocks[partner] = map[*Transport]map[gauge]bool{}
	}
	g.blocks[partner][t] = map[gauge]bool{}
}

// release takes away the gauges that only this block of the partner has.
func (g *partnerGauges) release(partner string, t *Transport) {
	g.mu.Lock()
	defer g.mu.Unlock()
	own, loaded := g.blocks[partner][t]
	if !loaded {
		return
	}
	for k := range own {
		g.drop(partner, t, k)
	}
	if delete(g.blocks[partner], t); len(g.blocks[partner]) == 0 {
		delete(g.blocks, partner)
		clockSkew.DeleteLabelValues(partner)
	}
}

// drop takes a gauge from a block, and away if no other block has it.
func (g *partnerGauges) drop(partner string, t *Transport, k gauge) {
	if delete(g.blocks[partner][t], k); !g.has(partner, k) {
		k.vec.DeleteLabelValues(partner, k.label)
	}
}

func (g *partnerGauges) has(partner string, k gauge) bool {
	for _, block := range g.blocks[partner] {
		if block[k] {
			return true
		}
	}
	return false
}

// processBegan is since when what the environment holds is the same.
var processBegan = time.Now()

// keys tells how old those of a block are that are in use.
func (g *partnerGauges) keys(partner string, t *Transport, keys []config.KeyUse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	block, loaded := g.blocks[partner][t]
	if !loaded {
		return
	}
	for _, k := range keys {
		written := k.Key.Written()
		if written.IsZero() {
			written = processBegan
		}
		use := useLabel.Replace(k.Use)
		block[gauge{keyWritten, use}] = true
		keyWritten.WithLabelValues(partner, use).Set(float64(written.Unix()))
	}
}

// useLabel writes a use as one word.
var useLabel = strings.NewReplacer(": ", ":", " ", ":")

// jwt tells when the fixed token of a block expires; the zero time: it does not
// say.
func (g *partnerGauges) jwt(partner string, t *Transport, expiry time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := gauge{tokenExpiry, "jwt"}
	switch block, loaded := g.blocks[partner][t]; {
	case !loaded:
	case expiry.IsZero():
		g.drop(partner, t, k)
	default:
		block[k] = true
		tokenExpiry.WithLabelValues(partner, k.label).Set(float64(expiry.Unix()))
	}
}

// sources tells where a block gets tokens from. It has their gauges before it gets
// any: the process keeps tokens, and those of an old block go on in the new one.
func (g *partnerGauges) sources(partner string, t *Transport, tokens []config.TokenUse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	block, loaded := g.blocks[partner][t]
	if !loaded {
		return
	}
	for _, use := range tokens {
		if source, err := url.Parse(use.Source); err == nil && source.Host != "" { // not a fixed token
			host := strings.ToLower(source.Host)
			block[gauge{tokenExpiry, host}], block[gauge{tokenRefreshed, host}] = true, true
		}
	}
}

// expiry tells when a token of a source expires; the zero time: there is none.
// Whichever block got it, all that have the source send it.
func (g *partnerGauges) expiry(partner, source string, expiry time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !g.has(partner, gauge{tokenExpiry, source}):
	case expiry.IsZero():
		tokenExpiry.DeleteLabelValues(partner, source)
	default:
		tokenExpiry.WithLabelValues(partner, source).Set(float64(expiry.Unix()))
	}
}

// refreshed tells that a source has given a token.
func (g *partnerGauges) refreshed(partner, source string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.has(partner, gauge{tokenRefreshed, source}) {
		tokenRefreshed.WithLabelValues(partner, source).SetToCurrentTime()
	}
}
