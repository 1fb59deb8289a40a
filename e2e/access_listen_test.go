package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// openSites are sites that the network reaches. A name to call by is no address
// to listen on.
var openSites = map[string]string{
	"without bind":     "http://:PORT {\n",
	"localhost":        "http://localhost:PORT {\n",
	"any address":      "http://:PORT {\nbind 0.0.0.0\n",
	"one of two":       "http://:PORT {\nbind 127.0.0.1 0.0.0.0\n",
	"browsers refused": "http://:PORT {\npartnersign_guard {\nbrowsers refuse\n}\n",
}

// The start and `caddy validate` refuse a partner that the network could use.
func TestAccessOpenListener(t *testing.T) {
	for name, site := range openSites {
		for _, command := range []string{"validate", "run"} {
			t.Run(command+" "+name, func(t *testing.T) {
				dir, port := t.TempDir(), freePort(t)
				text := "{\nadmin off\n}\n" + strings.ReplaceAll(site, "PORT", port) + "partner_proxy https://api.acme.example {\nname acme\n}\n}\n"
				if err := os.WriteFile(dir+"/Caddyfile", []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				cmd := exec.CommandContext(ctx, os.Args[0], command, "--config", dir+"/Caddyfile", "--adapter", "caddyfile")
				cmd.Env = []string{beCaddy + "=1", "HOME=" + dir}
				output, err := cmd.CombinedOutput()
				if err == nil || cmd.ProcessState.ExitCode() != 1 {
					t.Errorf("it ended with %v", err)
				}
				saysWhatToDo(t, string(output), port)
			})
		}
	}
}

// A reload refuses it, too, and Caddy goes on with what it had.
func TestAccessOpenListenerReload(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	local := siteFile(t, block(partner, acme), partner)
	caddy := startCaddy(t, local)
	for name, site := range openSites {
		port, c := freePort(t), local
		c.Site += "\n}\n" + strings.ReplaceAll(site, "PORT", port) + block(partner, "name acme\n"+acme)
		if err := caddy.reload(c); err == nil {
			t.Errorf("%s: it was loaded", name)
		} else {
			saysWhatToDo(t, err.Error(), port)
		}
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			conn.Close()
			t.Errorf("%s: somebody listens", name)
		}
		caddy.send("GET", "/v1", nil).ok(t)
	}
	only(t, partner, len(openSites))
}

func saysWhatToDo(t *testing.T, text, port string) {
	t.Helper()
	for _, want := range []string{"acme: whoever reaches the listener", ":" + port + " could call as you", "bind 127.0.0.1", "client_auth", "unsafe_listen"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, tail(text, 1500))
		}
	}
}

// What asks who calls may listen anywhere, and so may what says that nothing
// does; the log tells that.
func TestAccessOpenListenerAccepted(t *testing.T) {
	for lines, headers := range map[string][]string{"client_auth {env.CLIENT_SECRET}": {"Proxy-Authorization: Bearer sesame"}, "unsafe_listen": nil} {
		partner, port := newAcme(t, partnertest.Options{}), freePort(t)
		c := onAddress(siteFile(t, block(partner, acme+"\n"+lines), partner), "http://:"+port, "0.0.0.0")
		c.Env = append(c.Env, "CLIENT_SECRET=sesame")
		caddy := startCaddy(t, c)
		caddy.waitFor(port)
		caddy.URL = "http://127.0.0.1:" + port
		caddy.send("GET", "/v1", nil, headers...).ok(t)
		only(t, partner, 1)
		if warned := strings.Contains(caddy.Log(), "unsafe_listen: whoever reaches the listener may call"); warned != (lines == "unsafe_listen") {
			t.Errorf("%s: warned is %v", lines, warned)
		}
	}
}

// The deployments take their address from outside: it cannot open them by
// mistake.
func TestAccessDeployedListener(t *testing.T) {
	s := newSidecar(t, partnertest.Options{})
	port := s.URL[strings.LastIndexByte(s.URL, ':')+1:]
	for _, bind := range []string{"0.0.0.0", "::", "fd/3"} {
		cmd := s.command("run", "--config", s.Caddyfile, "--adapter", "caddyfile")
		cmd.Env = append(cmd.Env, "PARTNERSIGN_BIND="+bind)
		if bind == "fd/3" { // a socket of systemd's that is open to all
			listener, err := net.Listen("tcp", "0.0.0.0:"+port)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			socket, err := listener.(*net.TCPListener).File()
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			cmd.ExtraFiles = []*os.File{socket}
		}
		timer := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		output, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(output), "acme: whoever reaches the listener") {
			t.Errorf("%s: %v %s", bind, err, output)
		}
	}
}
