package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
)

var errAdapter = errors.New("there is no adapter")

// readConfig reads and adapts a configuration. It takes any that Caddy takes,
// and imports what is beside it.
func readConfig(file, adapter string) ([]byte, []caddyconfig.Warning, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	if adapter == "" && strings.HasSuffix(file, ".json") {
		return data, nil, nil
	}
	if adapter == "" {
		adapter = "caddyfile"
	}
	a := caddyconfig.GetAdapter(adapter)
	if a == nil {
		return nil, nil, usage(fmt.Errorf("%w %s", errAdapter, adapter))
	}
	return a.Adapt(data, map[string]any{"filename": file})
}

// readConfigAloud tells the warnings on the standard error.
func readConfigAloud(file, adapter string) ([]byte, error) {
	config, warnings, err := readConfig(file, adapter)
	for _, w := range warnings {
		fmt.Fprintln(os.Stderr, "warning:", w)
	}
	return config, err
}

// elsewhere is the header by which an answer shows that a request would have
// gone to somebody who is no partner.
const elsewhere = "Partnersign-Elsewhere"

// offline is a configuration without what listens, logs, stores or sends. Its
// partners are the servers that lead to one, and credentials the headers by which
// callers prove who they are.
func offline(config []byte, dir string) (_ []byte, partners, credentials []string, _ error) {
	var all map[string]any
	if err := json.Unmarshal(config, &all); err != nil {
		return nil, nil, nil, err
	}
	apps, _ := all["apps"].(map[string]any)
	http, _ := apps["http"].(map[string]any)
	servers, _ := http["servers"].(map[string]any)
	if servers == nil {
		return nil, nil, nil, errors.New("the configuration has no HTTP servers")
	}
	maps.DeleteFunc(apps, func(name string, _ any) bool {
		return !slices.Contains([]string{"http", "tls", "pki", "partnersign"}, name)
	})
	if tls, ok := apps["tls"].(map[string]any); ok {
		delete(tls, "certificates")
	}
	if app, ok := apps["partnersign"].(map[string]any); ok {
		delete(app, "persist")
	}
	for name, server := range servers {
		c := cutter{}
		servers[name] = c.cut(server)
		if c.partner {
			partners = append(partners, name)
		}
		credentials = append(credentials, c.credentials...)
	}
	off, err := json.Marshal(map[string]any{
		"admin":   map[string]any{"disabled": true, "config": map[string]any{"persist": false}},
		"logging": map[string]any{"logs": map[string]any{"default": map[string]any{"level": "FATAL"}}},
		"storage": map[string]any{"module": "file_system", "root": dir},
		"apps":    apps,
	})
	return off, partners, credentials, err
}

// A cutter cuts out of a server what would act on its own, and what asks who
// calls.
type cutter struct {
	partner     bool
	credentials []string
}

func (c *cutter) cut(value any) any {
	switch value := value.(type) {
	case []any:
		kept := make([]any, 0, len(value))
		for _, item := range value {
			kept = append(kept, c.handlers(item)...)
		}
		return kept
	case map[string]any:
		delete(value, "client_authentication") // of TLS: nobody shows a certificate
		for name := range value {
			value[name] = c.cut(value[name])
		}
	}
	return value
}

// handlers are what stands in the place of a handler, or of anything else in a
// list.
func (c *cutter) handlers(item any) []any {
	handler, _ := item.(map[string]any)
	switch handler["handler"] {
	case "reverse_proxy":
		return []any{c.proxy(handler)}
	case "partnersign_guard":
		return c.guardOfNobody(handler)
	case "partnersign_connect", "partnersign_verify":
		return nil
	}
	return []any{c.cut(item)}
}

// guardOfNobody does not ask who calls. What callers present goes no further
// all the same.
func (c *cutter) guardOfNobody(handler map[string]any) (handlers []any) {
	if _, asks := handler["client_auth"]; asks {
		var auth ClientAuth
		text, err := json.Marshal(handler["client_auth"])
		if err == nil && json.Unmarshal(text, &auth) == nil {
			c.credentials = append(c.credentials, auth.header())
			handlers = append(handlers, map[string]any{"handler": "headers", "request": map[string]any{"delete": []string{auth.header()}}})
		}
	}
	for _, name := range []string{"client_auth", "client_users", "client_groups", "client_certificates"} {
		delete(handler, name)
	}
	handler["unsafe_listen"] = true // nothing listens
	return append(handlers, handler)
}

// proxy lets partners stay, without their health checks, and has others answer
// that they would have been asked.
func (c *cutter) proxy(handler map[string]any) any {
	transport, _ := handler["transport"].(map[string]any)
	if transport["protocol"] == "partnersign" {
		c.partner = true
		delete(handler, "health_checks")
		delete(handler, "handle_response") // the answer is not the partner's
		return handler
	}
	return map[string]any{"handler": "static_response", "status_code": 502, "headers": map[string]any{elsewhere: []string{"1"}}}
}
