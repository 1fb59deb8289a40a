package partnertest

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/uuid"
)

// session answers POST /widget/session.
func (p *Proof) session(seen *Request) (reply, *denial) {
	origins := seen.Header.Values("Origin")
	if len(origins) != 1 || !slices.Contains(p.opts.Origins, origins[0]) {
		return reply{}, deny(403, "forbidden_origin", "Origin is %q, where one that is registered was expected.", origins)
	}
	body := readObject(seen.Body)
	address, transaction := body.optional("client_ip"), body.optional("merchant_transaction_id")
	if body.err != nil {
		return reply{}, deny(400, "bad_request", "The body: %v.", body.err)
	}
	if body.has("client_ip") {
		if why := checkClientIP(address); why != nil {
			return reply{}, why
		}
	}
	if transaction == "" {
		transaction = uuid.NewString()
	}
	made := ProofSession{Request: seen, ClientIP: address, TransactionID: transaction, InitToken: "init_" + rand.Text()}
	made.Answer = oddAnswer(made)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions = append(p.sessions, made)
	p.unspent[made.InitToken] = true
	return reply{status: 200, text: made.Answer}, nil
}

// oddAnswer is JSON that is not the same any more once it is read and written again: it
// must reach the browser byte by byte.
func oddAnswer(made ProofSession) []byte {
	id, _ := marshal(made.TransactionID)
	return fmt.Appendf(nil, "{ \"init_token\" : \"%s\",\r\n\t\"merchant_transaction_id\":%s , \"amount\":1.50E+01,"+
		"\"url\":\"https:\\/\\/widget.test\\/?a=1&b=<2>\",\"name\":\"\\u00e9é\\ud83d\\ude00\u2028\",\"amount\":15e-0 }\n \t\n",
		made.InitToken, id)
}

// carrierGrade are addresses behind a carrier's translation (RFC 6598): no end user's own.
var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

// checkClientIP: client_ip is the end user's real address, or is left out. Those of
// documentation (RFC 5737) pass: tests have no others.
func checkClientIP(text string) *denial {
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return deny(422, "invalid_client_ip", "client_ip is %q, which is no IP address.", text)
	}
	address = address.Unmap()
	if !address.IsGlobalUnicast() || address.IsPrivate() || carrierGrade.Contains(address) {
		return deny(422, "invalid_client_ip", "client_ip is %s, which is not an address of the internet.", text)
	}
	return nil
}
