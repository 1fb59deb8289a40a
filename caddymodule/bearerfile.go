package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer/config"
)

// parseBearer reads
//
//	bearer <secret> [{ jwt, on <METHODS|*> <glob>… }]
//	bearer oauth2 <token URL> { … }
//	bearer token_endpoint <URL> { … }
func parseBearer(d *caddyfile.Dispenser, c *config.Config) error {
	if n := len(c.Bearer); n > 0 && c.Bearer[n-1].On == nil {
		return d.Err("bearer: the token before this one is for every request; give it an on line, or put it last")
	}
	var b config.Bearer
	var lines map[string]bearerLine
	switch args := d.RemainingArgs(); {
	case len(args) == 2 && args[0] == "oauth2":
		b.OAuth2 = &config.OAuth2{TokenURL: args[1]}
		lines = oauth2Lines
	case len(args) == 2 && args[0] == "token_endpoint":
		b.TokenEndpoint = &config.TokenEndpoint{URL: args[1]}
		lines = tokenEndpointLines
	case len(args) == 1:
		b.Token = args[0]
		lines = map[string]bearerLine{"jwt": {0, 0, "no arguments", func(b *config.Bearer, _ []string) { b.JWT = true }}}
	default:
		return d.Err("bearer: expected {env.NAME} or {file./absolute/path}, oauth2 and the token URL, or token_endpoint and its URL")
	}
	err := readBlock(d, "bearer", func() error { return checkBearerSoFar(b) }, func(name string, args []string) (err error) {
		if name == "on" {
			b.On, err = readOn(d, args)
			return err
		}
		line, ok := lines[name]
		switch {
		case !ok:
			return unknown(d, append(names(lines), "on")...)
		case len(args) < line.least || line.most > 0 && len(args) > line.most || line.least == 0 && len(args) > 0:
			return d.Errf("%s: expected %s", name, line.expected)
		}
		line.set(&b, args)
		return nil
	}, "param", "json", "form", "header")
	c.Bearer = append(c.Bearer, b)
	return err
}

// checkBearerSoFar checks a source that may still lack its client.
func checkBearerSoFar(b config.Bearer) error {
	if b.OAuth2 != nil {
		o := *b.OAuth2
		if o.ClientID == "" {
			o.ClientID = "id"
		}
		if o.ClientSecret == "" && o.Key == "" {
			if o.KeyID != "" || o.Algorithm != "" {
				o.Key = "/key"
			} else {
				o.ClientSecret = "{env.SECRET}"
			}
		}
		b.OAuth2 = &o
	}
	return b.Check()
}

// A bearerLine is a line of the block of a bearer.
type bearerLine struct {
	least, most int // arguments; most 0: any number
	expected    string
	set         func(*config.Bearer, []string)
}

var oauth2Lines = map[string]bearerLine{
	"client_id":     {1, 1, "the id of the client", func(b *config.Bearer, args []string) { b.OAuth2.ClientID = args[0] }},
	"client_secret": {1, 1, "{env.NAME} or {file./absolute/path}", func(b *config.Bearer, args []string) { b.OAuth2.ClientSecret = args[0] }},
	"key":           {1, 1, "the path of the key, {file./absolute/path} or {env.NAME}", func(b *config.Bearer, args []string) { b.OAuth2.Key = args[0] }},
	"key_id":        {1, 1, "the server's name for the key", func(b *config.Bearer, args []string) { b.OAuth2.KeyID = args[0] }},
	"algorithm":     {1, 1, "one algorithm", func(b *config.Bearer, args []string) { b.OAuth2.Algorithm = args[0] }},
	"auth_style":    {1, 1, "header or body", func(b *config.Bearer, args []string) { b.OAuth2.AuthStyle = args[0] }},
	"scopes":        {1, 0, "one scope or more", func(b *config.Bearer, args []string) { b.OAuth2.Scopes = args }},
	"audience":      {1, 1, "one audience", func(b *config.Bearer, args []string) { b.OAuth2.Audience = args[0] }},
	"param": {2, 2, "a name and a value", func(b *config.Bearer, args []string) {
		b.OAuth2.Params = append(b.OAuth2.Params, config.Param{Name: args[0], Value: args[1]})
	}},
}

var tokenEndpointLines = map[string]bearerLine{
	"json": {2, 2, "a field and its value", func(b *config.Bearer, args []string) {
		b.TokenEndpoint.JSON = append(b.TokenEndpoint.JSON, config.Param{Name: args[0], Value: args[1]})
	}},
	"form": {2, 2, "a field and its value", func(b *config.Bearer, args []string) {
		b.TokenEndpoint.Form = append(b.TokenEndpoint.Form, config.Param{Name: args[0], Value: args[1]})
	}},
	"header": {2, 2, "a name and a value", func(b *config.Bearer, args []string) {
		b.TokenEndpoint.Headers = append(b.TokenEndpoint.Headers, config.Param{Name: args[0], Value: args[1]})
	}},
	"token":      {1, 1, "a JSON pointer, such as /token", func(b *config.Bearer, args []string) { b.TokenEndpoint.Token = args[0] }},
	"expires_at": {1, 1, "a JSON pointer, such as /expiresAt", func(b *config.Bearer, args []string) { b.TokenEndpoint.ExpiresAt = args[0] }},
	"expires_in": {1, 1, "a JSON pointer, such as /expires_in", func(b *config.Bearer, args []string) { b.TokenEndpoint.ExpiresIn = args[0] }},
}
