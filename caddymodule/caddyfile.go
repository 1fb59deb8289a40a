package caddymodule

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/dustin/go-humanize"

	"github.com/partnersign/partnersign/signer"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("partnersign", parseGlobalOption)
	httpcaddyfile.RegisterDirective("partner_proxy", parsePartnerProxy)
	httpcaddyfile.RegisterDirectiveOrder("partner_proxy", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterHandlerDirective("partnersign_guard", parseGuard)
	httpcaddyfile.RegisterDirectiveOrder("partnersign_guard", httpcaddyfile.Before, "reverse_proxy")
}

// parseGlobalOption reads
//
//	partnersign {
//	    body_memory <size>
//	}
func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		return nil, d.Err("partnersign is there twice")
	}
	d.Next() // the option's name
	if d.NextArg() {
		return nil, d.Err("partnersign takes a block and no arguments")
	}
	app := new(App)
	for d.NextBlock(0) {
		switch d.Val() {
		case "body_memory":
			if app.BodyMemory != 0 {
				return nil, d.Err("body_memory is there twice")
			}
			size, err := oneSize(d)
			if err != nil {
				return nil, err
			}
			app.BodyMemory = size
		default:
			return nil, unknown(d, "body_memory")
		}
	}
	return httpcaddyfile.App{Name: "partnersign", Value: caddyconfig.JSON(app, nil)}, nil
}

// parsePartnerProxy reads
//
//	partner_proxy [<matcher>] <upstream URL> {
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
	p := partnerProxy{
		directive: h.Token(),
		transport: &Transport{HTTPTransport: new(reverseproxy.HTTPTransport)},
		guard:     new(Guard),
	}
	if err := p.arguments(h.Dispenser); err != nil {
		return nil, err
	}
	for h.NextBlock(0) {
		if err := p.subdirective(h.Dispenser); err != nil {
			return nil, err
		}
	}
	handlers, err := p.handlers(h)
	if err != nil {
		return nil, err
	}
	route := caddyhttp.Route{HandlersRaw: handlers}
	if matchers != nil {
		route.MatcherSetsRaw = []caddy.ModuleMap{matchers}
	}
	return []httpcaddyfile.ConfigValue{{Class: "route", Value: route}}, nil
}

// A partnerProxy is a partner_proxy that is being read.
type partnerProxy struct {
	directive caddyfile.Token
	transport *Transport
	guard     *Guard
	rest      []caddyfile.Token // for reverse_proxy
	http      bool              // transport http was there
}

func (p *partnerProxy) arguments(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) != 1 {
		return d.Err("partner_proxy takes the partner's URL, such as https://api.partner.example")
	}
	upstream, err := signer.ParseUpstream(args[0])
	if err != nil {
		return d.WrapErr(err)
	}
	p.transport.Upstream = upstream.String()
	return nil
}

func (p *partnerProxy) subdirective(d *caddyfile.Dispenser) error {
	segment := d.NextSegment()
	name, sub := segment[0].Text, caddyfile.NewDispenser(segment)
	sub.Next()
	if parse, ok := subdirectives[name]; ok && name != "upstream" {
		return parse(sub, &p.transport.Config)
	}
	if parse, ok := guardSubdirectives[name]; ok {
		return parse(sub, p.guard)
	}
	switch name {
	case "transport":
		if len(segment) < 2 || segment[1].Text != "http" {
			return sub.Err("partner_proxy is a transport of its own; transport http { … } gives its connection's options")
		}
		if p.http {
			return sub.Err("transport http is there twice")
		}
		p.http = true
		return p.transport.HTTPTransport.UnmarshalCaddyfile(caddyfile.NewDispenser(segment[1:]))
	case "upstream", "to", "dynamic":
		return sub.Errf("%s cannot be used in partner_proxy: the URL behind partner_proxy is the only upstream; reverse_proxy with transport partnersign is the long form", name)
	case "method", "rewrite":
		return sub.Errf("%s cannot be used in partner_proxy: put the directive %s in front of it", name, name)
	case "header_up":
		if len(segment) > 1 && isHostField(segment[1].Text) {
			return sub.Err("header_up Host cannot be used in partner_proxy: Host is the upstream's name")
		}
	}
	p.rest = append(p.rest, segment...)
	return nil
}

