package caddymodule

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/partnersign/partnersign/signer"
)

// parsePartnerProxy reads
//
//	partner_proxy [<matcher>] [<preset>] [<upstream URL>] {
//	    <settings of the preset>
//	    <subdirectives of the partner: see Transport.UnmarshalCaddyfile>
//	    <subdirectives of who may call: see Guard.UnmarshalCaddyfile>
//	    <subdirectives of reverse_proxy>
//	    transport http { … }
//	}
//
// It stands for a partnersign_guard and a reverse_proxy with the transport
// partnersign. What would change whom a request goes to, or what it asks for
// after it was checked, is refused.
func parsePartnerProxy(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	h.Next() // the directive's name
	matchers, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	h.Next()
	_, handlers, err := readPartnerProxy(h, h.Dispenser)
	if err != nil {
		return nil, err
	}
	return routeOf(h, matchers, handlers), nil
}

// routeOf is the one route that a directive stands for.
func routeOf(h httpcaddyfile.Helper, matchers caddy.ModuleMap, handlers []json.RawMessage) []httpcaddyfile.ConfigValue {
	route := caddyhttp.Route{HandlersRaw: handlers}
	if h.IsNamedRoute() { // where Caddy may take the first handler and drop the second
		both := caddyhttp.Subroute{Routes: caddyhttp.RouteList{route}}
		route = caddyhttp.Route{HandlersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(both, "handler", "subroute", nil)}}
	}
	if matchers != nil {
		route.MatcherSetsRaw = []caddy.ModuleMap{matchers}
	}
	return []httpcaddyfile.ConfigValue{{Class: "route", Value: route}}
}

// readPartnerProxy reads one, at whose name d is, into its handlers.
func readPartnerProxy(h httpcaddyfile.Helper, d *caddyfile.Dispenser) (*partnerProxy, []json.RawMessage, error) {
	p := &partnerProxy{
		directive: d.Token(),
		transport: &Transport{HTTPTransport: new(reverseproxy.HTTPTransport)},
		guard:     new(Guard),
	}
	if err := p.arguments(d); err != nil {
		return nil, nil, err
	}
	rest, err := cutBlock(d, p.directive, p.line)
	if err != nil {
		return nil, nil, err
	}
	if err := p.merge(); err != nil {
		return nil, nil, err
	}
	handlers, err := p.handlers(h, rest)
	return p, handlers, err
}

// A partnerProxy is a partner_proxy that is being read.
type partnerProxy struct {
	directive caddyfile.Token
	preset    *preset // nil: none
	settings  map[string]bool
	removed   []caddyfile.Token
	upstream  signer.Upstream
	transport *Transport // with the block's own subdirectives, until they are merged with the preset's
	guard     *Guard
	http      bool // transport http was there
}

func (p *partnerProxy) arguments(d *caddyfile.Dispenser) (err error) {
	args := d.RemainingArgs()
	if len(args) > 0 {
		if newPreset, ok := presets[args[0]]; ok {
			p.preset, p.settings = newPreset(), map[string]bool{}
			args = args[1:]
		}
	}
	switch {
	case len(args) == 1 && strings.Contains(args[0], "/"):
		p.upstream, err = signer.ParseUpstream(args[0])
		p.transport.Upstream = p.upstream.String()
	case len(args) == 0 && p.preset != nil:
		upstream := p.preset.fill("").Upstream
		if upstream == "" {
			return d.Err("partner_proxy takes the partner's URL behind the name of this preset, for each customer has its own")
		}
		p.upstream, err = signer.ParseUpstream(upstream)
	default:
		return d.Errf("partner_proxy takes the partner's URL, such as https://api.partner.example, or one of the presets %s", strings.Join(names(presets), ", "))
	}
	return wrap(d, err)
}

// merge puts what the block has of its own over what the preset stands for.
func (p *partnerProxy) merge() error {
	if p.preset == nil {
		return nil
	}
	c := p.preset.fill(p.transport.Upstream)
	for _, line := range p.removed {
		if !c.Remove(line.Text) {
			return at(line).Errf("%s off: the preset has none: remove the line", line.Text)
		}
	}
	c.Override(p.transport.Config)
	p.transport.Config = c
	if err := p.preset.missing(c); err != nil {
		return at(p.directive).WrapErr(err)
	}
	return wrap(at(p.directive), c.Check())
}

