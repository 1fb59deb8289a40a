package caddymodule

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/miekg/dns"
)

// samePort listens by UDP and TCP on one port, which must be free for both.
func samePort(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if streams, err := net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			return packets, streams
		}
		_ = packets.Close()
	}
	t.Fatal("no port is free for both")
	return nil, nil
}

// resolver runs a DNS server on UDP and TCP, and returns its address.
func resolver(t *testing.T, answer func(m *dns.Msg, name string, kind uint16, network string)) string {
	t.Helper()
	packets, streams := samePort(t)
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
		m := new(dns.Msg).SetReply(query)
		answer(m, query.Question[0].Name, query.Question[0].Qtype, w.LocalAddr().Network())
		_ = w.WriteMsg(m)
	})
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: handler}, {Listener: streams, Handler: handler}} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() { _ = server.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return packets.LocalAddr().String()
}

func add(m *dns.Msg, record string) {
	rr, err := dns.NewRR(record)
	if err != nil {
		panic(err)
	}
	m.Answer = append(m.Answer, rr)
}

func TestLookup(t *testing.T) {
	good := resolver(t, func(m *dns.Msg, name string, kind uint16, network string) {
		switch {
		case name == "localhost." && kind == dns.TypeA: // which /etc/hosts has, too
			add(m, name+" 60 A 203.0.113.1")
		case name == "two.example." && kind == dns.TypeA:
			add(m, name+" 60 CNAME alias.example.")
			add(m, "alias.example. 60 A 203.0.113.2")
			add(m, "alias.example. 60 A 203.0.113.3")
		case name == "six.example." && kind == dns.TypeAAAA:
			add(m, name+" 60 AAAA 2001:db8::6")
		case name == "long.example." && kind == dns.TypeA && network == "udp":
			m.Truncated = true
		case name == "long.example." && kind == dns.TypeA:
			add(m, name+" 60 A 203.0.113.4")
		case name == "missing.example.":
			m.Rcode = dns.RcodeNameError
		}
	})
	fails := resolver(t, func(m *dns.Msg, _ string, _ uint16, _ string) { m.Rcode = dns.RcodeServerFailure })
	for _, test := range []struct {
		resolvers []string
		host      string
		want      []string
		err       string
	}{
		{[]string{good}, "localhost", []string{"203.0.113.1"}, ""},
		{[]string{good}, "two.example", []string{"203.0.113.2", "203.0.113.3"}, ""},
		{[]string{good}, "six.example", []string{"2001:db8::6"}, ""},
		{[]string{good}, "long.example", []string{"203.0.113.4"}, ""},
		{[]string{"tcp/" + good}, "two.example", []string{"203.0.113.2", "203.0.113.3"}, ""},
		{[]string{fails, good}, "six.example", []string{"2001:db8::6"}, ""},
		{[]string{good}, "missing.example", nil, "know no address"},
		{[]string{good}, "empty.example", nil, "know no address"},
		{[]string{fails}, "two.example", nil, "SERVFAIL"},
	} {
		transport := &Transport{HTTPTransport: &reverseproxy.HTTPTransport{
			DialTimeout: caddy.Duration(5 * time.Second),
			Resolver:    &reverseproxy.UpstreamResolver{Addresses: test.resolvers},
		}}
		got, err := transport.lookup(t.Context(), test.host)
		if !slices.Equal(got, test.want) || test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%s: got %q, %v", test.host, got, err)
		}
	}
}
