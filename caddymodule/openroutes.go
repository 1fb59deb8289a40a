package caddymodule

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// unguarded are the names of the partners that a server leads to without asking
// who calls, and partner_connect if it has tunnels for everybody.
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

// openRoutes collects the partners, and proxies with tunnels, behind routes on
// which nobody asks.
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
			asked = json.Unmarshal(raw, &g) == nil && g.asks() || asked
			if !asked && object["tunnels"] != nil {
				u.add("partner_connect")
			}
			return asked
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

func (u *openRoutes) partner(raw json.RawMessage, asked bool) {
	var t Transport
	if asked || json.Unmarshal(raw, &t.Config) != nil {
		return
	}
	u.add(t.partnerName())
}

func (u *openRoutes) add(name string) {
	if !slices.Contains(u.partners, name) {
		u.partners = append(u.partners, name)
	}
}
