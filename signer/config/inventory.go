package config

import (
	"net/url"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// An Inventory lists what the requests for a partner are made with, for whoever
// shows how that is. It tells references and no values.
type Inventory struct {
	// Steps are the names of the steps, as they are written.
	Steps []string
	// Keys are those that sign.
	Keys []KeyUse
	// Tokens are the bearer tokens.
	Tokens []TokenUse
}

// A KeyUse is a key and what it is for.
type KeyUse struct {
	// Use is the step that signs with it, such as `signature sig1`.
	Use string
	// Reference and KeyID are as in the configuration; of a key id that is not
	// there, it is empty.
	Reference, KeyID string
	// Key is what was opened. It prints as [key].
	Key *keys.Key
}

// A TokenUse is a bearer token.
type TokenUse struct {
	// Source is its reference, or the URL that it is got from, without a query.
	Source string
	// State tells how it stands.
	State func(now time.Time) token.State
}

func (i *Inventory) addStep(name string) {
	if i != nil {
		i.Steps = append(i.Steps, name)
	}
}

func (i *Inventory) addKey(use, ref, id string, k *keys.Key) {
	if i != nil {
		i.Keys = append(i.Keys, KeyUse{use, ref, id, k})
	}
}

// addFixed adds a token of the configuration.
func (i *Inventory) addFixed(ref string, secret *keys.Secret) {
	if i == nil {
		return
	}
	i.Tokens = append(i.Tokens, TokenUse{ref, func(now time.Time) (s token.State) {
		var value string
		if value, s.Err = secret.Value(now); s.Err == nil {
			s.Expiry, _ = token.Expiry(value)
		}
		return s
	}})
}

// addCache adds tokens that are got from somewhere.
func (i *Inventory) addCache(c *Bearer, cache *token.Cache) {
	if i == nil {
		return
	}
	source := ""
	if c.OAuth2 != nil {
		source = c.OAuth2.TokenURL
	} else {
		source = c.TokenEndpoint.URL
	}
	if u, err := url.Parse(source); err == nil { // which was checked
		source = u.Scheme + "://" + u.Host + u.EscapedPath()
	}
	i.Tokens = append(i.Tokens, TokenUse{source, cache.State})
}
