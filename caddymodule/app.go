package caddymodule

import (
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
)

func init() { caddy.RegisterModule(new(App)) }

// bodyMemory holds the bodies of all partners of the process. It lives as long
// as the process, because requests of an old configuration are still served
// while the new one starts.
var bodyMemory = signer.NewMemory(0)

// App is what all partners of a process share: the global option partnersign.
type App struct {
	// How many bytes the buffered bodies of all requests may take together;
	// when they are taken, a request gets status 503 with Retry-After.
	// Default: 67108864 (64 MiB).
	BodyMemory int64 `json:"body_memory,omitempty"`

	// Keeps captured tokens in Caddy's storage, so that they survive a restart
	// and are shared by all proxies with the same storage. Default: they are
	// kept in memory.
	Persist *Persist `json:"persist,omitempty"`

	tokens    capture.Store
	readiness readiness
	status    status

	listenersChecked bool
}

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "partnersign", New: func() caddy.Module { return new(App) }}
}

// Provision makes the store of captured tokens. It does not touch the storage.
func (a *App) Provision(ctx caddy.Context) (err error) {
	a.status.loaded = time.Now()
	a.tokens, err = a.newTokenStore(ctx)
	if a.Persist != nil {
		a.readiness.askStorage(ctx.Storage())
	}
	return together(ctx, "", err)
}

// Start implements caddy.App. The limit is set here and not earlier, so that a
// configuration that fails to load changes nothing.
func (a *App) Start() error {
	bodyMemory.SetLimit(a.BodyMemory)
	hideUnsolicited()
	return nil
}

// Stop implements caddy.App.
func (*App) Stop() error { return nil }

var (
	_ caddy.App         = (*App)(nil)
	_ caddy.Provisioner = (*App)(nil)
)