// line reads one line of the block, with its own block, unless it is for
// reverse_proxy.
func (p *partnerProxy) line(segment caddyfile.Segment) (bool, error) {
	name, d := segment[0].Text, caddyfile.NewDispenser(segment)
	d.Next()
	switch name {
	case "transport":
		return true, p.connection(d, segment)
	case "upstream", "to", "dynamic":
		return true, d.Errf("%s cannot be used in partner_proxy: the URL behind partner_proxy is the only upstream; reverse_proxy with transport partnersign is the long form", name)
	case "method", "rewrite":
		return true, d.Errf("%s cannot be used in partner_proxy: put the directive %s in front of it", name, name)
	case "header_up":
		if len(segment) > 1 && strings.EqualFold(strings.TrimLeft(segment[1].Text, "+-?>"), "Host") {
			return true, d.Err("header_up Host cannot be used in partner_proxy: remove it, for Host is the upstream's name")
		}
	}
	if p.preset != nil {
		if is, err := p.preset.line(segment, p.settings); is {
			return true, err
		}
	}
	if parse, ok := subdirectives[name]; ok {
		if len(segment) == 2 && segment[1].Text == "off" {
			if p.preset == nil {
				return true, d.Errf("%s off removes what a preset has, and there is none: remove the line", name)
			}
			p.removed = append(p.removed, segment[0])
			return true, nil
		}
		return true, read(segment, parse, &p.transport.Config, checkSoFar)
	}
	if parse, ok := guardSubdirectives[name]; ok {
		return true, read(segment, parse, p.guard, (*Guard).check)
	}
	return false, nil
}

// connection reads transport http { … }.
func (p *partnerProxy) connection(d *caddyfile.Dispenser, segment caddyfile.Segment) error {
	if args := d.RemainingArgs(); len(args) != 1 || args[0] != "http" {
		return d.Err("partner_proxy is a transport of its own: only transport http { … } can be there, for its connection's options")
	}
	if p.http {
		return d.Err("transport http is there twice: put all of it into one block")
	}
	p.http = true
	if err := p.transport.HTTPTransport.UnmarshalCaddyfile(caddyfile.NewDispenser(segment[1:])); err != nil {
		return foreign(err, segment, "transport http")
	}
	return wrap(d, p.transport.checkConnection(p.upstream))
}

// handlers are the guard and the reverse_proxy, which reads rest. The transport
// is put in only afterwards, or reverse_proxy would take it for its own.
func (p *partnerProxy) handlers(h httpcaddyfile.Helper, rest caddyfile.Segment) ([]json.RawMessage, error) {
	proxy := new(reverseproxy.Handler)
	err := proxy.UnmarshalCaddyfile(caddyfile.NewDispenser(rest))
	if err == nil {
		err = proxy.FinalizeUnmarshalCaddyfile(h)
	}
	if err != nil {
		return nil, foreign(err, rest, "reverse_proxy", p.known()...)
	}
	if p.upstream.Scheme == "https" && p.transport.TLS == nil {
		p.transport.TLS = new(reverseproxy.TLSConfig)
	}
	p.guard.Upstream = p.transport.Upstream
	if p.guard.Partner = p.transport.Name; p.guard.Partner == "" {
		p.guard.Partner = p.upstream.Hostname()
	}
	proxy.Upstreams = reverseproxy.UpstreamPool{{Dial: p.upstream.DialAddress()}}
	proxy.TransportRaw = caddyconfig.JSONModuleObject(p.transport, "protocol", "partnersign", nil)
	return []json.RawMessage{
		caddyconfig.JSONModuleObject(p.guard, "handler", "partnersign_guard", nil),
		caddyconfig.JSONModuleObject(proxy, "handler", "reverse_proxy", nil),
	}, nil
}

// known are the names of the lines that a block may have, besides those of
// reverse_proxy.
func (p *partnerProxy) known() []string {
	known := slices.Concat(names(subdirectives), names(guardSubdirectives))
	if p.preset != nil {
		known = slices.Concat(names(p.preset.settings), known)
	}
	return known
}
