package partnertest

import (
	"context"
	"net"
	"net/http"
	"slices"
)

// Client returns a new client that trusts the partner's certificate and reaches it
// under every name: https://partner.test/ works. It speaks HTTP/1.1, or HTTP/2 when
// the partner speaks nothing else, and follows no redirects.
func (p *Partner) Client() *http.Client {
	transport := &http.Transport{
		TLSClientConfig:    p.authority.clientTLS(),
		DisableCompression: true,
		Protocols:          new(http.Protocols),
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, p.Addr().Network(), p.Addr().String())
		},
	}
	http1 := slices.Contains(p.opts.Protocols, "http/1.1")
	transport.Protocols.SetHTTP1(http1)
	transport.Protocols.SetHTTP2(!http1 && !p.opts.Plain)
	transport.Protocols.SetUnencryptedHTTP2(!http1 && p.opts.Plain)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
