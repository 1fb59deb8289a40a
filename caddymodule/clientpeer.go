package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"os/user"
	"slices"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/signer"
)

// ClientRefused is the answer to callers who are none of those whom a partner
// is for.
var ClientRefused = signer.Kind{Name: "client-refused", Status: 403, Title: "The caller may not use this partner", ProxyError: "http_request_denied"}

// peers are the users and groups that callers may run as.
type peers struct{ uids, gids []uint32 }

// findPeers looks up the users and groups, and sees to it that connections are
// asked for theirs.
func (g *Guard) findPeers(ctx caddy.Context) (err error) {
	if len(g.ClientUsers) == 0 && len(g.ClientGroups) == 0 {
		return nil
	}
	if !peersAreKnown {
		return errors.New("client_users and client_groups need Linux: remove them; client_auth works everywhere")
	}
	p := new(peers)
	if p.uids, err = lookUp(g.ClientUsers, "user", userID); err != nil {
		return fmt.Errorf("client_users: %w", err)
	}
	if p.gids, err = lookUp(g.ClientGroups, "group", groupID); err != nil {
		return fmt.Errorf("client_groups: %w", err)
	}
	g.peers = p
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok {
		server.RegisterConnContext(notePeer)
	}
	return nil
}

// overflowID is how the kernel calls every user and group of a user namespace
// other than this process's (user_namespaces(7)): nobody in particular.
const overflowID = 65534

// lookUp are the numbers of users or groups. What is none is told by its place:
// it may be a secret on a wrong line.
func lookUp(names []string, what string, id func(name string) (string, error)) (ids []uint32, err error) {
	for i, name := range names {
		n, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			if name, err = id(name); err == nil {
				n, err = strconv.ParseUint(name, 10, 32)
			}
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("there is no such %s on this machine as number %d of the line: correct the name or give the number", what, i+1)
		case n == overflowID:
			return nil, fmt.Errorf("number %d of the line is the %s %d, which is what Linux calls all whom it cannot name here: use another one", i+1, what, overflowID)
		}
		ids = append(ids, uint32(n))
	}
	return ids, nil
}

func userID(name string) (string, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	return u.Uid, nil
}

func groupID(name string) (string, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return "", err
	}
	return g.Gid, nil
}

// admitPeer asks who has opened the connection. Requests in a tunnel come from
// whoever opened that.
func (g *Guard) admitPeer(r *http.Request) *signer.Problem {
	if g.peers == nil {
		return nil
	}
	p, ok := outermost(r).Context().Value(peerKey{}).(*peer)
	if !ok {
		return ClientRefused.Problem("this partner is for users of this machine, who call on the proxy's unix socket")
	}
	if slices.Contains(g.peers.uids, p.uid) || slices.ContainsFunc(p.gids, func(gid uint32) bool { return slices.Contains(g.peers.gids, gid) }) {
		return nil
	}
	return ClientRefused.Problem("this partner is for other users of this machine; client_users and client_groups say for which").
		Because(fmt.Errorf("the caller runs as user %d in the groups %d", p.uid, p.gids))
}

// outermost is the request that came on a connection of its own: where r came
// through a tunnel, the CONNECT.
func outermost(r *http.Request) *http.Request {
	if t := tunnelOf(r.Context()); t != nil {
		return t.outer
	}
	return r
}
