package e2e

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A leakWorld is all that the process talks to, and the secrets between them.
type leakWorld struct {
	*canaries
	partner, server *leakPartner // of which the second gives tokens
	dfns            *partnertest.Dfns
	offBlocks       *partnertest.OffBlocks
	dynamic         *partnertest.Dynamic
	proof           *partnertest.Proof
	collector       *leakCollector
	proxyPort       string
}

func newLeakWorld(t testing.TB) *leakWorld {
	w := &leakWorld{canaries: newCanaries(t), collector: newLeakCollector(t), proxyPort: freePort(t)}
	w.partner, w.server = newLeakPartner(t, w.canaries, "partner"), newLeakPartner(t, w.canaries, "token server")
	w.startDemos(t)
	return w
}

// mustFail is in the body of calls at which demo partners fail.
const mustFail = "fail-and-tell"

// startDemos starts the partners that presets are for.
func (w *leakWorld) startDemos(t testing.TB) {
	t.Helper()
	says := fmt.Sprintf(`{"error":{"id":"4711","message":%q}}`, w.text("what a demo partner says"))
	fails := func(seen *partnertest.Request) bool { return strings.Contains(string(seen.Body), mustFail) }
	failure := func(seen *partnertest.Request) (f partnertest.Failure) {
		if fails(seen) {
			f = partnertest.Failure{Status: 400, Body: says}
		}
		return f
	}
	app, credential := keyOf(t, "rsa-v1_5-sha256"), keyOf(t, "ed25519")
	w.pemKey("dfns app_key", app.File)
	w.pemKey("dfns credential key", credential.File)
	token := w.jwt("dfns token", time.Hour)
	w.put("dfns token", token+"\n")
	w.dfns = partnertest.NewDfns(t, partnertest.DfnsOptions{
		Token: token, Credentials: map[string]crypto.PublicKey{"cr-1": credential.Partner.Public},
		App: &partnertest.DfnsApp{ID: dfnsAppID, Secret: w.text("dfns app_secret"), PublicKey: app.Partner.Public.(*rsa.PublicKey)},
		Fail: func(_ partnertest.DfnsStage, _ int, seen *partnertest.Request) (f partnertest.DfnsFailure) {
			if fails(seen) {
				f = partnertest.DfnsFailure{Status: 400, Body: says}
			}
			return f
		},
	})
	signing, signingFile := newOffBlocksKey(t)
	w.pemKey("offblocks key", signingFile)
	w.offBlocks = partnertest.NewOffBlocks(t, partnertest.OffBlocksOptions{
		APIKey: w.text("offblocks api_key"), APISecret: w.text("offblocks api_secret"), Key: signing, KeyID: offBlocksKeyID,
		Fail: func(_ partnertest.OffBlocksStage, _ int, seen *partnertest.Request) partnertest.Failure {
			return failure(seen)
		},
	})
	server := "dyn_" + w.text("dynamic token")
	w.put("dynamic token", server)
	w.dynamic = partnertest.NewDynamic(t, partnertest.DynamicOptions{
		Tokens: []string{server}, SDKBearer: w.text("dynamic sdk_token"),
		Fail: func(_ partnertest.DynamicStage, _ int, seen *partnertest.Request) partnertest.Failure {
			return failure(seen)
		},
	})
	w.proof = partnertest.NewProof(t, partnertest.ProofOptions{
		Tokens: []string{w.text("proof client_token")}, Origins: []string{proofOrigin},
		Fail: func(_ partnertest.ProofStage, _ int, seen *partnertest.Request) partnertest.Failure {
			return failure(seen)
		},
	})
}

// jwt makes one of which the last part is secret.
func (c *canaries) jwt(name string, life time.Duration) string {
	encode := base64.RawURLEncoding.EncodeToString
	signature := encode([]byte(randomText(c.t, 48)))
	c.add(name, []byte(signature))
	return encode([]byte(`{"alg":"EdDSA","typ":"JWT"}`)) + "." + encode(fmt.Appendf(nil, `{"exp":%d}`, time.Now().Add(life).Unix())) + "." + signature
}
