package config

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/dfns"
	"github.com/partnersign/partnersign/signer/keys"
)

// DfnsAuth is what Dfns asks for besides a bearer token. All of it is optional.
type DfnsAuth struct {
	// The id of the application, `ap-…`, for organisations that use
	// Applications: text, in which `{env.NAME}` and `{file./absolute/path}`
	// may stand. Default: none is sent.
	AppID string `json:"app_id,omitempty"`

	// The secret of the application: `{env.NAME}` or `{file./absolute/path}`.
	// It brings the nonce. Default: none is sent.
	AppSecret string `json:"app_secret,omitempty"`

	// The RSA key of a server-signed application: an absolute path,
	// `{file./absolute/path}` or `{env.NAME}`, of PEM or a JWK. It brings the
	// nonce and the API signature. Default: requests have neither.
	AppKey string `json:"app_key,omitempty"`

	// Sends a nonce without a secret or key, too.
	Nonce bool `json:"nonce,omitempty"`

	// What authorises writes. Default: they are sent without a user action.
	Credential *DfnsCredential `json:"credential,omitempty"`
}

// DfnsCredential signs the user action of each write.
type DfnsCredential struct {
	// The credential's id, `cr-…`: text, in which `{env.NAME}` and
	// `{file./absolute/path}` may stand. Required.
	ID string `json:"id,omitempty"`

	// Its private key, Ed25519, P-256, secp256k1 or RSA: an absolute path,
	// `{file./absolute/path}` or `{env.NAME}`, of PEM or a JWK. A file that
	// changes is used without a restart. Required.
	Key string `json:"key,omitempty"`

	// Calls that need no user action, besides those that Dfns documents.
	Exclude []Match `json:"exclude,omitempty"`

	// What happens to a client's own X-DFNS-USERACTION: `replace` (default)
	// or `keep`, which passes it on and asks for none.
	ClientToken string `json:"client_token,omitempty"`
}

// Check says what is wrong with d in itself.
func (d *DfnsAuth) Check() error {
	if d.AppID == "" && d.AppSecret == "" && d.AppKey == "" && !d.Nonce && d.Credential == nil {
		return errors.New("it is empty: expected app_id, app_secret, app_key, nonce or credential")
	}
	if err := keys.CheckText(d.AppID); err != nil {
		return fmt.Errorf("app_id: %w", err)
	}
	if d.AppSecret != "" {
		if err := keys.CheckSecret(d.AppSecret); err != nil {
			return fmt.Errorf("app_secret: %w", err)
		}
	}
	if d.AppKey != "" {
		if err := keys.CheckKey(d.AppKey); err != nil {
			return fmt.Errorf("app_key: %w", err)
		}
	}
	if d.Credential != nil {
		if err := d.Credential.Check(); err != nil {
			return fmt.Errorf("credential: %w", err)
		}
	}
	return nil
}

// Check says what is wrong with c in itself.
func (c *DfnsCredential) Check() error {
	if c.ID == "" {
		return errors.New("its id is missing, such as cr-6uunn-bm6ja-f6rmod5kqrk5rbel")
	}
	if err := keys.CheckText(c.ID); err != nil {
		return fmt.Errorf("id: %w", err)
	}
	if c.Key == "" {
		return errors.New("key is missing: the path of the credential's private key")
	}
	if err := keys.CheckKey(c.Key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	for _, m := range c.Exclude {
		if err := m.check(); err != nil {
			return fmt.Errorf("exclude: %w", err)
		}
	}
	if c.ClientToken != "" && c.ClientToken != "keep" && c.ClientToken != "replace" {
		return errors.New("client_token is keep or replace")
	}
	return nil
}

func (b *builder) dfns(d *DfnsAuth, add func(string, signer.Step, error)) {
	app := &dfns.App{Nonce: d.Nonce || d.AppKey != ""}
	if d.AppID != "" {
		app.ID = b.text("dfns: app_id", d.AppID)
	}
	if d.AppSecret != "" {
		app.Secret = b.secret("dfns: app_secret", d.AppSecret)
	}
	add("dfns", app, nil)
	if d.AppKey != "" {
		key, err := b.key("dfns: app_key", d.AppKey, "", keys.KeyOptions{Algorithm: keys.RSAv15SHA256})
		if !b.failed("dfns: app_key", err) {
			step, err := dfns.NewAPISignature(key)
			add("dfns: app_key", step, err)
		}
	}
	if d.Credential != nil {
		step, err := b.credential(d.Credential)
		add("dfns: credential", step, err)
	}
}

func (b *builder) credential(c *DfnsCredential) (*dfns.UserAction, error) {
	id, err := b.loader.Text(c.ID)
	if err != nil {
		return nil, fmt.Errorf("id: %w", err)
	}
	o := dfns.UserActionOptions{KeepClientToken: c.ClientToken == "keep"}
	if o.CredentialID, err = id.Value(b.now()); err != nil {
		return nil, fmt.Errorf("id: %w", err)
	}
	for _, m := range c.Exclude {
		o.Unsigned = append(o.Unsigned, m.match())
	}
	if o.Key, err = b.key("dfns: credential", c.Key, c.ID, keys.KeyOptions{OneOf: dfns.CredentialAlgorithms()}); err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return dfns.NewUserAction(o)
}

// DfnsUpstream is Dfns' API; https://api.uae.dfns.io is another region's.
const DfnsUpstream = "https://api.dfns.io"

// DfnsSettings are the settings of the preset Dfns.
type DfnsSettings struct {
	// Token is of a service account, or a personal access token: `{env.NAME}`
	// or `{file./absolute/path}`. Empty: none is sent.
	Token string
	// DfnsAuth is what else is sent.
	DfnsAuth
}

// Dfns is the preset for https://dfns.co: it signs writes, guards what changes
// credentials, users, permissions, policies and keys, and repeats what Dfns
// does not do twice.
func Dfns(s DfnsSettings) Config {
	c := Config{Name: "dfns", Upstream: DfnsUpstream}
	if s.Token != "" {
		c.Bearer = []Bearer{{Token: s.Token, JWT: true}}
	}
	if s.DfnsAuth != (DfnsAuth{}) {
		c.Dfns = &s.DfnsAuth
	}
	c.Headers = noIdempotencyKey()
	for _, calls := range dfns.GuardedCalls() {
		c.Guarded = append(c.Guarded, matchOf(calls))
	}
	for _, calls := range dfns.ActionCalls() {
		c.Unguarded = append(c.Unguarded, matchOf(calls))
	}
	for _, rule := range dfns.RetryRules() {
		on := matchOf(rule.Calls)
		c.Retries = append(c.Retries, Retry{
			On:      &on,
			BodyHas: rule.BodyField,
			Status:  []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout},
		})
	}
	return c
}

func matchOf(c dfns.Calls) Match {
	m := Match{Paths: c.Paths}
	if c.Methods != "*" {
		m.Methods = strings.Split(c.Methods, ",")
	}
	return m
}
