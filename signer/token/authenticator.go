package token

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// An authenticator proves to an OAuth 2.0 server which client asks.
type authenticator interface {
	// identify adds what distinguishes it.
	identify(identity)
	// authenticate adds the proof to the header or to the form.
	authenticate(now time.Time, header http.Header, form []pair) ([]pair, error)
}

// client is the authenticator as it is now.
func (o *oauth2) client(read *reading) authenticator {
	id := read.text("client_id", o.ClientID)
	if o.Key == nil {
		return &password{id, read.text("client_secret", o.ClientSecret), o.SecretInBody}
	}
	key := o.Key.Current(read.now)
	keyID := key.JWKKeyID()
	if o.KeyID != nil {
		keyID = read.text("key_id", o.KeyID)
	}
	return &assertion{id, key, keyID, o.AssertionAudience}
}

// A password authenticates with the client's secret (RFC 6749 section 2.3.1).
type password struct {
	id, secret string
	inBody     bool
}

func (p *password) identify(i identity) {
	method := "client_secret_basic"
	if p.inBody {
		method = "client_secret_post"
	}
	i.add(method, p.id, p.secret)
}

func (p *password) authenticate(_ time.Time, header http.Header, form []pair) ([]pair, error) {
	if p.inBody {
		return append(form, pair{"client_id", p.id}, pair{"client_secret", p.secret}), nil
	}
	// Encoded as in a form first, so that a colon in the id is none.
	credentials := url.QueryEscape(p.id) + ":" + url.QueryEscape(p.secret)
	header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	return form, nil
}

// An assertion authenticates with a JWT that the client's key signs (RFC 7523).
type assertion struct {
	id       string
	key      *keys.Key
	keyID    string
	audience string
}

func (a *assertion) identify(i identity) {
	thumbprint, _ := a.key.Thumbprint() // only shared secrets have none
	i.add("private_key_jwt", a.id, thumbprint, string(a.key.Algorithm()), a.keyID, a.audience)
}

func (a *assertion) authenticate(now time.Time, _ http.Header, form []pair) ([]pair, error) {
	jwt, err := a.sign(now)
	return append(form,
		// RFC 7521 section 4.2 allows the id, and some servers want it.
		pair{"client_id", a.id},
		pair{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		pair{"client_assertion", jwt},
	), err
}
