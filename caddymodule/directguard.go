package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// findDirect finds the direct way past the reverse_proxy that stands right
// behind g, as partner_proxy has it, or nil. What stands there is known only
// once the route is made, after g was.
func (g *Guard) findDirect(ctx caddy.Context) func() *direct {
	modules := ctx.Modules()
	return func() *direct {
		if len(modules) < 2 {
			return nil
		}
		for _, route := range routesIn(modules[len(modules)-2]) {
			for i, handler := range route.Handlers[:max(0, len(route.Handlers)-1)] {
				if handler != caddyhttp.MiddlewareHandler(g) {
					continue
				}
				if proxy, ok := route.Handlers[i+1].(*reverseproxy.Handler); ok {
					if t, ok := proxy.Transport.(*Transport); ok {
						return t.direct
					}
				}
			}
		}
		return nil
	}
}

// routesIn are the routes that a module has itself.
func routesIn(module caddy.Module) (routes caddyhttp.RouteList) {
	switch m := module.(type) {
	case *caddyhttp.Subroute:
		return m.Routes
	case *caddyhttp.App:
		for _, server := range m.Servers {
			routes = append(routes, server.Routes...)
			for _, named := range server.NamedRoutes {
				routes = append(routes, *named)
			}
		}
	}
	return routes
}
