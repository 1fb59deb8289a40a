package caddymodule

import "github.com/caddyserver/caddy/v2/modules/caddyhttp"

// GuardsDirect tells of each guard in routes whether it has a direct way to its
// partner.
func GuardsDirect(routes caddyhttp.RouteList) (direct []bool) {
	for _, route := range routes {
		for _, handler := range route.Handlers {
			switch h := handler.(type) {
			case *Guard:
				direct = append(direct, h.direct() != nil)
			case *caddyhttp.Subroute:
				direct = append(direct, GuardsDirect(h.Routes)...)
			}
		}
	}
	return direct
}
