package token

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// OAuth2Options describe a client of an OAuth 2.0 server. TokenURL, ClientID and
// either ClientSecret or Key are required. They print as [oauth2].
type OAuth2Options struct {
	// TokenURL is the token endpoint: https, or http on loopback.
	TokenURL string
	// ClientID is the id that the server knows the client by.
	ClientID signer.Value
	// ClientSecret is the client's password (RFC 6749 section 2.3.1).
	ClientSecret signer.Value
	// SecretInBody sends id and secret as parameters (client_secret_post)
	// instead of by Basic (client_secret_basic), which every server must take.
	SecretInBody bool
	// Key signs an assertion instead of a secret (private_key_jwt, RFC 7523
	// section 2.2). See AssertionAlgorithms.
	Key *keys.Key
	// KeyID is the server's name for the key, its "kid".
	// Default: that of a JWK, or none.
	KeyID signer.Value
	// AssertionAudience is whom the assertion is for. Some servers want their
	// issuer name. Default: TokenURL.
	AssertionAudience string
	// Scopes are what is asked for. Default: what the server gives.
	Scopes []string
	// Audience is whom the token is for: a parameter that many servers know.
	// Default: not sent.
	Audience signer.Value
	// Params are further parameters, such as "resource" (RFC 8707). One may be
	// there several times.
	Params []Field
	// Life is how long a token is used if neither expires_in nor, in a JWT, exp
	// says. Default: DefaultLife.
	Life time.Duration
	// Client sends the requests. It must not see the context values of others'
	// requests. Redirects are never followed, cookies not kept.
	// Default: one with http.DefaultTransport.
	Client *http.Client
}

// OAuth2 is a Source by client credentials (RFC 6749 section 4.4). It prints as
// its host.
type OAuth2 struct {
	host  string
	grant func(time.Time) (Grant, error) // hides what it knows from reflection
}

type oauth2 struct {
	OAuth2Options
	poster *poster
	layout layout
}

// NewOAuth2 makes a source, or says what is wrong with its options.
func NewOAuth2(o OAuth2Options) (*OAuth2, error) {
	p, err := newPoster(o.TokenURL, o.Client)
	if err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	o.Scopes, o.Params = slices.Clone(o.Scopes), slices.Clone(o.Params)
	o.AssertionAudience = cmp.Or(o.AssertionAudience, p.url)
	o.Life = cmp.Or(o.Life, DefaultLife)
	s := &oauth2{o, p, layout{token: "/access_token", expiresIn: "/expires_in", life: o.Life, typed: true}}
	return &OAuth2{p.host, s.grant}, nil
}

func (o *OAuth2Options) check() error {
	switch {
	case o.ClientID == nil:
		return errors.New("client_id is missing: give the id that the server knows the client by")
	case (o.ClientSecret == nil) == (o.Key == nil):
		return errors.New("a client has a client_secret or a key: give one of them")
	case o.Key == nil && (o.KeyID != nil || o.AssertionAudience != ""):
		return errors.New("a key id and an audience of the assertion are for a key")
	case o.Key != nil && o.SecretInBody:
		return errors.New("only a client_secret goes into the header or the body")
	case o.Life < 0:
		return errors.New("a token's life is positive")
	}
	if o.Key != nil {
		if _, err := assertionAlgorithm(o.Key.Algorithm()); err != nil {
			return err
		}
	}
	for _, scope := range o.Scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return errors.New("a scope holds a space, a quote or another character that it cannot have (RFC 6749 section 3.3): give each scope on its own")
		}
	}
	for _, p := range o.Params {
		if slices.Contains(ownParams, p.Name) {
			return errors.New("the parameter " + p.Name + " is set already: remove it")
		}
	}
	return checkFields(o.Params)
}

// ownParams are set by other options.
var ownParams = []string{"grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"}

// Host implements Source.
func (o *OAuth2) Host() string { return o.host }

// Grant implements Source.
func (o *OAuth2) Grant(now time.Time) (Grant, error) { return o.grant(now) }

func (o *oauth2) grant(now time.Time) (Grant, error) {
	read := reading{now: now}
	form := []pair{{"grant_type", "client_credentials"}}
	if len(o.Scopes) > 0 {
		form = append(form, pair{"scope", strings.Join(o.Scopes, " ")})
	}
	if o.Audience != nil {
		form = append(form, pair{"audience", read.text("audience", o.Audience)})
	}
	form = append(form, read.fields(o.Params)...)
	c := o.client(&read)
	if read.err != nil {
		return Grant{}, read.err
	}
	i := newIdentity("oauth2", o.poster.url, o.Life.String())
	i.addPairs(form)
	c.identify(i)
	return Grant{i.id(), func(ctx context.Context, now time.Time) (Token, error) {
		return o.fetch(ctx, now, c, slices.Clone(form))
	}}, nil
}

func (o *oauth2) fetch(ctx context.Context, now time.Time, c authenticator, form []pair) (Token, error) {
	header := http.Header{"Content-Type": {formType}}
	form, err := c.authenticate(now, header, form)
	if err != nil {
		return Token{}, o.poster.problem("the client's assertion cannot be signed; the proxy's log says why").Because(err)
	}
	return o.poster.fetch(ctx, now, header, encodeForm(form), &o.layout)
}
