package config

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// TokenWatch is told what becomes of bearer tokens. It holds nothing secret.
type TokenWatch struct {
	// Context is what goes on of a request's context to the call for a token that
	// it waits for, such as a trace. What else the context carries would send that
	// call to the partner. Default: nothing.
	Context func(context.Context) context.Context
	// Source is told of tokens that are got from somewhere.
	Source func(token.Event)
	// Expiry is told when a fixed token expires that is a JWT; the zero time:
	// it does not say.
	Expiry func(time.Time)
	// Expires is told how much time such a token has left when it is near its
	// end, at most once an hour, while it is used.
	Expires func(left time.Duration)
}

func (b *builder) bearer(c *Bearer) (token.Bearer, error) {
	t := token.Bearer{On: c.On.match()}
	var source token.Source
	var err error
	switch {
	case c.OAuth2 != nil && b.TokenOf != nil:
		t.Token = keys.FixedSecret(b.TokenOf(c.OAuth2.TokenURL))
	case c.TokenEndpoint != nil && b.TokenOf != nil:
		t.Token = keys.FixedSecret(b.TokenOf(c.TokenEndpoint.URL))
	case c.OAuth2 != nil:
		source, err = b.oauth2(c.OAuth2)
	case c.TokenEndpoint != nil:
		source, err = b.endpoint(c.TokenEndpoint)
	default:
		var secret *keys.Secret
		if secret, err = b.loader.Secret(c.Token); err != nil {
			return t, err
		}
		if t.Token = secret; c.JWT {
			jwt := token.NewJWT(token.JWTOptions{Token: secret, Read: b.TokenWatch.Expiry, Expires: b.TokenWatch.Expires})
			_, _ = jwt.Value(b.now()) // an expiry that is near is told now, and not with the first request
			t.Token = jwt
		}
		b.Inventory.addFixed(c.Token, secret)
	}
	if source != nil && err == nil {
		t.Cache = token.NewCache(source, token.CacheOptions{Observe: b.TokenWatch.Source, Context: b.TokenWatch.Context, Now: b.Now})
		b.Inventory.addCache(c, t.Cache)
	}
	return t, err
}

func (b *builder) oauth2(c *OAuth2) (token.Source, error) {
	o := token.OAuth2Options{TokenURL: c.TokenURL, SecretInBody: c.AuthStyle == "body", Scopes: c.Scopes, Client: b.TokenClient}
	var errs [6]error
	o.ClientID, errs[0] = b.optional("client_id", c.ClientID)
	o.Audience, errs[1] = b.optional("audience", c.Audience)
	o.KeyID, errs[2] = b.optional("key_id", c.KeyID)
	if c.ClientSecret != "" {
		secret, err := b.loader.Secret(c.ClientSecret)
		o.ClientSecret, errs[3] = secret, what("client_secret", err)
	}
	if c.Key != "" {
		algorithms, err := token.AssertionAlgorithms(c.Algorithm)
		keyOptions := keys.KeyOptions{OneOf: algorithms}
		if err == nil && o.KeyID != nil {
			keyOptions.KeyID, err = o.KeyID.Value(b.now())
		}
		if err == nil {
			o.Key, err = b.key("bearer", c.Key, c.KeyID, keyOptions)
		}
		errs[4] = what("key", err)
	}
	o.Params, errs[5] = b.fields(c.Params)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return token.NewOAuth2(o)
}

func (b *builder) endpoint(c *TokenEndpoint) (token.Source, error) {
	o := token.EndpointOptions{URL: c.URL, Token: c.Token, ExpiresAt: c.ExpiresAt, ExpiresIn: c.ExpiresIn, Client: b.TokenClient}
	var errs [3]error
	o.JSON, errs[0] = b.fields(c.JSON)
	o.Form, errs[1] = b.fields(c.Form)
	o.Headers, errs[2] = b.fields(c.Headers)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return token.NewEndpoint(o)
}

func (b *builder) fields(params []Param) ([]token.Field, error) {
	var fields []token.Field
	var errs []error
	for _, p := range params {
		text, err := b.loader.Text(p.Value)
		fields, errs = append(fields, token.Field{Name: p.Name, Value: text}), append(errs, what(p.Name, err))
	}
	return fields, errors.Join(errs...)
}

// optional is the value of a text, nil if there is none.
func (b *builder) optional(name, text string) (signer.Value, error) {
	if text == "" {
		return nil, nil
	}
	value, err := b.loader.Text(text)
	return value, what(name, err)
}

func what(name string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}
