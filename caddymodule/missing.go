package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// listing is the key of a context in which modules are provisioned for their
// errors alone.
type listing struct{}

// together completes the error of a module that cannot be provisioned. Caddy
// stops at the first such module, and whoever deploys would learn of one
// missing secret after the other. So the other modules of ours are provisioned,
// too, for their errors alone: the configuration has failed, and Caddy cleans
// up whatever belongs to it.
func together(ctx caddy.Context, partner string, err error) error {
	if err == nil {
		return nil
	}
	if partner != "" {
		err = named(partner, err)
	}
	if ctx.Value(listing{}) != nil {
		return err
	}
	found := missing{ctx: ctx.WithValue(listing{}, true)}
	found.add(err.Error())
	app, err := ctx.AppIfConfigured("http")
	if err != nil {
		if !errors.Is(err, caddy.ErrNotConfigured) {
			found.add(err.Error())
		}
	} else if servers, err := json.Marshal(app.(*caddyhttp.App).Servers); err == nil {
		found.visit(servers)
	}
	if len(found.lines) == 1 {
		return errors.New(found.lines[0])
	}
	return errors.New("not everything is there that the partners need:\n" + strings.Join(found.lines, "\n"))
}

// named puts the partner's name before each of the errors that err joins.
func named(partner string, err error) error {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = partner + ": " + lines[i]
	}
	return errors.New(strings.Join(lines, "\n"))
}

// missing collects what is missing, each once.
type missing struct {
	ctx   caddy.Context
	lines []string
}

func (m *missing) add(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if !slices.Contains(m.lines, line) {
			m.lines = append(m.lines, line)
		}
	}
}

// needy are the modules with secrets, by the JSON that makes Caddy load them.
var needy = map[[2]string]string{
	{"protocol", `"partnersign"`}:       "http.reverse_proxy.transport.partnersign",
	{"handler", `"partnersign_guard"`}:  "http.handlers.partnersign_guard",
	{"handler", `"partnersign_verify"`}: "http.handlers.partnersign_verify",
}

// visit looks for modules of ours in what Caddy has not finished to load.
func (m *missing) visit(raw json.RawMessage) {
	switch raw = bytes.TrimSpace(raw); {
	case bytes.HasPrefix(raw, []byte("[")):
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list) // Caddy has read it before
		for _, item := range list {
			m.visit(item)
		}
	case bytes.HasPrefix(raw, []byte("{")):
		var object map[string]json.RawMessage
		_ = json.Unmarshal(raw, &object)
		for at, id := range needy {
			if string(object[at[0]]) == at[1] {
				delete(object, at[0])
				m.provision(id, object)
				return
			}
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			m.visit(object[name])
		}
	}
}

func (m *missing) provision(id string, config map[string]json.RawMessage) {
	raw, err := json.Marshal(config)
	if err == nil {
		_, err = m.ctx.LoadModuleByID(id, raw)
	}
	if err != nil {
		m.add(strings.TrimPrefix(err.Error(), "provision "+id+": "))
	}
}
