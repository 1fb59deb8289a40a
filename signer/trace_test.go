package signer_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// A traced step sets a header, or makes a call first.
type tracedStep struct {
	name  string
	phase signer.Phase
}

func (s tracedStep) Phase() signer.Phase            { return s.phase }
func (tracedStep) Owns() []string                   { return nil }
func (tracedStep) NeedsBody(r *signer.Request) bool { return false }
func (s tracedStep) Apply(ctx context.Context, r *signer.Request) error {
	if s.phase == signer.PhaseChallenge {
		res, err := r.Call(ctx, http.MethodPost, "/challenge", nil)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
	}
	r.Set(s.name, "1")
	return nil
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Trace sees a request before its first step and after each, and a call within
// the step that makes it, in the order in which all of it happens.
func TestTrace(t *testing.T) {
	var seen []string
	upstream, err := signer.ParseUpstream("https://api.partner.example")
	if err != nil {
		t.Fatal(err)
	}
	partner, err := signer.New(signer.Options{
		Upstream: upstream,
		Steps:    []signer.Step{tracedStep{"Sig", signer.PhaseSignature}, tracedStep{"Challenge", signer.PhaseChallenge}, tracedStep{"Token", signer.PhaseCredentials}},
		Trace: func(r *signer.Request, done signer.Step) {
			name := "begin " + r.Header.Get("User-Agent")
			if done != nil {
				name = done.(tracedStep).name + " " + r.Header.Get(done.(tracedStep).name)
			}
			seen = append(seen, r.Path+" "+name)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, "https://api.partner.example/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := partner.Transport(tripper(func(req *http.Request) (*http.Response, error) {
		seen = append(seen, req.URL.Path+" sent")
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: req}, nil
	})).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	want := "/a begin partnersign, /a Token 1, /challenge begin partnersign, /challenge Token 1, /challenge Sig 1, /challenge sent, /a Challenge 1, /a Sig 1, /a sent"
	if got := strings.Join(seen, ", "); got != want {
		t.Errorf("saw %s, want %s", got, want)
	}
}
