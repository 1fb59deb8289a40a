package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer"
)

// UnmarshalCaddyfile reads
//
//	transport partnersign {
//	    upstream <https://host[:port]>
//	    name <id>
//	    allow <METHOD[,METHOD…]|*> <path glob>… [guarded] [encoded_slash]
//	    max_body <size>
//	    timeout <duration>
//	    clock_skew_warning <duration>
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
	rest, err := cutBlock(d, name, t.line)
	if err != nil {
		return err
	}
	if err := t.HTTPTransport.UnmarshalCaddyfile(caddyfile.NewDispenser(rest)); err != nil {
		return foreign(err, rest, "transport http", append(names(subdirectives), "upstream")...)
	}
	if err := t.Check(); err != nil {
		return d.WrapErr(err)
	}
	upstream, err := signer.ParseUpstream(t.Upstream)
	if err != nil {
		return d.WrapErr(err)
	}
	return wrap(d, t.checkConnection(upstream))
}

// line reads one line of the block, with its own block, unless it is for
// Caddy's HTTP transport.
func (t *Transport) line(segment caddyfile.Segment) (bool, error) {
	name := segment[0].Text
	if name == "upstream" {
		return true, read(segment, parseUpstream, &t.Config, checkSoFar)
	}
	if parse, ok := subdirectives[name]; ok {
		return true, read(segment, parse, &t.Config, checkSoFar)
	}
	if _, ok := guardSubdirectives[name]; ok {
		d := caddyfile.NewDispenser(segment)
		d.Next()
		return true, d.Errf("%s is for who may call: put the directive partnersign_guard { … } in front of reverse_proxy", name)
	}
	return false, nil
}
