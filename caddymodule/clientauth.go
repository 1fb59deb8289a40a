package caddymodule

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/http/httpguts"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// ClientAuth is what callers must present.
type ClientAuth struct {
	// The secret: `{env.NAME}` or `{file./absolute/path}`.
	Secret string `json:"secret,omitempty"`

	// The header that brings it. Default: Proxy-Authorization, as a Bearer
	// token or as the password of Basic credentials.
	Header string `json:"header,omitempty"`
}

func (a *ClientAuth) header() string {
	if a.Header == "" {
		return "Proxy-Authorization"
	}
	return textproto.CanonicalMIMEHeaderKey(a.Header)
}

// check says what is wrong with a in itself.
func (a *ClientAuth) check() error {
	if a == nil {
		return nil
	}
	if err := keys.CheckSecret(a.Secret); err != nil {
		return err
	}
	if !httpguts.ValidHeaderFieldName(a.header()) {
		return errors.New("expected the name of a header, such as X-Proxy-Secret")
	}
	return nil
}

// openSecret opens the secret that callers must present.
func (g *Guard) openSecret(app *App) (err error) {
	if g.ClientAuth == nil {
		return nil
	}
	loader := keys.Loader{Reloaded: func(source string, err error) { g.report.reloaded(g.Partner, source, err) }}
	if g.secret, err = loader.Secret(g.ClientAuth.Secret); err != nil {
		return err
	}
	app.readiness.askSecret(g.Partner, "client_auth", g.secret)
	if name := g.ClientAuth.header(); name != "Proxy-Authorization" && name != "Authorization" {
		g.report.log.Warn("access logs show the header of client_auth unless a log filter removes it; Caddy hides Proxy-Authorization and Authorization by itself",
			zap.String("partner", g.Partner), zap.String("header", name))
	}
	return nil
}

// admitClient compares in constant time, whatever the lengths. Clients of a
// proxy present what they have with CONNECT, and not again in the tunnel.
func (g *Guard) admitClient(r *http.Request) *signer.Problem {
	if g.ClientAuth == nil {
		return nil
	}
	want, err := g.secret.Value(time.Now())
	if err != nil {
		return signer.CredentialUnavailable.Problem("what callers must present is not available; the proxy's log says why").Because(err)
	}
	name := g.ClientAuth.header()
	values := r.Header[name]
	if t := tunnelOf(r.Context()); t != nil && len(values) == 0 && name == "Proxy-Authorization" {
		values = t.outer.Header[name]
	}
	if len(values) != 1 {
		values = []string{""}
	}
	got := sha256.Sum256([]byte(presented(name, values[0])))
	wanted := sha256.Sum256([]byte(want))
	if subtle.ConstantTimeCompare(got[:], wanted[:]) == 1 {
		return nil
	}
	return signer.ClientUnauthenticated.Problem("callers present the proxy's client_auth secret in %s", name)
}

// presented is the secret in a value of a header: of the two Authorization
// headers the token or the password, of others the value.
func presented(name, value string) string {
	if name != "Proxy-Authorization" && name != "Authorization" {
		return value
	}
	r := http.Request{Header: http.Header{"Authorization": {value}}}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimLeft(token, " ")
	}
	return ""
}
