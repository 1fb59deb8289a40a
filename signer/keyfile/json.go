package keyfile

import (
	"crypto"
	"encoding/base64"
	"encoding/json"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/go-jose/go-jose/v4"
)

// readJSON describes a JWK (RFC 7517) or each key of a JWK set.
func readJSON(text []byte) (items []Item) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil {
		return []Item{{Kind: Damaged, Problem: "it begins as JSON does and cannot be read: copy it again as a whole"}}
	}
	if set.Keys == nil {
		return []Item{readJWK(text)}
	}
	for _, key := range set.Keys {
		items = append(items, readJWK(key))
	}
	if len(items) == 0 {
		items = []Item{{Kind: Nothing, Problem: "there is no key in the JWK set: add one"}}
	}
	return items
}

// jwk has what tells keys apart.
type jwk struct {
	Type    string `json:"kty"`
	KeyID   string `json:"kid"`
	Curve   string `json:"crv"`
	X       string `json:"x"`
	Y       string `json:"y"`
	Private any    `json:"d"`
}

func readJWK(text []byte) Item {
	var k jwk
	if json.Unmarshal(text, &k) != nil || k.Type == "" {
		return Item{Kind: Opaque, Problem: "it is JSON and no JWK: give the file of the key or of the token alone"}
	}
	i := Item{Kind: PrivateKey, Format: "JWK", KeyID: Printable(k.KeyID)}
	switch {
	case k.Type == "oct":
		i.Kind = SharedSecret
	case k.Private == nil:
		i.Kind = PublicKey
		public, err := k.public(text)
		if err != nil {
			i.Problem = err.Error()
			return i
		}
		i.ofPublic(public)
		return i
	}
	i.ofPrivate(text)
	return i
}

func (k *jwk) public(text []byte) (crypto.PublicKey, error) {
	if k.Curve == "secp256k1" { // go-jose does not know it: RFC 8812
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		if errX != nil || errY != nil {
			return nil, errPublic
		}
		public, err := secp256k1.ParsePubKey(append(append([]byte{4}, x...), y...))
		if err != nil {
			return nil, errPublic
		}
		return public, nil
	}
	var parsed jose.JSONWebKey
	if parsed.UnmarshalJSON(text) != nil || !parsed.IsPublic() {
		return nil, errPublic
	}
	return parsed.Key, nil
}
