package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/dfns"
)

// webhookReadTimeout is how long a sender may take to send a webhook's body.
const webhookReadTimeout = 10 * time.Second

// receive reads the body of what may be a webhook. Whoever could not have
// signed it is refused before.
func (v *Verifier) receive(w http.ResponseWriter, r *http.Request) (*inbox, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, WebhookMethod.Problem("this address takes webhooks, which come as POST")
	}
	if _, err := dfns.ParseWebhookMAC(r.Header); err != nil {
		return nil, WebhookUnverified.Problem("%v", err)
	}
	if r.ContentLength > v.maxBody() {
		return nil, v.tooLarge()
	}
	in := new(inbox)
	err := in.read(w, r, v.maxBody())
	if err == nil {
		return in, nil
	}
	in.close()
	var problem *signer.Problem
	if errors.As(err, &problem) && problem.Name == signer.BodyTooLarge.Name {
		err = v.tooLarge()
	}
	return nil, err
}

func (v *Verifier) maxBody() int64 {
	if v.MaxBody > 0 {
		return v.MaxBody
	}
	return defaultWebhookSize
}

func (v *Verifier) tooLarge() error {
	return signer.BodyTooLarge.Problem("the webhook must be held to be verified, and max_body is %d bytes", v.maxBody())
}

// refuse answers with a problem, or with nothing when the sender has left.
func (v *Verifier) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	var problem *signer.Problem
	if !errors.As(err, &problem) {
		webhooksTotal.WithLabelValues(v.Partner, webhookAbandoned).Inc()
		return caddyhttp.Error(clientLeft, err)
	}
	outcome := webhookRefused
	switch problem.Name {
	case WebhookUnverified.Name:
		outcome = webhookUnverified
	case WebhookStale.Name:
		outcome = webhookStale
	case WebhookReplayed.Name:
		outcome = webhookReplayed
	case WebhooksExceeded.Name, signer.CredentialUnavailable.Name, signer.MemoryExhausted.Name:
		outcome = webhookUnavailable
	}
	webhooksTotal.WithLabelValues(v.Partner, outcome).Inc()
	v.report.problem(&signer.Record{Partner: v.Partner, Method: r.Method, Path: r.URL.EscapedPath(), Problem: problem})
	problem.Write(w, v.Partner)
	return nil
}

// An inbox holds the body of one webhook. It reads it as the body of a request
// to a partner is read, within the same memory: as an exchange with a partner
// of its own, to whom nothing is sent.
type inbox struct {
	body     *signer.Body
	exchange *signer.Exchange
	problem  *signer.Problem // why the body could not be read
}

// nowhere is where an inbox's partner is.
var nowhere, _ = signer.ParseUpstream("http://localhost")

// read reads the body of r, at most limit bytes. The error is a problem, or the
// sender has left.
func (in *inbox) read(w http.ResponseWriter, r *http.Request, limit int64) error {
	partner, err := signer.New(signer.Options{
		Upstream: nowhere,
		MaxBody:  limit,
		Memory:   bodyMemory,
		Timeout:  webhookReadTimeout,
		Steps:    []signer.Step{in},
		Observe:  func(rec *signer.Record) { in.problem = rec.Problem },
	})
	if err != nil {
		return err
	}
	in.exchange = partner.Begin()
	in.exchange.SetReadDeadline(http.NewResponseController(w).SetReadDeadline)
	req := (&http.Request{
		Method: http.MethodPost,
		URL:    &url.URL{Path: "/"},
		Header: http.Header{},
		Body:   r.Body,
		// Anybody may announce a long body: memory is taken as it arrives.
		ContentLength: -1,
		Trailer:       r.Trailer,
	}).WithContext(r.Context())
	if _, err := in.exchange.RoundTrip(req, in); err != nil {
		return err
	}
	if in.problem != nil {
		return in.problem
	}
	return nil
}

// close gives back the memory of the body.
func (in *inbox) close() {
	if in.exchange != nil {
		in.exchange.Close()
	}
}

// Phase implements signer.Step.
func (*inbox) Phase() signer.Phase { return signer.PhaseDigest }

// Owns implements signer.Step.
func (*inbox) Owns() []string { return nil }

// NeedsBody implements signer.Step.
func (*inbox) NeedsBody(*signer.Request) bool { return true }

// Apply takes the body. It is the application's in the end, whose transport may
// still send it when there is an answer.
func (in *inbox) Apply(_ context.Context, r *signer.Request) error {
	in.body = r.Body
	in.body.Keep()
	return nil
}

// RoundTrip sends nothing.
func (*inbox) RoundTrip(req *http.Request) (*http.Response, error) {
	_ = req.Body.Close()
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
}

var (
	_ signer.Step       = (*inbox)(nil)
	_ http.RoundTripper = (*inbox)(nil)
)
