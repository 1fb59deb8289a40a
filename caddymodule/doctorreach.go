package caddymodule

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/partnersign/partnersign/signer"
)

// A connection is one that is tried.
type connection struct {
	partner string
	check   string // what it is of
	url     string // scheme and host
	dial    string // where to, if that is not the URL's own address
	limit   time.Duration
	rt      *http.Transport
	err     error

	findings []finding
}

// reachAll asks each upstream, and each token endpoint of another host, at the
// same time. The order of what it finds is that of the configuration.
func (d *doctor) reachAll() {
	dir, err := os.MkdirTemp("", "partnersign-doctor")
	if err != nil {
		d.errors("", "connection", err)
		return
	}
	defer os.RemoveAll(dir)
	storage, _ := json.Marshal(map[string]string{"module": "file_system", "root": dir})
	ctx, err := bench(storage)
	if err != nil {
		d.errors("", "connection", err)
		return
	}
	var calls []*connection
	for _, p := range d.partners {
		calls = append(calls, p.calls(ctx)...)
	}
	limited, cancel := context.WithTimeout(context.Background(), d.timeout)
	defer cancel()
	var all sync.WaitGroup
	for _, c := range calls {
		if c.rt != nil {
			all.Go(func() { c.make(limited, d.now) })
		}
	}
	all.Wait()
	for _, c := range calls {
		d.errors(c.partner, "connection", c.err)
		for _, f := range c.findings {
			d.add(f)
		}
	}
}

// calls are the connections that p makes, with all that is configured for them.
func (p *patient) calls(ctx caddy.Context) (calls []*connection) {
	t := p.transport
	if t.upstream == (signer.Upstream{}) { // which is told elsewhere
		return nil
	}
	limit := cmp.Or(time.Duration(t.ClockSkewWarning), defaultClockSkewWarning)
	if err := t.checkConnection(t.upstream); err != nil {
		return []*connection{{partner: p.name, err: err}}
	}
	if slices.Equal(t.Versions, []string{"3"}) {
		c := &connection{partner: p.name, check: "upstream", url: t.upstream.String()}
		c.add(levelWarning, "HTTP/3 alone is not tried", "to try the rest, add 2 to versions for a moment")
		return []*connection{c}
	}
	t.secureConnection()
	t.ProxyProtocol = ""
	if err := t.HTTPTransport.Provision(ctx); err != nil {
		return []*connection{{partner: p.name, err: err}}
	}
	if t.Resolver != nil {
		t.HTTPTransport.Transport.DialContext = t.resolvePastHosts(t.HTTPTransport.Transport.DialContext)
	}
	own := t.upstream.DialAddress()
	for _, dial := range slices.Compact(append([]string{own}, p.dials...)) {
		if dial == own && len(p.dials) > 0 && !slices.Contains(p.dials, own) {
			continue
		}
		c := &connection{partner: p.name, check: "upstream", url: t.upstream.Scheme + "://" + t.upstream.Authority, limit: limit, rt: t.HTTPTransport.Transport.Clone()}
		if dial != own || t.upstream.Socket != "" {
			c.rt.Proxy = nil
			c.dial, c.rt.DialContext = dial, dialThere(dial)
		}
		calls = append(calls, c)
	}
	for _, b := range t.Bearer {
		source := ""
		switch {
		case b.OAuth2 != nil:
			source = b.OAuth2.TokenURL
		case b.TokenEndpoint != nil:
			source = b.TokenEndpoint.URL
		}
		u, err := url.Parse(source)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host == t.upstream.String() {
			continue
		}
		calls = append(calls, &connection{partner: p.name, check: "token endpoint", url: u.Scheme + "://" + u.Host, limit: limit, rt: otherHosts.Clone()})
	}
	return calls
}

// dialThere connects to an address of Caddy's, whatever the name.
func dialThere(address string) dialContext {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		to, err := caddy.ParseNetworkAddress(address)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, to.Network, to.JoinHostPort(0))
	}
}

func (c *connection) add(l level, found, do string) {
	if c.dial != "" {
		found = "at " + c.dial + ", " + found
	}
	c.findings = append(c.findings, finding{l, c.partner, c.check, c.url + ": " + found, do})
}

// make sends HEAD / without any credential, as there is a Date in every answer.
func (c *connection) make(ctx context.Context, now time.Time) {
	tries := new(attempt)
	req, err := http.NewRequestWithContext(tries.trace(ctx), http.MethodHead, c.url+"/", nil)
	if err != nil {
		c.err = errors.New("the upstream's URL cannot be used: correct it")
		return
	}
	req.Header.Set("User-Agent", "partnersign-doctor")
	c.rt.DisableKeepAlives = true
	defer c.rt.CloseIdleConnections()
	res, err := c.rt.RoundTrip(req)
	if tries.address != "" {
		c.add(levelOK, "connects to "+tries.address, "")
	}
	if err != nil {
		c.failed(err, tries)
		return
	}
	_ = res.Body.Close()
	if res.TLS != nil {
		c.certificate(res.TLS, now)
	}
	c.clock(res.Header, tries)
}

// clock compares the Date of the answer with this machine's.
func (c *connection) clock(h http.Header, tries *attempt) {
	date, err := http.ParseTime(h.Get("Date"))
	age := h.Get("Age")
	if err != nil || age != "" && age != "0" {
		c.add(levelOK, "it answers, and does not tell the time", "")
		return
	}
	skew, uncertainty := tries.skew(date)
	found := fmt.Sprintf("its clock is %+.1fs from this machine's, give or take %.1fs", skew.Seconds(), uncertainty.Seconds())
	switch beyond := skew.Abs() - uncertainty; {
	case beyond > time.Minute:
		c.add(levelProblem, found, "set this machine's clock by NTP (timedatectl, chronyc tracking): what is signed here looks old, or to come from the future")
	case beyond > c.limit:
		c.add(levelWarning, found, "check this machine's clock first (timedatectl, chronyc tracking)")
	default:
		c.add(levelOK, strings.TrimSpace(found), "")
	}
}
