package main

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"

	"github.com/partnersign/partnersign/partnertest"
)

// newDfns is a Dfns whose organisation has a server-signed Application.
func newDfns() (*act, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	credentialKey, err := pemOf(private)
	if err != nil {
		return nil, err
	}
	app, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	appKey, err := pemOf(app)
	if err != nil {
		return nil, err
	}
	const credential, appID = "cr-6uunn-bm6ja-f6rmod5kqrk5rbel", "ap-2a9in-tt2a1-983lho480p35ejd0"
	token, secret := rand.Text(), rand.Text()
	dfns, err := partnertest.StartDfns(partnertest.DfnsOptions{
		Token:       token,
		Credentials: map[string]crypto.PublicKey{credential: public},
		App:         &partnertest.DfnsApp{ID: appID, Secret: secret, PublicKey: &app.PublicKey, RequireNonce: true},
	})
	if err != nil {
		return nil, err
	}
	return &act{
		name:    "dfns",
		partner: dfns.Partner,
		block: strings.NewReplacer("PARTNER", dfns.URL(), "CREDENTIAL", credential, "APP", appID).Replace(`partner_proxy dfns PARTNER {
	token {file.DIR/dfns-token}
	credential CREDENTIAL {
		key DIR/dfns-credential.pem
	}
	app_id APP
	app_secret {file.DIR/dfns-app-secret}
	app_key DIR/dfns-app.pem
`),
		files: map[string][]byte{
			"dfns-token": []byte(token + "\n"), "dfns-app-secret": []byte(secret + "\n"),
			"dfns-credential.pem": credentialKey, "dfns-app.pem": appKey,
		},
		plain: []plain{{"POST", "/wallets", `{"network": "Ethereum", "name": "treasury"}`}},
		judge: func() (said []string, ok bool) {
			for _, refusal := range dfns.Refusals() {
				said = append(said, fmt.Sprintf("refused with %d: %s", refusal.Status, refusal.Reason))
			}
			writes := dfns.Writes()
			for _, write := range writes {
				said = append(said, fmt.Sprintf("%s %s carried out once, as %s, authorised by %s; nonces fresh, API signatures as recomputed from the bytes received",
					write.Request.Method, write.Request.Target, write.ID, write.Credential))
			}
			return said, len(dfns.Refusals()) == 0 && len(writes) == 1
		},
	}, nil
}
