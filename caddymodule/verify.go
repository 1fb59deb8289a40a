package caddymodule

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/config"
	"github.com/partnersign/partnersign/signer/dfns"
	"github.com/partnersign/partnersign/signer/keys"
)

func init() { caddy.RegisterModule(new(Verifier)) }

// Verifier stands in front of an application and lets webhooks pass that the
// partner has signed, that are fresh, and that have not passed before. A webhook
// that the application does not answer, or answers with a status of 500 or more,
// may come again.
//
// The application should still do each event once: what Dfns did not see
// answered with 200 in time it sends again as a new webhook, with an id of its
// own.
type Verifier struct {
	// Whose webhooks they are: `dfns`.
	Partner string `json:"partner,omitempty"`

	// The secrets that webhooks may be signed with: `{env.NAME}` or
	// `{file./absolute/path}`. Any of them may match, so that a new one can
	// take the place of an old one.
	Secrets []string `json:"secrets,omitempty"`

	// How far the time at which a webhook was sent may be from this machine's
	// clock, before or after; at most an hour. Default: 300s.
	Tolerance config.Duration `json:"tolerance,omitempty"`

	// How many bytes a webhook may have. Default: 1048576 (1 MiB).
	MaxBody int64 `json:"max_body,omitempty"`

	report  *reporter
	secrets []*keys.Secret
}

const (
	defaultWebhookSize  = 1 << 20
	maxWebhookTolerance = time.Hour
)

// The answers to what is not let through. Dfns takes every status but 200 for a
// failed delivery and tries four more times within a day, each time with a new
// event id, time and signature. So no status here keeps it from trying again,
// and none needs to: a secret that is being replaced, a clock that is wrong and
// a memory that is full are mended by then.
//
// What nobody can prove is 403 and not 401, which would have to come with a
// challenge that the sender can meet (RFC 9110 section 15.5.2). A replay is 409
// and not 200, although it was delivered before: a 200 would be final, and the
// first one may have been answered with 404 by an application that was starting.
var (
	WebhookMethod     = signer.Kind{Name: "webhook-method", Status: 405, Title: "Webhooks are posted", ProxyError: "http_request_denied"}
	WebhookUnverified = signer.Kind{Name: "webhook-unverified", Status: 403, Title: "The webhook is not verified", ProxyError: "http_request_denied"}
	WebhookStale      = signer.Kind{Name: "webhook-stale", Status: 403, Title: "The webhook is not fresh", ProxyError: "http_request_denied"}
	WebhookReplayed   = signer.Kind{Name: "webhook-replayed", Status: 409, Title: "The webhook was here before", ProxyError: "http_request_denied"}
	WebhooksExceeded  = signer.Kind{Name: "webhooks-exceeded", Status: 503, Title: "Too many webhooks are remembered", ProxyError: "proxy_internal_error"}
)

// webhooks remembers what has passed. It lives as long as the process: a
// webhook must not pass a second time because the configuration was reloaded.
var webhooks = dfns.NewWebhookMemory(0)

var webhooksTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "partnersign_webhooks_total",
	Help: "Webhooks that came in, by partner and outcome.",
}, []string{"partner", "outcome"})

// The outcomes of a webhook.
const (
	webhookDelivered   = "delivered"   // the application has answered with less than 500
	webhookFailed      = "failed"      // the application has answered with 500 or more, or not at all
	webhookUnverified  = "unverified"  // nothing proves who sent it, or when
	webhookStale       = "stale"       // it is too old, or from the future
	webhookReplayed    = "replayed"    // it has passed before, or is passing
	webhookRefused     = "refused"     // no POST, too large, or malformed
	webhookUnavailable = "unavailable" // a secret or memory is missing
	webhookAbandoned   = "abandoned"   // the sender left before its body was read
)

// CaddyModule returns the Caddy module information.
func (*Verifier) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.partnersign_verify", New: func() caddy.Module { return new(Verifier) }}
}

// Provision opens the secrets.
func (v *Verifier) Provision(ctx caddy.Context) error {
	if err := cmp.Or(v.check(), v.checkSecrets()); err != nil {
		return err
	}
	app, err := ctx.App("partnersign")
	if err != nil {
		return err
	}
	v.report = newReporter(ctx)
	if err := ctx.GetMetricsRegistry().Register(webhooksTotal); err != nil && !errors.As(err, new(prometheus.AlreadyRegisteredError)) {
		ctx.Logger().Error("a metric is missing", zap.Error(err))
	}
	loader := keys.Loader{Reloaded: func(source string, err error) { v.report.reloaded(v.Partner, source, err) }}
	var missing []error
	for _, ref := range v.Secrets {
		secret, err := loader.Secret(ref)
		if err != nil {
			missing = append(missing, fmt.Errorf("secret: %w", err))
			continue
		}
		v.secrets = append(v.secrets, secret)
		app.(*App).readiness.askSecret(v.Partner, "secret", secret)
	}
	return together(ctx, v.Partner, errors.Join(missing...))
}

