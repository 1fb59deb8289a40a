package caddymodule

import (
	"context"
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
)

func init() { caddy.RegisterModule(new(StatusAPI)) }

// StatusAPI is the route /partnersign/status of Caddy's admin API: how the
// partners, keys, tokens and the store of the configuration stand that serves.
// It only reads. It is always there and has no settings.
type StatusAPI struct{}

// CaddyModule returns the Caddy module information.
func (*StatusAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.partnersign", New: func() caddy.Module { return new(StatusAPI) }}
}

// Routes implements caddy.AdminRouter.
func (*StatusAPI) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{{Pattern: "/partnersign/status", Handler: caddy.AdminHandlerFunc(serveStatus)}}
}

// serveStatus asks for the configuration each time: it keeps none.
func serveStatus(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("the status can only be read")}
	}
	app, err := caddy.ActiveContext().AppIfConfigured("partnersign")
	if errors.Is(err, caddy.ErrNotConfigured) {
		return reply(w, http.StatusOK, statusReport{Ready: true, Partners: []partnerStatus{}, Store: storeStatus{Kind: "memory"}})
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	return reply(w, http.StatusOK, app.(*App).report(ctx))
}

var _ caddy.AdminRouter = (*StatusAPI)(nil)
