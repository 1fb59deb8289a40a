package e2e

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A partner whose name somebody leads elsewhere: whatever listens there gets
// the beginning of a TLS handshake and nothing of a request.
func TestRebindingPartner(t *testing.T) {
	trap := newTrap(t, "127.0.0.1")
	partner := newAcme(t, partnertest.Options{})
	block := blockAt("https://"+partnerName+":"+trap.port, acme)
	block = strings.Replace(block, "transport http {", "transport http {\nresolvers "+serveDNS(t, "127.0.0.1"), 1)
	caddy := startCaddy(t, siteFile(t, block, partner))
	caddy.send("POST", "/v1/payments", strings.NewReader(`{"amount":"12.50"}`)).refused(t, 502, "partner-untrusted")
	if got := trap.taken(); len(got) == 0 || got[0] != 0x16 {
		t.Errorf("not the beginning of TLS: %.40q", got)
	} else if strings.Contains(string(got), "HTTP/1") || strings.Contains(string(got), "token-of-acme") {
		t.Error("a request has come")
	}
	untouched(t, partner)
}

// The name of a tunnel answers with another address each time, none of which
// a name may lead to. Nothing is connected to.
func TestRebindingTunnel(t *testing.T) {
	if err := exec.Command("unshare", "--mount", "true").Run(); err != nil {
		lacks(t, "there can be no other /etc/resolv.conf: %v", err)
	}
	trap := newTrap(t, "0.0.0.0")
	addresses := []string{"127.0.0.1", "0.0.0.0", "169.254.169.254", "127.8.8.8", "100.100.100.200"}
	addresses = append(addresses, ownAddress(t)...)
	dns, err := net.ListenPacket("udp", "127.0.0.77:53")
	if err != nil {
		lacks(t, "there can be no other resolver: %v", err)
	}
	t.Cleanup(func() { dns.Close() })
	var asked atomic.Int64
	go func() {
		query := make([]byte, 1500)
		for {
			n, from, err := dns.ReadFrom(query)
			if err != nil {
				return
			}
			address := addresses[int(asked.Add(1))%len(addresses)]
			if answer := answerDNS(query[:n], net.ParseIP(address)); answer != nil {
				_, _ = dns.WriteTo(answer, from)
			}
		}
	}()
	proxy := startRebound(t, "tunnel rebound.test:"+trap.port)
	for range 3 * len(addresses) {
		_, got := proxy.ask(t, "rebound.test:"+trap.port)
		got.is(t, 403, "destination-refused")
	}
	if asked.Load() < int64(3*len(addresses)) {
		t.Errorf("the resolver was asked %d times", asked.Load())
	}
	if got := trap.taken(); got != nil {
		t.Errorf("connected, and sent %q", got)
	}
}

// ownAddress is one of this machine's IPv4 addresses that others know, if it
// has any.
func ownAddress(t *testing.T) []string {
	t.Helper()
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range own {
		if addr := netip.MustParsePrefix(a.String()).Addr(); addr.Is4() && !addr.IsLoopback() {
			return []string{addr.String()}
		}
	}
	return nil
}

// startRebound starts Caddy as the proxy of applications on a machine, as it
// sees it, whose names come from 127.0.0.77 alone.
func startRebound(t *testing.T, lines string) *forward {
	t.Helper()
	port := freePort(t)
	p := &process{Dir: t.TempDir(), URL: "http://127.0.0.1:" + port, t: t, done: make(chan error, 1)}
	f := &forward{process: p, Proxy: p.URL}
	for name, content := range map[string]string{
		"resolv.conf": "nameserver 127.0.0.77\noptions attempts:1\n",
		"Caddyfile": p.expand("{\n\tadmin unix/DIR/admin.sock\n\tskip_install_trust\n\tlog {\n\t\toutput file DIR/caddy.log\n\t}\n}\n" +
			"http://:PORT {\n\tbind 127.0.0.1\n" + connects(lines) + "}\n"),
	} {
		if err := os.WriteFile(p.path(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if p.out, err = os.Create(p.path("output")); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command("unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, p.path("resolv.conf"),
		os.Args[0], "run", "--config", p.path("Caddyfile"), "--adapter", "caddyfile")
	p.cmd.Env = append(os.Environ(), beCaddy+"=1", "HOME="+p.Dir, "XDG_CONFIG_HOME="+p.Dir, "XDG_DATA_HOME="+p.Dir)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(p.stop)
	p.waitFor(port)
	return f
}

// A trap is a listener that remembers what it was sent.
type trap struct {
	port string
	mu   sync.Mutex
	got  []byte // nil: nobody has connected
}

func newTrap(t *testing.T, address string) *trap {
	t.Helper()
	listener, err := net.Listen("tcp4", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	trap := &trap{port: port}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			trap.add([]byte{})
			head := make([]byte, 4096)
			n, _ := conn.Read(head)
			trap.add(head[:n])
			// An answer in plain text, as of a service inside that an attacker hopes for.
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
			_ = conn.Close()
		}
	}()
	return trap
}

func (t *trap) add(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.got = append(append(make([]byte, 0, len(t.got)+len(b)), t.got...), b...)
}

func (t *trap) taken() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.got
}
