package caddymodule

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// listeners looks at who reaches the servers that lead to partners.
func (d *doctor) listeners(c *examined) {
	for _, err := range openPartners(c.Apps.HTTP.Servers) {
		d.errors("", "listener", err)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Apps.HTTP.Servers)) {
		if server := c.Apps.HTTP.Servers[name]; leadsToPartner(server) {
			for _, address := range server.Listen {
				d.listener(server, address)
			}
		}
	}
}

func leadsToPartner(server *caddyhttp.Server) (leads bool) {
	visitObjects(mustMarshal(server), func(object map[string]json.RawMessage) {
		leads = leads || string(object["protocol"]) == `"partnersign"`
	})
	return leads
}

// listener looks at one address. One that anybody may use is an error already.
func (d *doctor) listener(server *caddyhttp.Server, address string) {
	address = caddy.NewReplacer().ReplaceAll(address, "")
	at, err := caddy.ParseNetworkAddress(address)
	if err != nil {
		d.errors("", "listener", err)
		return
	}
	asked := len(unguarded(server)) == 0
	f := finding{Level: levelOK, Check: "listener"}
	switch {
	case at.IsUnixNetwork():
		path, mode := socketMode(at.Host)
		f.Found = "unix socket " + path + ", mode " + strconv.FormatUint(mode, 8)
		if mode&0o002 != 0 && !asked {
			f.Level, f.Found = levelWarning, f.Found+": every user of this machine can call as you"
			f.Do = "bind unix/" + path + "|0220, in the group of the applications, or client_users"
		}
	case staysOnMachine(at):
		f.Found = address + ", for this machine alone"
		if !asked {
			f.Found += "; each of its users can call as you, unless client_users, client_auth or a unix socket keeps them away"
		}
	case !asked:
		return
	case unsafeListens(server):
		f.Level, f.Found = levelWarning, address+" is open beyond this machine, and unsafe_listen says that something else keeps others away"
		f.Do = "make sure that it does, or take client_auth, client_users or client_certificates in its place"
	default:
		f.Found = address + " is open beyond this machine, and callers are asked who they are"
	}
	d.add(f)
}

func unsafeListens(server *caddyhttp.Server) (unsafe bool) {
	visitObjects(mustMarshal(server), func(object map[string]json.RawMessage) {
		unsafe = unsafe || string(object["unsafe_listen"]) == "true"
	})
	return unsafe
}

// socketMode splits the path of a unix socket from its mode, as Caddy has them.
func socketMode(host string) (path string, mode uint64) {
	path, bits, given := strings.Cut(host, "|")
	mode, err := strconv.ParseUint(bits, 8, 32)
	if !given || err != nil {
		mode = 0o200
	}
	return path, mode
}

// admin looks at who reaches the admin API: whoever does can load another
// configuration, and with it use or read every secret that Caddy can.
func (d *doctor) admin(c *caddy.AdminConfig) {
	const do = "admin unix//run/caddy/admin.sock in the global options, or admin off"
	f := finding{Level: levelOK, Check: "admin API"}
	listen := caddy.DefaultAdminListen
	if c != nil && c.Listen != "" {
		listen = caddy.NewReplacer().ReplaceAll(c.Listen, "")
	}
	at, err := caddy.ParseNetworkAddressWithDefaults(listen, "tcp", 2019)
	switch {
	case c != nil && c.Disabled:
		f.Found = "off"
	case err != nil:
		d.errors("", "admin API", err)
		return
	case at.IsUnixNetwork():
		path, mode := socketMode(at.Host)
		f.Found = "unix socket " + path + ", mode " + strconv.FormatUint(mode, 8)
		if mode&0o002 != 0 {
			f.Level, f.Do = levelProblem, "leave the mode away, so that only the user that Caddy runs as can use it"
			f.Found += ": every user of this machine can load another configuration, and with it use every secret"
		}
	case staysOnMachine(at):
		f.Level, f.Do = levelWarning, do
		f.Found = listen + ": every user of this machine can load another configuration, and with it use every secret"
	default:
		f.Level, f.Do = levelProblem, do
		f.Found = listen + ": whoever reaches it can load another configuration, and with it use every secret"
	}
	d.add(f)
}
