package caddymodule

import (
	"net"
	"strings"
	"time"
)

// placeholder is the value of one of reverse_proxy's placeholders, as far as
// it is known by then.
func (d *direct) placeholder(f *forwarding, key string) (any, bool) {
	name, ok := strings.CutPrefix(key, "http.reverse_proxy.")
	if !ok {
		return nil, false
	}
	switch name {
	case "upstream.address":
		return "tcp/" + d.dial, true
	case "upstream.hostport":
		return d.dial, true
	case "upstream.host", "upstream.port":
		host, port, _ := net.SplitHostPort(d.dial)
		if name == "upstream.host" {
			return host, true
		}
		return port, true
	case "upstream.requests":
		return d.requests.Load() - 1, true // beside this one
	case "upstream.max_requests", "upstream.fails", "retries":
		return 0, true
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
		return duration(f.latency, name)
	}
	if field, ok := strings.CutPrefix(name, "header."); ok {
		values, ok := f.answer.Header[field]
		return strings.Join(values, ","), ok
	}
	if f.end.IsZero() {
		return nil, false
	}
	switch name {
	case "duration", "duration_ms", "upstream.duration", "upstream.duration_ms":
		return duration(f.end.Sub(f.begin), name)
	}
	return nil, false
}

func duration(d time.Duration, name string) (any, bool) {
	if strings.HasSuffix(name, "_ms") {
		return d.Seconds() * 1e3, true
	}
	return d, true
}
