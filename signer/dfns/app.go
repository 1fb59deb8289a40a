package dfns

import (
	"context"
	"errors"

	"github.com/partnersign/partnersign/signer"
)

// App is the step that names the application that calls, for organisations
// that use Applications: X-DFNS-APPID, X-DFNS-APPSECRET and X-DFNS-NONCE.
// APISignature goes with it for those that are server-signed.
type App struct {
	// ID is the application's id, ap-…. Nil: none is sent.
	ID signer.Value
	// Secret is the application's secret. Nil: none is sent. It brings the nonce.
	Secret signer.Value
	// Nonce sends a nonce without a secret, too.
	Nonce bool
}

// Phase implements signer.Step. The nonce has the time of the request, so it
// comes after the challenge.
func (*App) Phase() signer.Phase { return signer.PhaseDigest }

// Owns implements signer.Step: what belongs to one application is not mixed
// with what a client sends of another.
func (*App) Owns() []string { return []string{headerAppID, headerAppSecret, headerNonce} }

// NeedsBody implements signer.Step.
func (*App) NeedsBody(*signer.Request) bool { return false }

// Apply implements signer.Step. An id or a secret that cannot be had is
// signer.CredentialUnavailable.
func (a *App) Apply(_ context.Context, r *signer.Request) error {
	if err := set(r, headerAppID, a.ID, "id"); err != nil {
		return err
	}
	if err := set(r, headerAppSecret, a.Secret, "secret"); err != nil {
		return err
	}
	if a.Secret == nil && !a.Nonce {
		return nil
	}
	nonce, err := newNonce(r.Rand, r.Now)
	if err != nil {
		return err
	}
	r.Set(headerNonce, nonce)
	return nil
}

func set(r *signer.Request, header string, value signer.Value, what string) error {
	if value == nil {
		return nil
	}
	text, err := value.Value(r.Now)
	if err == nil && !isPrintable(text) {
		err = errors.New("it is empty or not of printable ASCII: correct it")
	}
	if err != nil {
		return signer.CredentialUnavailable.Problem("the %s of the Dfns application is not available; the proxy's log says why", what).Because(err)
	}
	r.Set(header, text)
	return nil
}
