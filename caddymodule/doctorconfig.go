package caddymodule

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/partnersign/partnersign/signer"
)

// examined is what the doctor reads of a configuration by itself, so that what
// cannot be loaded hides nothing else.
type examined struct {
	Admin   *caddy.AdminConfig
	Storage json.RawMessage
	Apps    struct {
		HTTP        struct{ Servers map[string]*caddyhttp.Server }
		Partnersign App
	}
}

// A patient is one block of a partner.
type patient struct {
	name      string
	transport *Transport
	dials     []string // where connections go, if not to the upstream's own address
}

// findPartners looks through all routes.
func (d *doctor) findPartners(c *examined) {
	for _, name := range slices.Sorted(maps.Keys(c.Apps.HTTP.Servers)) {
		visitObjects(mustMarshal(c.Apps.HTTP.Servers[name]), func(object map[string]json.RawMessage) {
			if string(object["handler"]) == `"reverse_proxy"` {
				d.findPartner(object)
			}
		})
	}
}

func (d *doctor) findPartner(proxy map[string]json.RawMessage) {
	var settings map[string]json.RawMessage
	if json.Unmarshal(proxy["transport"], &settings) != nil || string(settings["protocol"]) != `"partnersign"` {
		return
	}
	delete(settings, "protocol")
	p := &patient{transport: &Transport{HTTPTransport: new(reverseproxy.HTTPTransport)}}
	if err := caddy.StrictUnmarshalJSON(mustMarshal(settings), p.transport); err != nil {
		d.errors("", "configuration", err)
		return
	}
	p.name = p.transport.partnerName()
	p.transport.upstream, _ = signer.ParseUpstream(p.transport.Upstream)
	var upstreams []struct{ Dial string }
	_ = json.Unmarshal(proxy["upstreams"], &upstreams)
	for _, u := range upstreams {
		p.dials = append(p.dials, u.Dial)
	}
	d.partners = append(d.partners, p)
}

// visitObjects shows each object of a JSON text to visit, outer ones first.
func visitObjects(raw json.RawMessage, visit func(map[string]json.RawMessage)) {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		visit(object)
		for _, name := range slices.Sorted(maps.Keys(object)) {
			visitObjects(object[name], visit)
		}
	} else if json.Unmarshal(raw, &list) == nil {
		for _, item := range list {
			visitObjects(item, visit)
		}
	}
}

var referencePattern = regexp.MustCompile(`\{(?:env|file)\.[^{}]+\}`)

// provision loads the configuration as `caddy validate` does, for what nothing
// else has found. It goes without what acts on its own: other apps, health
// checks, the admin API, logs, and the storage, in place of which there is an
// empty one.
func (d *doctor) provision(config []byte) {
	dir, err := os.MkdirTemp("", "partnersign-doctor")
	if err != nil {
		d.errors("", "configuration", err)
		return
	}
	defer os.RemoveAll(dir)
	if err := provisionIn(dir, config); err != nil {
		d.errors("", "configuration", err)
		return
	}
	d.add(finding{Level: levelOK, Check: "configuration", Found: "it loads"})
}

func provisionIn(dir string, config []byte) error {
	var all map[string]any
	if err := json.Unmarshal(config, &all); err != nil {
		return err
	}
	apps, _ := all["apps"].(map[string]any)
	maps.DeleteFunc(apps, func(name string, _ any) bool {
		return !slices.Contains([]string{"http", "tls", "pki", "partnersign"}, name)
	})
	cutHealthChecks(apps)
	c, err := quietConfig(map[string]any{"apps": apps, "storage": map[string]any{"module": "file_system", "root": dir}})
	if err != nil {
		return err
	}
	_, err = caddy.ProvisionContext(c)
	return err
}

func cutHealthChecks(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			cutHealthChecks(item)
		}
	case map[string]any:
		if value["handler"] == "reverse_proxy" {
			delete(value, "health_checks")
		}
		for _, item := range value {
			cutHealthChecks(item)
		}
	}
}
