package e2e

import (
	"crypto"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// startSoak starts the partners and a process with all of them on a socket. Idle
// connections to partners end soon: one that a request of a former configuration
// leaves does not end with the reload.
func startSoak(t *testing.T) *soak {
	s := &soak{tokens: newSoakTokens(t), storage: newSoakStorage(t), load: newSoakLoad()}
	fixed := func(token string, _ time.Time) string {
		if token != "token-of-acme" {
			return "the token is another"
		}
		return ""
	}
	s.partners = []*soakPartner{
		newSoakPartner(t, "ed25519", "ed25519", "http/1.1", s.tokens.check),
		newSoakPartner(t, "hmac", "hmac-sha256", "h2", fixed),
		newSoakPartner(t, "p256", "ecdsa-p256-sha256", "h2", fixed),
	}
	credential := keyOf(t, "ed25519")
	s.dfns = partnertest.NewDfns(t, partnertest.DfnsOptions{Options: partnertest.Options{Protocols: []string{"http/1.1"}},
		Token: "dfns-token", Credentials: map[string]crypto.PublicKey{"cr-1": credential.Partner.Public}})
	s.dynamic = partnertest.NewDynamic(t, partnertest.DynamicOptions{Tokens: []string{dynamicToken}})
	s.file = caddyfile{
		Options: "storage file_system " + s.storage.path() + "\n" + persisted,
		Files:   map[string]string{"dfns.pem": credential.File, "ca.pem": string(s.dfns.CA()) + string(s.dynamic.CA()), "token": dynamicToken},
		Env: []string{"ACME_TOKEN=token-of-acme", "SOAK_SECRET=canary-soak-secret", "DFNS_TOKEN=dfns-token", storeKey,
			"SSL_CERT_FILE=" + roots(t, s.tokens.CertPEM)},
	}
	for _, p := range s.partners {
		s.file.Files["ca.pem"] += string(p.CA())
		s.file.Files[p.name+".key"] = p.keys[0].File
	}
	s.file.Site = s.site("start")
	s.process = startCaddy(t, s.file)
	return s
}

// site has all partners on a socket, beside the harness's own site: its listener
// stays the same through reloads, so no connection that was made is lost.
func (s *soak) site(configuration string) string {
	var site strings.Builder
	fmt.Fprintf(&site, "respond %s\n}\nhttp:// {\nbind unix/DIR/soak.sock\n", configuration)
	for _, p := range s.partners {
		bearer := "bearer {env.ACME_TOKEN}"
		if p.name == "ed25519" {
			bearer = "bearer oauth2 " + s.tokens.URL + "/token {\nclient_id soak\nclient_secret {env.SOAK_SECRET}\n}"
		}
		lines := strings.NewReplacer("bearer {env.ACME_TOKEN}", bearer, "key DIR/key.pem", "key DIR/"+p.name+".key\nalgorithm "+p.algorithm).Replace(acme)
		fmt.Fprintf(&site, "handle_path /%s/* {\n%s}\n", p.name, strings.Replace(block(p.Partner, "name "+p.name+"\nheader X-Configuration "+configuration+lines), "tls_trust_pool", "keepalive 2s\ntls_trust_pool", 1))
	}
	trust := "transport http {\nkeepalive 2s\ntls_trust_pool file DIR/ca.pem\n}\n}\n}\n"
	fmt.Fprintf(&site, "handle_path /dfns/* {\npartner_proxy dfns %s {\ntoken {env.DFNS_TOKEN}\ncredential cr-1 {\nkey DIR/dfns.pem\n}\n%s", s.dfns.URL(), trust)
	fmt.Fprintf(&site, "handle_path /dynamic/* {\npartner_proxy dynamic %s {\ntoken {file.DIR/token}\n%s", s.dynamic.URL(), trust)
	return site.String()
}
