package caddymodule

import (
	"net"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// setForwarding has the placeholders tell of f, and no longer of what was
// forwarded before: to another partner, or by forward_auth.
func (v *visit) setForwarding(f *forwarding) {
	if repl, ok := f.request.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.DeleteByPrefix("http.reverse_proxy.")
		if v.forwarding == nil {
			repl.Map(func(key string) (any, bool) { return v.forwarding.placeholder(key) })
		}
	}
	v.forwarding = f
}

// placeholder is the value of one of reverse_proxy's placeholders, as far as
// it is known by then.
func (f *forwarding) placeholder(key string) (any, bool) {
	name, ok := strings.CutPrefix(key, "http.reverse_proxy.")
	if !ok {
		return nil, false
	}
	switch name {
	case "upstream.address":
		return "tcp/" + f.direct.dial, true
	case "upstream.hostport":
		return f.direct.dial, true
	case "upstream.host", "upstream.port":
		host, port, _ := net.SplitHostPort(f.direct.dial)
		if name == "upstream.host" {
			return host, true
		}
		return port, true
	case "upstream.requests":
		return f.beside, true
	case "upstream.max_requests", "upstream.fails":
		return 0, true
	case "retries":
		return 0, !f.end.IsZero()
	case "duration", "duration_ms":
		return duration(f.end.Sub(f.begin), name, !f.end.IsZero())
	}
	if f.answer == nil {
		return nil, false
	}
	switch name {
	case "status_code":
		return f.answer.StatusCode, true
	case "status_text":
		return f.answer.Status, true
	case "upstream.latency", "upstream.latency_ms":
		return duration(f.latency, name, true)
	case "upstream.duration", "upstream.duration_ms":
		return duration(f.copied, name, f.copied > 0)
	}
	if field, ok := strings.CutPrefix(name, "header."); ok {
		values, ok := f.answer.Header[field]
		return strings.Join(values, ","), ok
	}
	return nil, false
}

func duration(d time.Duration, name string, known bool) (any, bool) {
	if strings.HasSuffix(name, "_ms") {
		return d.Seconds() * 1e3, known
	}
	return d, known
}
