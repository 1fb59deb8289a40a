package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Users and groups that nobody else is.
const (
	appUser, otherUser, appGroup, otherGroup = 61001, 61002, 61003, 61004
	nobody                                   = 65534
)

// A local user without permission on the socket cannot even connect.
func TestAccessSocketMode(t *testing.T) {
	for bits, test := range map[string]struct {
		mode    os.FileMode
		callers map[*caller]bool
	}{
		"": {0o200, map[*caller]bool{{uid: 0}: true, {uid: appUser, gid: appGroup}: false, {uid: nobody, gid: nobody}: false}},
		"|0660": {0o660, map[*caller]bool{
			{uid: 0}: true, {uid: appUser, gid: appGroup}: true, {uid: appUser, gid: otherGroup, groups: []uint32{appGroup}}: true,
			{uid: appUser, gid: appUser}: false, {uid: nobody, gid: nobody}: false,
		}},
		"|0666": {0o666, map[*caller]bool{{uid: appUser, gid: appGroup}: true, {uid: nobody, gid: nobody}: true}},
	} {
		t.Run("mode"+bits, func(t *testing.T) {
			socket := socketDir(t, appGroup) + "/s"
			partner := newAcme(t, partnertest.Options{})
			caddy := startCaddy(t, onAddress(siteFile(t, block(partner, acme), partner), "http://", "unix/"+socket+bits))
			info, err := os.Stat(socket)
			if err != nil || info.Mode().Perm() != test.mode {
				t.Fatalf("the socket is %v, want %v: %v", info.Mode(), test.mode, err)
			}
			calls := 0
			for caller, passes := range test.callers {
				status, body := caller.curl(t, "--unix-socket", socket, "http://localhost/v1")
				want := 0
				if passes {
					want = 200
					calls++
				}
				is(t, fmt.Sprintf("%+v", *caller), status, body, want, "")
			}
			only(t, partner, calls)
			if strings.Contains(caddy.Output(), "unsafe_listen") {
				t.Error("the socket is taken for an open listener")
			}
		})
	}
}

// Of two partners on one socket each user may use its own, over every version of
// HTTP that a socket carries.
func TestAccessSocketUsers(t *testing.T) {
	callers := map[string]caller{
		"user": {uid: appUser, gid: otherUser}, "group": {uid: otherUser, gid: appGroup}, "supplementary": {uid: otherUser, gid: otherUser, groups: []uint32{otherGroup, appGroup}},
		"many groups": {uid: otherUser, gid: otherUser, groups: append(manyGroups(), appGroup)},
		"neither":     {uid: otherUser, gid: otherGroup}, "nobody": {uid: nobody, gid: nobody}, "root": {},
	}
	want := map[string]map[string]bool{ // partner, caller
		"/user":   {"user": true},
		"/group":  {"group": true, "supplementary": true, "many groups": true},
		"/either": {"user": true, "group": true, "supplementary": true, "many groups": true},
		"/secret": {}, // of the user, who does not present it
	}
	for _, protocols := range []string{"h1", "h2c", "h1 h2c", ""} {
		t.Run("protocols "+protocols, func(t *testing.T) {
			socket := socketDir(t, 0) + "/s"
			partner := newAcme(t, partnertest.Options{})
			site := ""
			for path, lines := range map[string]string{
				"/user": fmt.Sprintf("client_users %d", appUser), "/group": fmt.Sprintf("client_groups %d", appGroup),
				"/either": fmt.Sprintf("client_users %d\nclient_groups %d", appUser, appGroup),
				"/secret": fmt.Sprintf("client_users %d\nclient_auth {env.CLIENT_SECRET}", appUser),
			} {
				site += "handle_path " + path + "/* {\n" + block(partner, acme+"\n"+lines) + "}\n"
			}
			c := onAddress(siteFile(t, site, partner), "http://", "unix/"+socket+"|0666")
			c.Env = append(c.Env, "CLIENT_SECRET=sesame")
			if protocols != "" {
				c.Options = "servers unix/" + socket + "|0666 {\nprotocols " + protocols + "\n}"
			}
			caddy := startCaddy(t, c)
			versions := map[string][]string{"h1": {"--http1.1"}, "h2c": {"--http2-prior-knowledge"}, "h1 h2c": {"--http1.1", "--http2-prior-knowledge"}, "": {"--http1.1"}}[protocols]
			calls := 0
			for path, passing := range want {
				for name, caller := range callers {
					for _, version := range versions {
						status, body := caller.curl(t, version, "--unix-socket", socket, "http://localhost"+path+"/v1")
						what := fmt.Sprintf("%s as %s, %s", path, name, version)
						switch {
						case passing[name]:
							is(t, what, status, body, 200, "")
							calls++
						case path == "/secret" && name == "user":
							is(t, what, status, body, 401, "client-unauthenticated")
						default:
							is(t, what, status, body, 403, "client-refused")
						}
					}
				}
			}
			only(t, partner, calls)
			// Elsewhere nobody knows who calls, whoever it is.
			for path := range want {
				caddy.send("GET", path+"/v1", nil, "Proxy-Authorization: Bearer sesame").refused(t, 403, "client-refused")
			}
			for version := range strings.FieldsSeq(protocols) {
				args := map[string]string{"h1": "--http1.1", "h2c": "--http2-prior-knowledge"}
				status, body := callers["user"].curl(t, args[version], "--unix-socket", socket, "-H", "Proxy-Authorization: Bearer sesame", "http://localhost/secret/v1")
				is(t, "with the secret", status, body, 200, "")
			}
			if !strings.Contains(caddy.Log(), fmt.Sprintf("the caller runs as user %d in the groups [%d]", otherUser, otherGroup)) {
				t.Error("the log does not say who has called")
			}
		})
	}
}

func manyGroups() (groups []uint32) {
	for gid := range uint32(100) { // more than fit into a first guess
		groups = append(groups, 62000+gid)
	}
	return groups
}

// What comes through a tunnel comes from whoever opened it.
func TestAccessSocketTunnel(t *testing.T) {
	for lines, status := range map[string]int{"client_users 0": 200, "client_users " + strconv.Itoa(appUser): 403} {
		socket := socketDir(t, 0) + "/s"
		partner := newAcme(t, partnertest.Options{})
		c := siteFile(t, "respond 404\n}\nhttp:// {\n\tbind unix/"+socket+"\n"+connects("", namedBlock(t, partner, "127.0.0.1", acme+"\n"+lines)), partner)
		c.Options = "skip_install_trust"
		forward := &forward{process: startCaddy(t, c)}
		client := forward.client(t)
		client.Transport.(*http.Transport).Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy"})
		client.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
		res, err := client.Get(named(partner) + "/v1")
		if err != nil {
			t.Fatal(err)
		}
		got := readAnswer(t, res)
		if got.StatusCode != status {
			t.Errorf("%s: got %d %s", lines, got.StatusCode, got.Text)
		}
		if status == 403 {
			got.refused(t, 403, "client-refused")
			untouched(t, partner)
		}
	}
}
