package caddymodule

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/partnersign/partnersign/signer"
)

// checkListeners refuses partners that anybody on the network could use:
// listeners beyond this machine, and nothing in front of the partner that asks
// who calls. It looks once, when the first module of ours is provisioned, for
// until then Caddy has loaded no route that leads to one.
func (a *App) checkListeners(ctx caddy.Context) error {
	if a.listenersChecked {
		return nil
	}
	a.listenersChecked = true
	app, err := ctx.AppIfConfigured("http")
	if err != nil { // which Caddy tells
		return nil
	}
	var found []error
	for _, server := range app.(*caddyhttp.App).Servers {
		listener, ok := openListener(server)
		if !ok {
			continue
		}
		if partners := unguarded(server); len(partners) > 0 {
			found = append(found, fmt.Errorf("%s: whoever reaches the listener %s could call as you: add bind 127.0.0.1 or bind unix//run/partnersign.sock to the site, "+
				"or client_auth, client_users, client_groups or client_certificates to the partner, or unsafe_listen if something else keeps others away",
				strings.Join(partners, ", "), listener))
		}
	}
	slices.SortFunc(found, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(found...)
}

// openListener is the first address of a server that others than this machine
// may reach.
func openListener(server *caddyhttp.Server) (string, bool) {
	for _, address := range server.Listen {
		address = caddy.NewReplacer().ReplaceAll(address, "") // as Caddy does, server by server
		if at, err := caddy.ParseNetworkAddress(address); err == nil && !staysOnMachine(at) {
			return at.String(), true
		}
	}
	return "", false
}

func staysOnMachine(at caddy.NetworkAddress) bool {
	switch {
	case at.IsUnixNetwork():
		return true
	case at.IsFdNetwork():
		fd, err := strconv.Atoi(at.Host)
		return err != nil || !isOpenSocket(fd)
	}
	return (strings.HasPrefix(at.Network, "tcp") || strings.HasPrefix(at.Network, "udp")) && signer.IsLoopback(at.Host)
}

// unguarded are the names of the partners that a server leads to without asking
// who calls.
func unguarded(server *caddyhttp.Server) []string {
	var u openRoutes
	asked := false
	for _, route := range server.Routes {
		after := u.visit(mustMarshal(route.HandlersRaw), asked)
		if len(route.MatcherSets) == 0 && len(route.MatcherSetsRaw) == 0 && route.Group == "" {
			asked = after
		}
	}
	u.visit(mustMarshal(server.Errors), false)
	u.visit(mustMarshal(server.NamedRoutes), false)
	return u.partners
}

// mustMarshal is the JSON of what Caddy has read as JSON.
func mustMarshal(v any) json.RawMessage {
	raw, _ := json.Marshal(v)
	return raw
}

// openRoutes collects the partners behind routes on which nobody asks.
type openRoutes struct{ partners []string }

// visit looks through the JSON of routes and handlers, in the order in which
// requests pass them. asked is whether somebody has asked before, and the result
// whether somebody has afterwards.
func (u *openRoutes) visit(raw json.RawMessage, asked bool) bool {
	switch raw = bytes.TrimSpace(raw); {
	case bytes.HasPrefix(raw, []byte("[")):
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list)
		for _, item := range list {
			asked = u.visit(item, asked)
		}
	case bytes.HasPrefix(raw, []byte("{")):
		var object map[string]json.RawMessage
		_ = json.Unmarshal(raw, &object)
		switch handler := string(object["handler"]); {
		case handler == `"partnersign_guard"`, handler == `"partnersign_connect"`:
			var g Guard
			return json.Unmarshal(raw, &g) == nil && g.asks() || asked
		case handler == `"subroute"`:
			u.visit(object["errors"], asked)
			return u.visit(object["routes"], asked)
		case string(object["protocol"]) == `"partnersign"`:
			u.partner(raw, asked)
		case object["handle"] != nil: // a route, which some requests may pass by
			after := u.visit(object["handle"], asked)
			return asked || after && object["match"] == nil && object["group"] == nil
		default:
			for _, name := range names(object) {
				u.visit(object[name], asked)
			}
		}
	}
	return asked
}

// asks reports whether g, or its user, knows who calls.
func (g *Guard) asks() bool {
	return g.ClientAuth != nil || len(g.ClientUsers) > 0 || len(g.ClientGroups) > 0 || len(g.ClientCertificates) > 0 || g.UnsafeListen
}

// warnOpen tells in the log what unsafe_listen accepts.
func (g *Guard) warnOpen(ctx caddy.Context) {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !g.UnsafeListen || !ok {
		return
	}
	if listener, ok := openListener(server); ok {
		g.report.log.Warn("unsafe_listen: whoever reaches the listener may call", zap.String("partner", g.Partner), zap.String("listener", listener))
	}
}

func (u *openRoutes) partner(raw json.RawMessage, asked bool) {
	var t Transport
	if asked || json.Unmarshal(raw, &t.Config) != nil {
		return
	}
	if name := t.partnerName(); !slices.Contains(u.partners, name) {
		u.partners = append(u.partners, name)
	}
}
