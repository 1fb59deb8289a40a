package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/partnersign/partnersign/partnertest"
)

// newOffBlocks is an OffBlocks where a customer is made and read.
func newOffBlocks() (*act, error) {
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(private) // as openssl ecparam writes it
	if err != nil {
		return nil, err
	}
	key, secret := rand.Text(), rand.Text()
	offblocks, err := partnertest.StartOffBlocks(partnertest.OffBlocksOptions{APIKey: key, APISecret: secret, Key: &private.PublicKey})
	if err != nil {
		return nil, err
	}
	return &act{
		name:    "offblocks",
		partner: offblocks.Partner,
		block: strings.NewReplacer("PARTNER", offblocks.URL(), "KEYID", offblocks.KeyID()).Replace(`partner_proxy offblocks PARTNER {
	api_key {file.DIR/offblocks-api-key}
	api_secret {file.DIR/offblocks-api-secret}
	key DIR/offblocks-p384.pem
	key_id KEYID
`),
		files: map[string][]byte{
			"offblocks-api-key": []byte(key + "\n"), "offblocks-api-secret": []byte(secret + "\n"),
			"offblocks-p384.pem": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}),
		},
		plain: []plain{{"POST", "/v1/customers", `{"walletAddress": "0x71C7656EC7ab88b098defB751B7401B5f6d8976F", "chain": "ethereum"}`}},
		judge: func() (said []string, ok bool) {
			for _, refusal := range offblocks.Refusals() {
				said = append(said, fmt.Sprintf("refused with %d: %s", refusal.Status, refusal.Reason))
			}
			for _, write := range offblocks.Writes() {
				said = append(said, fmt.Sprintf("%s %s carried out once, as %s; %d token given", write.Request.Method, write.Request.Target, write.ID, offblocks.Tokens()))
			}
			return said, len(offblocks.Refusals()) == 0 && len(offblocks.Writes()) == 1
		},
	}, nil
}
