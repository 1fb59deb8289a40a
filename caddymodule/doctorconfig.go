package caddymodule

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

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
	without, err := provisionIn(dir, config)
	if err == nil {
		d.add(finding{Level: levelOK, Check: "configuration", Found: "it loads"})
		return
	}
	n := len(d.findings)
	d.errors("", "configuration", err)
	if len(without) > 0 {
		for i := range d.findings[n:] {
			d.findings[n+i].withoutApps(without)
		}
	}
}

// withoutApps makes a warning of what may be due to apps that were left out.
func (f *finding) withoutApps(without []string) {
	f.Level = levelWarning
	f.Found = joined([]string{f.Found, f.Do}, ": ")
	f.Do = "this was tried without the configuration's other apps (" + strings.Join(without, ", ") + "): if it needs one of them, caddy validate tells whether it loads"
}

// provisionIn leaves out all apps but those that requests go through, and names
// those that it leaves out.
func provisionIn(dir string, config []byte) (without []string, _ error) {
	var all map[string]any
	if err := json.Unmarshal(config, &all); err != nil {
		return nil, err
	}
	apps, _ := all["apps"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(apps)) {
		if !slices.Contains([]string{"http", "tls", "pki", "partnersign"}, name) {
			without = append(without, name)
			delete(apps, name)
		}
	}
	if tls, ok := apps["tls"].(map[string]any); ok {
		if certificates, ok := tls["certificates"].(map[string]any); ok {
			delete(certificates, "load_storage") // the storage is another
		}
	}
	cutHealthChecks(apps)
	c, err := quietConfig(map[string]any{"apps": apps, "storage": map[string]any{"module": "file_system", "root": dir}})
	if err != nil {
		return without, err
	}
	_, err = caddy.ProvisionContext(c)
	return without, err
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
