package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// GuardsDirect tells of each guard in routes whether it has a direct way to its
// partner.
func GuardsDirect(routes caddyhttp.RouteList) (direct []bool) {
	for _, g := range guardsIn(routes) {
		direct = append(direct, g.direct() != nil)
	}
	return direct
}

// SendDirectBy has the direct ways in routes send by base, and nothing by
// connections.
func SendDirectBy(routes caddyhttp.RouteList, base http.RoundTripper) {
	for _, g := range guardsIn(routes) {
		g.direct().transport.base = base
	}
}

func guardsIn(routes caddyhttp.RouteList) (guards []*Guard) {
	for _, route := range routes {
		for _, handler := range route.Handlers {
			switch h := handler.(type) {
			case *Guard:
				guards = append(guards, h)
			case *caddyhttp.Subroute:
				guards = append(guards, guardsIn(h.Routes)...)
			}
		}
	}
	return guards
}