// check says what is wrong with v, which may be unfinished.
func (v *Verifier) check() error {
	if v.Partner != "dfns" {
		return errors.New("expected the partner whose webhooks to verify: dfns")
	}
	for _, ref := range v.Secrets {
		if err := keys.CheckSecret(ref); err != nil {
			return fmt.Errorf("secret: %w", err)
		}
	}
	if v.Tolerance < 0 || time.Duration(v.Tolerance) > maxWebhookTolerance {
		return errors.New("tolerance: expected a duration such as 300s, and at most 1h")
	}
	if v.MaxBody < 0 {
		return errors.New("max_body: expected a size such as 1MiB")
	}
	return nil
}

func (v *Verifier) checkSecrets() error {
	if len(v.Secrets) == 0 {
		return errors.New("secret is missing: give the webhook's as {env.NAME} or {file./absolute/path}")
	}
	return nil
}

// ServeHTTP hands a webhook to the application, as it came, or answers with a
// problem.
func (v *Verifier) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	in, err := v.receive(w, r)
	if err != nil {
		return v.refuse(w, r, err)
	}
	defer in.close()
	body := in.body.Bytes()
	release, err := v.accept(r.Header, body, time.Now())
	if err != nil {
		return v.refuse(w, r, err)
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	return v.deliver(w, r, next, release)
}

// accept claims a webhook that is signed, fresh and new.
func (v *Verifier) accept(header http.Header, body []byte, now time.Time) (release func(), err error) {
	var secrets []string
	var missing error
	for _, s := range v.secrets {
		secret, err := s.Value(now)
		if err != nil {
			missing = err
			continue
		}
		secrets = append(secrets, secret)
	}
	tolerance := cmp.Or(time.Duration(v.Tolerance), dfns.DefaultWebhookTolerance)
	mac, err := dfns.VerifyWebhook(secrets, header, body, now, tolerance)
	if err == nil {
		release, err = webhooks.Claim(mac, now, 2*tolerance)
	}
	switch {
	case err == nil:
		return release, nil
	case errors.Is(err, dfns.ErrWebhookReplayed):
		return nil, WebhookReplayed.Problem("the same webhook has passed, or is passing; what Dfns sends again has another signature")
	case errors.Is(err, dfns.ErrWebhookMemoryFull):
		problem := WebhooksExceeded.Problem("more webhooks are fresh than can be remembered; try again")
		problem.RetryAfter = time.Minute
		return nil, problem
	case errors.Is(err, dfns.ErrWebhookStale):
		return nil, WebhookStale.Problem("%v", err)
	case missing != nil: // it may be the one that signs
		return nil, signer.CredentialUnavailable.Problem("a secret that webhooks are signed with is not available; the proxy's log says why").Because(missing)
	}
	return nil, WebhookUnverified.Problem("%v", err)
}

// deliver hands the webhook on. One that the application did not take may come
// again, also when a handler panics.
func (v *Verifier) deliver(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler, release func()) error {
	rec := caddyhttp.NewResponseRecorder(w, nil, nil)
	err := errPanicked
	defer func() {
		outcome := webhookDelivered
		if !taken(rec.Status(), err) {
			outcome = webhookFailed
			release()
		}
		webhooksTotal.WithLabelValues(v.Partner, outcome).Inc()
	}()
	err = next.ServeHTTP(rec, r)
	return err
}

// taken reports whether the application took a webhook. An error is what Caddy
// will answer with, unless an answer has begun. 499 is its word for a sender
// that has left: then nobody knows what the application did.
func taken(status int, err error) bool {
	var answer caddyhttp.HandlerError
	switch {
	case status >= http.StatusOK:
	case err == nil:
		status = http.StatusOK // as net/http answers for a handler that does not
	case errors.As(err, &answer):
		status = answer.StatusCode
	}
	return status >= http.StatusOK && status < 500 && status != clientLeft
}

const clientLeft = 499

var errPanicked = errors.New("a handler has panicked")

var (
	_ caddy.Provisioner           = (*Verifier)(nil)
	_ caddyhttp.MiddlewareHandler = (*Verifier)(nil)
	_ caddyfile.Unmarshaler       = (*Verifier)(nil)
)
