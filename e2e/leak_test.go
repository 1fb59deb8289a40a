package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Canaries in every place where a secret can be configured, and all that is got or made
// with them, are nowhere to be found after every step and every failure: not in logs of
// level DEBUG, traces, metrics, the admin API, adapted configurations, what commands
// say, answers, the storage and a dump of all goroutines; not in part, and not in any
// encoding.
func TestLeaks(t *testing.T) {
	for _, credentials := range []bool{false, true} {
		t.Run(fmt.Sprintf("credentials logged: %t", credentials), func(t *testing.T) {
			r, file := startLeakRun(t, credentials)
			checkLeakCoverage(t, r.admin("/config/"), r.dir)
			r.everything(file)
			r.remember()
			places := r.places()
			r.addPEM("the key of the root", readFile(r.path("caddy/pki/authorities/local/root.key")))
			r.addPEM("the key of the intermediate", readFile(r.path("caddy/pki/authorities/local/intermediate.key")))
			search, met := newLeakSearch(r.list), map[leakException]bool{}
			size := 0
			for _, place := range places {
				size += len(place.text)
				if err := place.check(); err != nil {
					t.Error(err)
				}
				for secret, encoding := range search.in(place.text) {
					e := leakException{place.name, strings.TrimSuffix(secret, " in decimal")}
					if met[e] = true; !slices.Contains(leakExceptions(credentials), e) {
						t.Errorf("%s holds %s (%s)", place.name, secret, encoding)
					}
				}
			}
			for _, e := range leakExceptions(credentials) {
				if !met[e] {
					t.Errorf("%s does not hold %s: it is no exception any more", e.place, e.secret)
				}
			}
			checkLeakSearch(t, search, places, r.list)
			t.Logf("searched %d places of %d KiB for %d secrets", len(places), size>>10, len(r.list))
		})
	}
}

// A leakException is a secret that is where it has to be.
type leakException struct{ place, secret string }

func leakExceptions(credentials bool) []leakException {
	exceptions := []leakException{
		// What a partner answers is for the client.
		{"answers", "what the partner says"},
		{"answers", "what a demo partner says"},
		{"answers", "a bearer that is quoted"},
		// Caddy's access log has the headers of clients, but for those that it knows.
		{"file caddy.log", "client_auth in a header"},
		// Caddy's own CA.
		{"file caddy/pki/authorities/local/root.key", "the key of the root"},
		{"file caddy/pki/authorities/local/intermediate.key", "the key of the intermediate"},
	}
	if credentials {
		exceptions = append(exceptions, leakException{"file caddy.log", "client_auth"}, leakException{"file caddy.log", "connect client_auth"})
	}
	return exceptions
}

// remember takes note of what demo partners were sent.
func (r *leakRun) remember() {
	for who, requests := range map[string][]*partnertest.Request{
		"dfns": r.dfns.Requests(), "offblocks": r.offBlocks.Requests(), "dynamic": r.dynamic.Requests(), "proof": r.proof.Requests(),
	} {
		for _, request := range requests {
			for _, name := range []string{"Authorization", "Signature", "Signature-Input", "X-DFNS-USERACTION", "X-DFNS-APISIGNATURE", "X-DFNS-NONCE", flowToken} {
				if value := request.Header.Get(name); value != "" {
					r.seen(who, name, value)
				}
			}
			body := string(request.Body)
			for name, value := range map[string]any{
				"challengeIdentifier": at(body, "challengeIdentifier"), "assertion": at(body, "firstFactor", "credentialAssertion", "signature"),
			} {
				if text, ok := value.(string); ok {
					r.seen(who, name, text)
				}
			}
		}
	}
}