// handlers are the guard and the reverse_proxy. The transport is put in only
// after reverse_proxy has read its part, or it would take it for its own.
func (p *partnerProxy) handlers(h httpcaddyfile.Helper) ([]json.RawMessage, error) {
	upstream, err := signer.ParseUpstream(p.transport.Upstream)
	if err != nil {
		return nil, err
	}
	proxy := new(reverseproxy.Handler)
	if err := proxy.UnmarshalCaddyfile(caddyfile.NewDispenser(block(p.directive, p.rest))); err != nil {
		return nil, err
	}
	if err := proxy.FinalizeUnmarshalCaddyfile(h); err != nil {
		return nil, err
	}
	if upstream.Scheme == "https" && p.transport.TLS == nil {
		p.transport.TLS = new(reverseproxy.TLSConfig)
	}
	if err := p.transport.Check(); err != nil {
		return nil, h.WrapErr(err)
	}
	p.guard.Upstream = p.transport.Upstream
	if p.guard.Partner = p.transport.Name; p.guard.Partner == "" {
		p.guard.Partner = upstream.Hostname()
	}
	proxy.Upstreams = reverseproxy.UpstreamPool{{Dial: upstream.DialAddress()}}
	proxy.TransportRaw = caddyconfig.JSONModuleObject(p.transport, "protocol", "partnersign", nil)
	return []json.RawMessage{
		caddyconfig.JSONModuleObject(p.guard, "handler", "partnersign_guard", nil),
		caddyconfig.JSONModuleObject(proxy, "handler", "reverse_proxy", nil),
	}, nil
}

// block makes the tokens of a directive with a block of these lines.
func block(directive caddyfile.Token, lines []caddyfile.Token) []caddyfile.Token {
	tokens := []caddyfile.Token{directive}
	if len(lines) == 0 {
		return tokens
	}
	opening, closing := directive, lines[len(lines)-1]
	opening.Text, closing.Text = "{", "}"
	closing.Line++
	tokens = append(append(tokens, opening), lines...)
	return append(tokens, closing)
}

func isHostField(field string) bool {
	switch field {
	case "host", "Host", "HOST", "+Host", "-Host", "?Host", "+host", "-host", "?host":
		return true
	}
	return false
}

// UnmarshalCaddyfile reads
//
//	transport partnersign {
//	    upstream <https://host[:port]>
//	    name <id>
//	    allow <METHOD[,METHOD…]|*> <path glob>… [guarded] [encoded_slash]
//	    max_body <size>
//	    timeout <duration>
//	    bearer <secret> [{ on <METHODS|*> <glob>… }]
//	    basic_auth <user> <secret>
//	    header [?|-]<Name> [<value>]
//	    client_headers keep <Name>…
//	    idempotency_key [<Header>] { … }
//	    content_digest [sha-256] [sha-512] { … }
//	    signature [<label>] { … }
//	    <options of transport http>
//	}
func (t *Transport) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the transport's name
	name := d.Token()
	if d.NextArg() {
		return d.Err("transport partnersign takes a block and no arguments")
	}
	var rest []caddyfile.Token
	for d.NextBlock(0) {
		segment := d.NextSegment()
		parse, ok := subdirectives[segment[0].Text]
		if !ok {
			if _, ok := guardSubdirectives[segment[0].Text]; ok {
				return d.Errf("%s is for who may call: put the directive partnersign_guard { … } in front of reverse_proxy", segment[0].Text)
			}
			rest = append(rest, segment...)
			continue
		}
		sub := caddyfile.NewDispenser(segment)
		sub.Next()
		if err := parse(sub, &t.Config); err != nil {
			return err
		}
	}
	if err := t.Check(); err != nil {
		return d.WrapErr(err)
	}
	return t.HTTPTransport.UnmarshalCaddyfile(caddyfile.NewDispenser(block(name, rest)))
}

func oneSize(d *caddyfile.Dispenser) (int64, error) {
	name := d.Val()
	text, err := oneArgument(d)
	if err != nil {
		return 0, err
	}
	size, err := humanize.ParseBytes(text)
	if err != nil || size == 0 || size > 1<<40 {
		return 0, d.Errf("%s: expected a size such as 10MiB", name)
	}
	return int64(size), nil
}
