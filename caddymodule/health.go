package caddymodule

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() { caddy.RegisterModule(new(Health)) }

// Health answers whoever runs this process: /healthz says that it serves, and
// /readyz whether every partner has its tokens, its keys and its storage, with
// status 503 and what is missing if not. Names and references are told, values
// never. It is for a site of its own on a local address, and answers 404 on
// every other path, so that a probe with a wrong path is never taken for
// healthy.
type Health struct{ readiness *readiness }

// CaddyModule returns the Caddy module information.
func (*Health) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.partnersign_health", New: func() caddy.Module { return new(Health) }}
}

// Provision finds the partners of the same configuration.
func (h *Health) Provision(ctx caddy.Context) error {
	app, err := ctx.App("partnersign")
	if err != nil {
		return err
	}
	h.readiness = &app.(*App).readiness
	return nil
}

// readyTimeout is how long the storage may take; probes wait little longer.
const readyTimeout = 3 * time.Second

// ServeHTTP answers a probe.
func (h *Health) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return caddyhttp.Error(http.StatusMethodNotAllowed, nil)
	}
	switch r.URL.Path {
	case "/healthz":
		return reply(w, http.StatusOK, map[string]bool{"serving": true})
	case "/readyz":
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		report := h.readiness.report(ctx)
		if stopping(r) {
			report.Ready, report.Missing = false, append(report.Missing, "the server is shutting down")
		}
		status := http.StatusOK
		if !report.Ready {
			status = http.StatusServiceUnavailable
		}
		return reply(w, status, report)
	}
	return caddyhttp.Error(http.StatusNotFound, nil)
}

// stopping reports whether Caddy's shutdown_delay is running: requests are
// still served, and new ones should go elsewhere.
func stopping(r *http.Request) bool {
	replacer, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return false
	}
	value, _ := replacer.Get("http.shutting_down")
	return value == true
}

func reply(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	body = append(body, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

var (
	_ caddy.Provisioner           = (*Health)(nil)
	_ caddyhttp.MiddlewareHandler = (*Health)(nil)
	_ caddyfile.Unmarshaler       = (*Health)(nil)
)
