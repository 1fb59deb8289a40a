package e2e

import (
	"net"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/partnersign/partnersign/partnertest"
)

// partnerName is a name in the certificates of partners that no resolver of
// this machine knows.
const partnerName = "partner.test"

// named is a partner's URL by that name.
func named(partner *partnertest.Partner) string {
	return strings.Replace(partner.URL(), "127.0.0.1", partnerName, 1)
}

// namedBlock is a partner_proxy that finds it at an address.
func namedBlock(t testing.TB, partner *partnertest.Partner, address, lines string) string {
	t.Helper()
	block := blockAt(named(partner), lines)
	return strings.Replace(block, "transport http {", "transport http {\n\t\tresolvers "+serveDNS(t, address), 1)
}

// serveDNS runs a resolver that knows every name, at one address.
func serveDNS(t testing.TB, address string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		query := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			if answer := answerDNS(query[:n], net.ParseIP(address)); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

func answerDNS(query []byte, address net.IP) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Response, m.RCode, m.Additionals = true, dnsmessage.RCodeSuccess, nil
	question := m.Questions[0]
	header := dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: question.Class, TTL: 60}
	if v4 := address.To4(); v4 != nil && question.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: [4]byte(v4)}}}
	} else if v4 == nil && question.Type == dnsmessage.TypeAAAA {
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AAAAResource{AAAA: [16]byte(address)}}}
	}
	answer, err := m.Pack()
	if err != nil {
		return nil
	}
	return answer
}
