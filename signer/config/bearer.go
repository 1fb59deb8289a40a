package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// Bearer is a bearer token (RFC 6750) from one of three sources.
type Bearer struct {
	// The token itself: `{env.NAME}` or `{file./absolute/path}`. Files that
	// change are used without a restart.
	Token string `json:"token,omitempty"`

	// The token is a JWT (RFC 7519): its expiry is told ahead of time, and a
	// request that would carry an expired token is refused with status 503.
	JWT bool `json:"jwt,omitempty"`

	// Gets the token by OAuth 2.0.
	OAuth2 *OAuth2 `json:"oauth2,omitempty"`

	// Gets the token from a partner's own endpoint.
	TokenEndpoint *TokenEndpoint `json:"token_endpoint,omitempty"`

	// The requests that it is for. Default: all.
	On *Match `json:"on,omitempty"`
}

// OAuth2 gets tokens by client credentials (RFC 6749 section 4.4).
type OAuth2 struct {
	// The token endpoint: `https://`, or `http://` on loopback. Required.
	TokenURL string `json:"token_url,omitempty"`

	// The client: text, in which `{env.NAME}` and `{file./absolute/path}` may
	// stand. Required.
	ClientID string `json:"client_id,omitempty"`

	// Its secret: `{env.NAME}` or `{file./absolute/path}`. This or a key is
	// required.
	ClientSecret string `json:"client_secret,omitempty"`

	// Its key for private_key_jwt (RFC 7523): an absolute path,
	// `{file./absolute/path}` or `{env.NAME}`, of PEM or a JWK.
	Key string `json:"key,omitempty"`

	// The server's name for the key: text. Default: the `kid` of a JWK.
	KeyID string `json:"key_id,omitempty"`

	// The JWS algorithm of the key. Default: what the key is for; RSA: `RS256`.
	Algorithm string `json:"algorithm,omitempty"`

	// Where id and secret go: `header` (default) or `body`.
	AuthStyle string `json:"auth_style,omitempty"`

	// What is asked for. Default: what the server gives.
	Scopes []string `json:"scopes,omitempty"`

	// Whom the token is for: text. Default: not sent.
	Audience string `json:"audience,omitempty"`

	// Further parameters of the request.
	Params []Param `json:"params,omitempty"`
}

// TokenEndpoint is a partner's own way to give tokens: a POST answered by JSON.
type TokenEndpoint struct {
	// The endpoint: `https://`, or `http://` on loopback. Required.
	URL string `json:"url,omitempty"`

	// The fields of a JSON body, in order.
	JSON []Param `json:"json,omitempty"`

	// The fields of a form, instead of JSON.
	Form []Param `json:"form,omitempty"`

	// Headers of the request.
	Headers []Param `json:"headers,omitempty"`

	// A JSON pointer to the token in the answer. Default: `/access_token`.
	Token string `json:"token,omitempty"`

	// A JSON pointer to when it expires: seconds or milliseconds since 1970,
	// or a date (RFC 3339). Default: what `expires_in` says.
	ExpiresAt string `json:"expires_at,omitempty"`

	// A JSON pointer to how many seconds it lives. Default: what the token
	// says, if it is a JWT.
	ExpiresIn string `json:"expires_in,omitempty"`
}

// Param is a named value.
type Param struct {
	// The name.
	Name string `json:"name,omitempty"`

	// Text, in which `{env.NAME}` and `{file./absolute/path}` may stand.
	Value string `json:"value,omitempty"`
}

// Check says what is wrong with b in itself.
func (b *Bearer) Check() error {
	if err := b.On.checkOptional(); err != nil {
		return err
	}
	switch {
	case b.OAuth2 != nil && b.TokenEndpoint == nil && b.Token == "" && !b.JWT:
		return b.OAuth2.check()
	case b.TokenEndpoint != nil && b.OAuth2 == nil && b.Token == "" && !b.JWT:
		return b.TokenEndpoint.check()
	case b.OAuth2 != nil || b.TokenEndpoint != nil:
		return errors.New("a token comes from one source: give a token, oauth2 or token_endpoint")
	}
	return keys.CheckSecret(b.Token)
}

func (o *OAuth2) check() error {
	if err := checkTokenURL(o.TokenURL); err != nil {
		return err
	}
	if o.ClientID == "" {
		return errors.New("client_id is missing: give the id that the server knows the client by")
	}
	if err := keys.CheckText(o.ClientID); err != nil {
		return fmt.Errorf("client_id: %w", err)
	}
	switch {
	case o.ClientSecret == "" && o.Key == "":
		return errors.New("client_secret is missing: give it, or a key for private_key_jwt")
	case o.ClientSecret != "" && o.Key != "":
		return errors.New("client_secret and key are there: remove one of them")
	case o.ClientSecret != "" && (o.KeyID != "" || o.Algorithm != ""):
		return errors.New("key_id and algorithm are for a key: remove them")
	case o.Key != "" && o.AuthStyle != "":
		return errors.New("auth_style is for a secret: remove it")
	case o.AuthStyle != "" && o.AuthStyle != "header" && o.AuthStyle != "body":
		return errors.New("auth_style is header or body")
	}
	if o.ClientSecret != "" {
		if err := keys.CheckSecret(o.ClientSecret); err != nil {
			return fmt.Errorf("client_secret: %w", err)
		}
	} else if err := keys.CheckKey(o.Key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if _, err := token.AssertionAlgorithms(o.Algorithm); err != nil {
		return err
	}
	for name, text := range map[string]string{"key_id": o.KeyID, "audience": o.Audience} {
		if err := keys.CheckText(text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return checkParams("param", o.Params)
}

func (e *TokenEndpoint) check() error {
	if err := checkTokenURL(e.URL); err != nil {
		return err
	}
	if len(e.JSON) > 0 && len(e.Form) > 0 {
		return errors.New("the body is json or form: remove one of them")
	}
	for name, params := range map[string][]Param{"json": e.JSON, "form": e.Form, "header": e.Headers} {
		if err := checkParams(name, params); err != nil {
			return err
		}
	}
	for _, h := range e.Headers {
		if !httpguts.ValidHeaderFieldName(h.Name) {
			return errHeaderName
		}
	}
	if e.ExpiresAt != "" && e.ExpiresIn != "" {
		return errors.New("expires_at and expires_in are there: remove one of them")
	}
	for name, pointer := range map[string]string{"token": e.Token, "expires_at": e.ExpiresAt, "expires_in": e.ExpiresIn} {
		if pointer != "" && !strings.HasPrefix(pointer, "/") {
			return fmt.Errorf("%s: expected a JSON pointer, such as /token", name)
		}
	}
	return nil
}

// checkTokenURL does not repeat the URL: it may hold a secret.
func checkTokenURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !signer.IsLoopback(u.Hostname())) {
		return errors.New("expected the URL of the token endpoint, such as https://auth.partner.example/oauth/token")
	}
	return nil
}

func checkParams(what string, params []Param) error {
	for _, p := range params {
		if p.Name == "" {
			return fmt.Errorf("%s: expected a name and a value", what)
		}
		if err := keys.CheckText(p.Value); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if strings.Contains(p.Value, "{time.") {
			return fmt.Errorf("%s: remove the time: each would ask for a token of its own", what)
		}
	}
	return nil
}
