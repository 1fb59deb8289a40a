package e2e

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// healing is how long a token endpoint may stay unasked after an outage, or the
// lock of a storage taken: it is asked again after a second, two, four …
const healing = 15 * time.Second

var soakNumber atomic.Int64

// acme writes to a partner with a rotating key. Only one whose token comes from
// the endpoint may be refused, and only around its outages.
func (s *soak) acme(c *soakClient, name string) {
	target := fmt.Sprintf("/v1/payments/%d", soakNumber.Add(1))
	o, ok := c.ask(name, "POST", "/"+name+target, `{"amount":"12.50","to":"`+strings.Repeat("x", int(soakNumber.Load()%2000))+`"}`)
	switch {
	case !ok || o.ok():
	case name == "ed25519" && o.status == 503 && o.kind == "credential-unavailable" && s.tokens.touches(o.begin, o.end, healing):
	default:
		s.load.complain("%s: %d %s %.300s", name, o.status, o.kind, o.text)
	}
}

// dfns makes a wallet, which takes a user action.
func (s *soak) wallet(c *soakClient) {
	if o, ok := c.ask("dfns", "POST", "/dfns/wallets", `{"network":"EthereumSepolia"}`, "Content-Type: application/json"); ok && !o.ok() {
		s.load.complain("dfns: %d %s %.300s", o.status, o.kind, o.text)
	}
}

// flow takes one from its creation to its end, as far as the storage lets it.
func (s *soak) flow(c *soakClient) {
	create, ok := c.ask("dynamic create", "POST", "/dynamic/api/v0/server/"+dynamicEnv+"/flow/payment", "{}", "Content-Type: application/json")
	id, _ := at(create.text, "id").(string)
	if !ok || !create.ok() || id == "" {
		s.load.complain("dynamic: no flow: %d %.300s", create.status, create.text)
		return
	}
	for _, step := range []string{"source", "quote", "prepare", "broadcast"} {
		o, ok := c.ask("dynamic "+step, "POST", "/dynamic/api/v0/sdk/"+dynamicEnv+"/flow/"+id+"/"+step, "{}", "Content-Type: application/json")
		touched := ok && s.storage.touches(o.begin, o.end, healing)
		switch {
		case !ok:
			return
		case o.ok() && step == "source" && s.storage.touches(o.begin, o.end, 0):
			return // whether the token is stored is not known
		case o.ok():
		case touched && o.status == 503 && o.kind == "credential-unavailable":
			return
		default:
			s.load.complain("dynamic %s: %d %s %.300s", step, o.status, o.kind, o.text)
			return
		}
	}
}
