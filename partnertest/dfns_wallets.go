package partnertest

import (
	"crypto/rand"
	"encoding/hex"
)

// A dfnsKey is a key that wallets sign with (docs.dfns.co/api-reference/keys).
type dfnsKey struct {
	ID          string `json:"id"`
	Scheme      string `json:"scheme"`
	Curve       string `json:"curve"`
	PublicKey   string `json:"publicKey"`
	Name        string `json:"name,omitempty"`
	Status      string `json:"status"`
	Custodial   bool   `json:"custodial"`
	DateCreated string `json:"dateCreated"`
}

// A dfnsWallet is a wallet (docs.dfns.co/api-reference/wallets).
type dfnsWallet struct {
	ID          string         `json:"id"`
	Network     string         `json:"network"`
	Address     string         `json:"address"`
	SigningKey  dfnsSigningKey `json:"signingKey"`
	Status      string         `json:"status"`
	DateCreated string         `json:"dateCreated"`
	Name        string         `json:"name,omitempty"`
	Custodial   bool           `json:"custodial"`
	ExternalID  string         `json:"externalId,omitempty"`
	Tags        []string       `json:"tags"`
}

type dfnsSigningKey struct {
	ID        string `json:"id"`
	Scheme    string `json:"scheme"`
	Curve     string `json:"curve"`
	PublicKey string `json:"publicKey"`
}

func (w *dfnsWorld) listWallets(dfnsCall) (dfnsReply, *dfnsRefusal) { return getAll(&w.wallets) }
func (w *dfnsWorld) listKeys(dfnsCall) (dfnsReply, *dfnsRefusal)    { return getAll(&w.keys) }

func (w *dfnsWorld) getWallet(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	return getOne(&w.wallets, "wallet", call.ids[0])
}

func (w *dfnsWorld) getKey(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	return getOne(&w.keys, "key", call.ids[0])
}

// createWallet answers POST /wallets, with a key of its own for each wallet.
func (w *dfnsWorld) createWallet(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	body := readObject(call.seen.Body)
	wallet := &dfnsWallet{
		ID:          newDfnsID("wa"),
		Network:     body.text("network"),
		Address:     "0x" + randomHex(20),
		Status:      "Active",
		DateCreated: w.date(),
		Name:        body.optional("name"),
		Custodial:   true,
		ExternalID:  body.optional("externalId"),
		Tags:        body.texts("tags"),
	}
	if refusal := body.refusal(); refusal != nil {
		return dfnsReply{}, refusal
	}
	key := w.newKey("ECDSA", "secp256k1", "")
	wallet.SigningKey = dfnsSigningKey{key.ID, key.Scheme, key.Curve, key.PublicKey}
	w.wallets.put(wallet.ID, wallet)
	return dfnsReply{status: 200, body: wallet, id: wallet.ID}, nil
}

// updateWallet answers PUT /wallets/{walletId}, which changes the name.
func (w *dfnsWorld) updateWallet(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	wallet, refusal := w.wallets.find("wallet", call.ids[0])
	if refusal != nil {
		return dfnsReply{}, refusal
	}
	body := readObject(call.seen.Body)
	name := body.text("name")
	if refusal := body.refusal(); refusal != nil {
		return dfnsReply{}, refusal
	}
	wallet.Name = name
	return dfnsReply{status: 200, body: wallet, id: wallet.ID}, nil
}

// createKey answers POST /keys.
func (w *dfnsWorld) createKey(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	body := readObject(call.seen.Body)
	scheme, curve, name := body.text("scheme"), body.text("curve"), body.optional("name")
	if refusal := body.refusal(); refusal != nil {
		return dfnsReply{}, refusal
	}
	key := w.newKey(scheme, curve, name)
	return dfnsReply{status: 200, body: key, id: key.ID}, nil
}

func (w *dfnsWorld) newKey(scheme, curve, name string) *dfnsKey {
	key := &dfnsKey{
		ID: newDfnsID("key"), Scheme: scheme, Curve: curve, PublicKey: "02" + randomHex(32),
		Name: name, Status: "Active", Custodial: true, DateCreated: w.date(),
	}
	w.keys.put(key.ID, key)
	return key
}

// randomHex stands for addresses, hashes and public keys.
func randomHex(bytes int) string {
	random := make([]byte, bytes)
	rand.Read(random)
	return hex.EncodeToString(random)
}
