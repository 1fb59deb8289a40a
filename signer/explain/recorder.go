package explain

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/config"
)

// Options may all be left out.
type Options struct {
	// Mask knows the secrets. Default: one of its own.
	Mask *Mask
	// StandIns opens no secret and no key; see keys.Loader.
	StandIns bool
}

// DefaultNonce are the random bytes of every nonce and idempotency key, in
// base64, unless others are given.
const DefaultNonce = "AAECAwQFBgcICQoLDA0ODw=="

// A Recorder is the transport of partners that are explained. It explains one
// request after the other.
type Recorder struct {
	mask     *Mask
	standIns bool
	now      time.Time
	nonce    []byte
	at       int // of the nonce, for the step that runs

	explained *Explanation
	making    []*making // the client's request and, inside of a step, a call
}

// making is a request that is being made.
type making struct {
	request *signer.Request
	header  http.Header // after the last step
	body    []byte
	steps   []Step
	calls   []Sent // since the last step
}

// NewRecorder makes one.
func NewRecorder(o Options) *Recorder {
	if o.Mask == nil {
		o.Mask = new(Mask)
	}
	return &Recorder{mask: o.Mask, standIns: o.StandIns, now: time.Now()}
}

// Begin starts the explanation of a request. What its client has sent to prove
// who it is has been replaced, see [Anonymous]. The error is about its input.
func (r *Recorder) Begin(in Input) (err error) {
	r.explained, r.making = &Explanation{Input: in, Steps: []Step{}}, nil
	if r.now, err = time.Parse(time.RFC3339, in.Now); err != nil {
		return err
	}
	r.nonce, err = base64.StdEncoding.DecodeString(in.Nonce)
	if err == nil && len(r.nonce) == 0 {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Runtime is what a partner is built with, to be explained.
func (r *Recorder) Runtime(rt config.Runtime) config.Runtime {
	rt.Loader.Resolved, rt.Loader.StandIns = r.mask.Add, r.standIns
	observe := rt.Observe
	rt.Observe = func(record *signer.Record) {
		r.observe(record)
		if observe != nil {
			observe(record)
		}
	}
	rt.TokenOf = func(url string) string { return r.mask.placeholder("<token of " + url + ">") }
	rt.Tokens = capturedTokens{r.mask}
	rt.Trace, rt.Rand = r.trace, (*randomness)(r)
	rt.Now = func() time.Time { return r.now }
	return rt
}

// observe takes down why a request was refused.
func (r *Recorder) observe(record *signer.Record) {
	if p := record.Problem; p != nil && r.explained != nil {
		r.explained.Partner = record.Partner
		r.explained.Refused = &Refusal{Status: p.Status, Type: p.Name, Detail: p.Detail}
		if p.Cause != nil {
			r.explained.Refused.Cause = r.mask.Text(p.Cause.Error())
		}
	}
}

// Explanation is that of the request that was last begun.
func (r *Recorder) Explanation() *Explanation {
	if len(r.making) > 0 {
		r.explained.Steps = append(r.explained.Steps, r.making[0].steps...)
		r.making = nil
	}
	return r.explained
}

// randomness is the nonce over and over, from its begin for each step.
type randomness Recorder

func (r *randomness) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.nonce[r.at%len(r.nonce)]
		r.at++
	}
	return len(p), nil
}

// trace is told of the partner's steps.
func (r *Recorder) trace(request *signer.Request, done signer.Step) {
	r.at = 0
	if done == nil {
		r.begin(request)
		return
	}
	for len(r.making) > 1 && r.making[len(r.making)-1].request != request {
		r.making = r.making[:len(r.making)-1] // a call, which is over
	}
	m := r.making[len(r.making)-1]
	if body := request.Body.Bytes; request.Body != nil {
		r.mask.addBody(body())
	}
	m.steps = append(m.steps, r.step(m, done))
}

func (r *Recorder) begin(request *signer.Request) {
	m := &making{request: request, header: request.Header.Clone()}
	if request.Body != nil {
		m.body = request.Body.Bytes()
	}
	if len(r.making) == 0 {
		r.explained.Partner = request.Record.Partner
		r.explained.Upstream = request.Scheme + "://" + request.Authority
		r.explained.Steps = append(r.explained.Steps, r.received(request))
	}
	r.making = append(r.making, m)
}

// RoundTrip takes down what would be sent, and answers with nothing, or with
// what a step needs to go on.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, err := r.sent(req)
	if err != nil {
		return nil, err
	}
	res := &http.Response{
		StatusCode: http.StatusNoContent, Status: "204 No Content", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: req,
	}
	switch n := len(r.making); {
	case n == 0: // nobody has asked for it
	case n == 1:
		r.explained.Sent = sent
	default:
		r.making = r.making[:n-1]
		outer := r.making[n-2]
		outer.calls = append(outer.calls, *sent)
		res.StatusCode, res.Status = http.StatusOK, "200 OK"
		res.Body = io.NopCloser(strings.NewReader(r.answer(req.URL.Path)))
	}
	return res, nil
}

// answer is what Dfns would answer to the calls that a write needs first.
func (r *Recorder) answer(path string) string {
	if path == "/auth/action/init" {
		return `{"challenge":"` + r.mask.placeholder("<challenge>") + `","challengeIdentifier":"` + r.mask.placeholder("<challenge-identifier>") + `"}`
	}
	return `{"userAction":"` + r.mask.placeholder("<user-action>") + `"}`
}
