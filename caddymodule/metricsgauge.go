package caddymodule

import (
	"strings"
	"sync"
	"time"

	"github.com/partnersign/partnersign/signer/config"
)

// gauges tell how it stands with what partners are configured with. When no
// configuration has a partner any more they go, or an alert would fire for a
// token or a key that nobody uses. Counters stay.
var gauges = partnerGauges{blocks: map[string]*partnerBlocks{}}

type partnerGauges struct {
	mu     sync.Mutex
	blocks map[string]*partnerBlocks // by the partner's name
}

// partnerBlocks are those of one partner in the configurations that are loaded.
type partnerBlocks struct {
	loaded  map[*Transport]bool
	keys    map[string]bool // by their use
	sources map[string]bool // of tokens
}

func (g *partnerGauges) retain(partner string, t *Transport) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.blocks[partner] == nil {
		g.blocks[partner] = &partnerBlocks{map[*Transport]bool{}, map[string]bool{}, map[string]bool{}}
	}
	g.blocks[partner].loaded[t] = true
}

// release takes away the gauges of a partner with its last block.
func (g *partnerGauges) release(partner string, t *Transport) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.blocks[partner]
	if b == nil || !b.loaded[t] {
		return
	}
	if delete(b.loaded, t); len(b.loaded) > 0 {
		return
	}
	delete(g.blocks, partner)
	clockSkew.DeleteLabelValues(partner)
	for use := range b.keys {
		keyWritten.DeleteLabelValues(partner, use)
	}
	for source := range b.sources {
		tokenExpiry.DeleteLabelValues(partner, source)
		tokenRefreshed.DeleteLabelValues(partner, source)
	}
}

// processBegan is since when what the environment holds is the same.
var processBegan = time.Now()

// keys tells how old those are that are in use.
func (g *partnerGauges) keys(partner string, keys []config.KeyUse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.blocks[partner]
	if b == nil {
		return
	}
	for _, k := range keys {
		written := k.Key.Written()
		if written.IsZero() {
			written = processBegan
		}
		use := useLabel.Replace(k.Use)
		b.keys[use] = true
		keyWritten.WithLabelValues(partner, use).Set(float64(written.Unix()))
	}
}

// useLabel writes a use as one word.
var useLabel = strings.NewReplacer(": ", ":", " ", ":")

// expiry tells when a token expires; the zero time: nobody knows, or there is
// no token.
func (g *partnerGauges) expiry(partner, source string, expiry time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch b := g.blocks[partner]; {
	case b == nil:
	case expiry.IsZero():
		tokenExpiry.DeleteLabelValues(partner, source)
	default:
		b.sources[source] = true
		tokenExpiry.WithLabelValues(partner, source).Set(float64(expiry.Unix()))
	}
}

// refreshed tells that a source has given a token.
func (g *partnerGauges) refreshed(partner, source string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.blocks[partner]; b != nil {
		b.sources[source] = true
		tokenRefreshed.WithLabelValues(partner, source).SetToCurrentTime()
	}
}
