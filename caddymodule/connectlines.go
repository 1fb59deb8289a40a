package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// UnmarshalCaddyfile reads
//
//	partner_connect {
//	    partner <host[:port]>…
//	    tunnel any | <host[:port]>…
//	    client_auth <secret>
//	    unsafe_listen
//	    ca <id>
//	}
func (c *Connect) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	for d.NextBlock(0) {
		parse, ok := connectSubdirectives[d.Val()]
		if !ok {
			return unknown(d, append([]string{"partner_proxy"}, names(connectSubdirectives)...)...)
		}
		if err := read(d.NextSegment(), parse, c, (*Connect).check); err != nil {
			return err
		}
	}
	d.Reset()
	d.Next()
	if len(c.Partners) == 0 && len(c.Tunnels) == 0 {
		return d.Err("partner_connect leads nowhere: put partner_proxy https://api.partner.example { … } into its block")
	}
	return nil
}

// connectSubdirectives read one line each, from its name on, as subdirectives do.
var connectSubdirectives = map[string]func(*caddyfile.Dispenser, *Connect) error{
	"partner": func(d *caddyfile.Dispenser, c *Connect) error {
		partners := d.RemainingArgs()
		c.Partners = append(c.Partners, partners...)
		if len(partners) == 0 {
			return d.Err("partner: expected the hosts of a partner_proxy or reverse_proxy of the site, such as api.partner.example")
		}
		return nil
	},
	"tunnel": func(d *caddyfile.Dispenser, c *Connect) error {
		tunnels := d.RemainingArgs()
		c.Tunnels = append(c.Tunnels, tunnels...)
		if len(tunnels) == 0 {
			return d.Err("tunnel: expected any, or hosts such as example.org, *.example.org or example.org:8443")
		}
		return nil
	},
	"client_auth": func(d *caddyfile.Dispenser, c *Connect) error {
		if c.ClientAuth != nil {
			return twice(d)
		}
		args := d.RemainingArgs()
		if len(args) != 1 {
			return d.Err("client_auth: expected {env.NAME} or {file./absolute/path}, and nothing else on the line")
		}
		c.ClientAuth = &ClientAuth{Secret: args[0]}
		return nil
	},
	"unsafe_listen": func(d *caddyfile.Dispenser, c *Connect) error {
		if c.UnsafeListen {
			return twice(d)
		}
		if d.NextArg() {
			return d.Err("unsafe_listen takes no arguments")
		}
		c.UnsafeListen = true
		return nil
	},
	"ca": func(d *caddyfile.Dispenser, c *Connect) (err error) {
		if c.CA != "" {
			return twice(d)
		}
		c.CA, err = oneArgument(d)
		return err
	},
}
