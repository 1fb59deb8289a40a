package caddymodule

import (
	"net"
	"strings"
	"time"
)

// placeholder is the value of one of reverse_proxy's placeholders, as far as
// it is known by then.
func (d *direct) placeholder(v *visit, key string) (any, bool) {
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
	if v.answer == nil {
		return nil, false
	}
	switch name {
	case "status_code":
		return v.answer.StatusCode, true
	case "status_text":
		return v.answer.Status, true
	case "upstream.latency", "upstream.latency_ms":
		return duration(v.latency, name)
	}
	if field, ok := strings.CutPrefix(name, "header."); ok {
		values, ok := v.answer.Header[field]
		return strings.Join(values, ","), ok
	}
	if v.end.IsZero() {
		return nil, false
	}
	switch name {
	case "duration", "duration_ms", "upstream.duration", "upstream.duration_ms":
		return duration(v.end.Sub(v.begin), name)
	}
	return nil, false
}

func duration(d time.Duration, name string) (any, bool) {
	if strings.HasSuffix(name, "_ms") {
		return d.Seconds() * 1e3, true
	}
	return d, true
}
