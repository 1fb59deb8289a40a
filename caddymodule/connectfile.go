package caddymodule

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/signer"
)

func init() {
	httpcaddyfile.RegisterDirective("partner_connect", parseConnect)
	// Before partnersign_guard, for a CONNECT has not got the Host of a request.
	httpcaddyfile.RegisterDirectiveOrder("partner_connect", httpcaddyfile.After, "try_files")
}

// parseConnect reads
//
//	partner_connect [<matcher>] {
//	    partner_proxy [<preset>] [<upstream URL>] { … }
//	    <subdirectives: see Connect.UnmarshalCaddyfile>
//	}
//
// with any number of partner_proxy, each for requests under its partner's name.
func parseConnect(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	h.Next() // the directive's name
	matchers, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	h.Next()
	directive := h.Token()
	if h.NextArg() {
		return nil, h.Err("partner_connect takes a block and no arguments but a matcher")
	}
	c, routes := new(Connect), caddyhttp.RouteList{}
	rest, err := cutBlock(h.Dispenser, directive, func(segment caddyfile.Segment) (bool, error) {
		if segment[0].Text != "partner_proxy" {
			return false, nil
		}
		route, err := c.partner(h, segment)
		routes = append(routes, route)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	if err := c.UnmarshalCaddyfile(caddyfile.NewDispenser(rest)); err != nil {
		return nil, err
	}
	handlers := []json.RawMessage{caddyconfig.JSONModuleObject(c, "handler", "partnersign_connect", nil)}
	if len(routes) > 0 {
		handlers = append(handlers, caddyconfig.JSONModuleObject(caddyhttp.Subroute{Routes: routes}, "handler", "subroute", nil))
	}
	return routeOf(h, matchers, handlers), nil
}

// partner reads a partner_proxy of the block.
func (c *Connect) partner(h httpcaddyfile.Helper, segment caddyfile.Segment) (caddyhttp.Route, error) {
	d := caddyfile.NewDispenser(segment)
	d.Next()
	p, handlers, err := readPartnerProxy(h, d)
	if err != nil {
		return caddyhttp.Route{}, err
	}
	if p.upstream.Scheme != "https" {
		return caddyhttp.Route{}, at(segment[0]).Err("partner_proxy in partner_connect must have an https:// URL, for this is what its clients ask for")
	}
	for _, partner := range c.Partners {
		if other, _ := signer.ParseUpstream("https://" + partner); other.Hostname() == p.upstream.Hostname() {
			return caddyhttp.Route{}, at(segment[0]).Err("two partner_proxy have the same host: put one of them into a site of its own")
		}
	}
	c.Partners = append(c.Partners, p.upstream.Authority)
	return caddyhttp.Route{
		MatcherSetsRaw: caddyhttp.RawMatcherSets{{"host": caddyconfig.JSON([]string{p.upstream.Hostname()}, nil)}},
		HandlersRaw:    handlers,
		Terminal:       true,
	}, nil
}
