package caddymodule

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/miekg/dns"

	"github.com/partnersign/partnersign/signer"
)

// resolvePastHosts has dial connect to what the transport's resolvers say, and
// them alone. With resolvers Go still looks into /etc/hosts first, where the
// partner's name may be overridden so that its clients come here.
func (t *Transport) resolvePastHosts(dial dialContext) dialContext {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		info, ok := reverseproxy.GetDialInfo(ctx)
		if err != nil || isAddress(host) || ok && info.Address != address { // a socket, or a forward proxy
			return dial(ctx, network, address)
		}
		addresses, err := t.lookup(ctx, host)
		if err != nil {
			return nil, signer.PartnerUnreachable.Problem("the resolvers gave no address for the partner's name, and nothing was sent; the proxy's log says why").Because(err)
		}
		var conn net.Conn
		for _, ip := range addresses {
			to := net.JoinHostPort(ip, port)
			if conn, err = dial(dialTo{ctx, to}, network, to); err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
}

// dialTo is a context whose connection goes to an address.
type dialTo struct {
	context.Context
	address string
}

// Value is the context's, but for the address that Caddy would dial.
func (d dialTo) Value(key any) any {
	value := d.Context.Value(key)
	if info, ok := value.(reverseproxy.DialInfo); ok {
		info.Address = d.address
		return info
	}
	return value
}

// lookup asks each resolver in turn for the IPv4 addresses of a host, or where
// it has none, for those of IPv6.
func (t *Transport) lookup(ctx context.Context, host string) (addresses []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(t.DialTimeout))
	defer cancel()
	for _, resolver := range t.Resolver.Addresses {
		for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
			if addresses, err = ask(ctx, resolver, host, kind); len(addresses) > 0 {
				return addresses, nil
			}
		}
	}
	if err == nil {
		err = &net.DNSError{Err: "the resolvers know no address", Name: host, IsNotFound: true}
	}
	return nil, err
}

// ask asks a resolver for the addresses of one kind.
func ask(ctx context.Context, resolver, host string, kind uint16) (addresses []string, err error) {
	to, err := caddy.ParseNetworkAddressWithDefaults(resolver, "udp", 53)
	if err != nil {
		return nil, err
	}
	question := new(dns.Msg).SetQuestion(dns.Fqdn(host), kind)
	client := &dns.Client{Net: to.Network}
	answer, _, err := client.ExchangeContext(ctx, question, to.JoinHostPort(0))
	if err == nil && answer.Truncated && to.Network == "udp" {
		client.Net = "tcp"
		answer, _, err = client.ExchangeContext(ctx, question, to.JoinHostPort(0))
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("the resolver %s: %w", resolver, err)
	case answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("the resolver %s: %s", resolver, dns.RcodeToString[answer.Rcode])
	}
	for _, record := range answer.Answer {
		switch record := record.(type) {
		case *dns.A:
			addresses = append(addresses, record.A.String())
		case *dns.AAAA:
			addresses = append(addresses, record.AAAA.String())
		}
	}
	return addresses, nil
}
