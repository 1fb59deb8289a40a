package main

import (
	"context"
	"slices"
)

// A target is a proxy in one configuration.
type target struct {
	Name   string // on the command line
	Title  string // in tables
	expect expectation
	only   []string // workloads; none: all but stream
	most   int      // bytes of the largest body; 0: any
	family family
	// missing says what to install, or nothing if all is there.
	missing func() string
	start   func(context.Context, *lab, target) (*process, error)
}

// A family of targets is drawn in one colour.
type family int

const (
	others family = iota
	stock
	partnersign
)

// all is what a signed request has.
func all(algorithm string) expectation {
	return expectation{algorithm: algorithm, keyID: keyID, bearer: true, digest: true, key: true}
}

func overTLS(e expectation) expectation {
	e.secure = true
	return e
}

var (
	bearerOnly = expectation{bearer: true}
	everything = []string{"get", "post-1k", "post-64k", "post-1m", "stream"}
)

var targets = []target{
	{Name: "stock", Title: "stock reverse_proxy", only: everything, start: startStock, family: stock},
	{Name: "bearer", Title: "partnersign bearer", expect: bearerOnly, only: everything, start: startPartnersign, family: partnersign},
	{Name: "digest", Title: "partnersign digest", expect: expectation{bearer: true, digest: true}, only: []string{"post-1m"}, start: startPartnersign, family: partnersign},
	{Name: "hmac", Title: "partnersign hmac-sha256", expect: all(hmacSHA256), start: startPartnersign, family: partnersign},
	{Name: "ed25519", Title: "partnersign ed25519", expect: all(ed), start: startPartnersign, family: partnersign},
	{Name: "p256", Title: "partnersign P-256", expect: all(p256), start: startPartnersign, family: partnersign},
	{Name: "p384", Title: "partnersign P-384", expect: all(p384), start: startPartnersign, family: partnersign},
	{Name: "rsa-pss", Title: "partnersign RSA-PSS 2048", expect: all(rsaPSS), start: startPartnersign, family: partnersign},
	{Name: "stock-tls", Title: "stock, TLS to the partner", expect: overTLS(expectation{}), start: startStock, family: stock},
	{Name: "bearer-tls", Title: "partnersign bearer, TLS", expect: overTLS(bearerOnly), start: startPartnersign, family: partnersign},
	{Name: "ed25519-tls", Title: "partnersign ed25519, TLS", expect: overTLS(all(ed)), start: startPartnersign, family: partnersign},
	{Name: "node-hmac", Title: "Node hmac-sha256", expect: all(hmacSHA256), missing: missingNode, start: startNode},
	{Name: "node-ed25519", Title: "Node ed25519", expect: all(ed), missing: missingNode, start: startNode},
	{Name: "nginx-njs-hmac", Title: "nginx njs hmac-sha256", expect: all(hmacSHA256), missing: missingNJS, start: startNJS},
	{Name: "nginx-lua-ed25519", Title: "nginx Lua ed25519", expect: all(ed), missing: missingLua, start: startLua},
	{Name: "haproxy-hmac", Title: "HAProxy hmac-sha256", expect: all(hmacSHA256), most: haproxyMost, missing: missingHAProxy, start: startHAProxy},
}

func targetNames() (names []string) {
	for _, t := range targets {
		names = append(names, t.Name)
	}
	return names
}

func targetOf(name string) target {
	return targets[slices.IndexFunc(targets, func(t target) bool { return t.Name == name })]
}

// takes reports whether w is measured with t.
func (t target) takes(w workload) bool {
	if t.most > 0 && w.Size > t.most {
		return false
	}
	if t.only == nil {
		return w.Name != "stream"
	}
	return slices.Contains(t.only, w.Name)
}

// upstream is the partner's URL for t.
func (t target) upstream(p *partner) string {
	if t.expect.secure {
		return p.Secure
	}
	return p.Plain
}
