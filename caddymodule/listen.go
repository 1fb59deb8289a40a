package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/partnersign/partnersign/signer"
)

// checkListeners refuses partners that anybody on the network could use:
// listeners beyond this machine, and nothing in front of the partner that asks
// who calls. It looks once, when the first module of ours is provisioned, for
// until then Caddy has loaded no route that leads to one.
func (a *App) checkListeners(ctx caddy.Context) error {
	if a.listenersChecked {
		return nil
	}
	a.listenersChecked = true
	app, err := ctx.AppIfConfigured("http")
	if err != nil { // which Caddy tells
		return nil
	}
	return errors.Join(openPartners(app.(*caddyhttp.App).Servers)...)
}

// openPartners says of which servers everybody could use the partners.
func openPartners(servers map[string]*caddyhttp.Server) (found []error) {
	for _, server := range servers {
		listener, ok := openListener(server)
		if !ok {
			continue
		}
		if partners := unguarded(server); len(partners) > 0 {
			found = append(found, fmt.Errorf("%s: whoever reaches the listener %s could call as you: add bind 127.0.0.1 or bind unix//run/partnersign.sock to the site, "+
				"or client_auth, client_users, client_groups or client_certificates to the partner, or unsafe_listen if something else keeps others away",
				strings.Join(partners, ", "), listener))
		}
	}
	slices.SortFunc(found, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return found
}

// openListener is the first address of a server that others than this machine
// may reach.
func openListener(server *caddyhttp.Server) (string, bool) {
	for _, address := range server.Listen {
		address = caddy.NewReplacer().ReplaceAll(address, "") // as Caddy does, server by server
		if at, err := caddy.ParseNetworkAddress(address); err == nil && !staysOnMachine(at) {
			return at.String(), true
		}
	}
	return "", false
}

func staysOnMachine(at caddy.NetworkAddress) bool {
	switch {
	case at.IsUnixNetwork():
		return true
	case at.IsFdNetwork():
		fd, err := strconv.Atoi(at.Host)
		return err != nil || !isOpenSocket(fd)
	}
	return (strings.HasPrefix(at.Network, "tcp") || strings.HasPrefix(at.Network, "udp")) && signer.IsLoopback(at.Host)
}

// warnOpen tells in the log what unsafe_listen accepts.
func (g *Guard) warnOpen(ctx caddy.Context) {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !g.UnsafeListen || !ok {
		return
	}
	if listener, ok := openListener(server); ok {
		g.report.log.Warn("unsafe_listen: whoever reaches the listener may call", zap.String("partner", g.Partner), zap.String("listener", listener))
	}
}
