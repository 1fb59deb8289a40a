package signer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// asking is a challenge: it asks the partner and sends what it has got.
func asking(ask func(context.Context, *signer.Request) (*http.Response, error)) *step {
	return &step{phase: signer.PhaseChallenge, owns: []string{"Answer"}, apply: func(ctx context.Context, r *signer.Request) error {
		res, err := ask(ctx, r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		r.Set("Answer", string(must(io.ReadAll(res.Body))))
		return nil
	}}
}

// A call has what the partner asks of every request, and nothing of the client's.
func TestCall(t *testing.T) {
	w := &wire{answer: func(out *http.Request) (*http.Response, error) {
		if httptrace.ContextClientTrace(out.Context()) != nil && out.URL.Path == "/challenge" {
			t.Error("the call is watched like the client's request")
		}
		return respond(200, "said "+out.URL.Path), nil
	}}
	token := must(signer.NewHeader(signer.HeaderSet, "Authorization", fixed("Bearer t")))
	key := must(signer.NewIdempotency(signer.IdempotencyOptions{}))
	question := asking(func(ctx context.Context, r *signer.Request) (*http.Response, error) {
		return r.Call(ctx, "POST", "/challenge", []byte(`{"a":1}`))
	})
	p := newPartner(t, signer.Options{
		Rules: signer.Rules{Allow: []signer.Rule{{Match: match("POST", "/write")}}},
		Steps: []signer.Step{token, key, question, newStamp()},
	})
	req := must(http.NewRequest("POST", "https://partner.example/write", strings.NewReader("body")))
	req.Header = http.Header{"X-Client": {"1"}, "Content-Type": {"text/plain"}, "User-Agent": {"client"}}
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{})
	res := must(p.Transport(w).RoundTrip(req.WithContext(ctx)))
	_ = res.Body.Close()

	if len(w.sent) != 2 {
		t.Fatalf("%d requests were sent", len(w.sent))
	}
	call, write := w.sent[0], w.sent[1]
	if call.line != "POST /challenge" || call.body != `{"a":1}` || call.out.Host != "partner.example" {
		t.Errorf("%s %q to %s", call.line, call.body, call.out.Host)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer t", "Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity",
		"User-Agent": "partnersign", "X-Client": "", "Idempotency-Key": "", "Answer": "", "Content-Length": "7",
	} {
		if got := call.header.Get(name); got != want {
			t.Errorf("call: %s: %q, want %q", name, got, want)
		}
	}
	if call.header.Get("Stamp") == "" || call.header.Get("Stamp") == write.header.Get("Stamp") {
		t.Errorf("signatures %q and %q", call.header.Get("Stamp"), write.header.Get("Stamp"))
	}
	if write.header.Get("Answer") != "said /challenge" || write.header.Get("X-Client") != "1" {
		t.Errorf("the write has %q", write.header)
	}
}

// A call that fails is not repeated below the step that makes it, and the
// write does not go out.
func TestCallFails(t *testing.T) {
	lost := errors.New("lost")
	w := &wire{answer: func(*http.Request) (*http.Response, error) { return nil, lost }}
	var got error
	question := asking(func(ctx context.Context, r *signer.Request) (*http.Response, error) {
		_, got = r.Call(ctx, "POST", "/challenge", []byte("{}"))
		return nil, signer.PartnerFailed.Problem("no challenge")
	})
	p := newPartner(t, signer.Options{Steps: []signer.Step{question}})
	res := must(p.Transport(w).RoundTrip(must(http.NewRequest("POST", "https://partner.example/write", nil))))
	if res.StatusCode != 502 || len(w.sent) != 1 || got != lost {
		t.Errorf("%d, %d sent, error %v", res.StatusCode, len(w.sent), got)
	}
}

// A credential that is missing is the client's answer and no failure of the network.
func TestCallWithoutItsCredential(t *testing.T) {
	w := new(wire)
	var got error
	broken := &step{phase: signer.PhaseSignature, apply: func(context.Context, *signer.Request) error {
		return signer.CredentialUnavailable.Problem("gone")
	}}
	question := asking(func(ctx context.Context, r *signer.Request) (*http.Response, error) {
		res, err := r.Call(ctx, "POST", "/challenge", []byte("{}"))
		got = err
		return res, err
	})
	p := newPartner(t, signer.Options{Steps: []signer.Step{question, broken}})
	res := must(p.Transport(w).RoundTrip(must(http.NewRequest("POST", "https://partner.example/write", nil))))
	if res.StatusCode != 503 || len(w.sent) != 0 || !errors.As(got, new(*signer.Problem)) {
		t.Errorf("%d, %d sent, error %v", res.StatusCode, len(w.sent), got)
	}
}

// What a call sends is held in the memory of all bodies.
func TestCallTakesMemory(t *testing.T) {
	memory := signer.NewMemory(100)
	question := asking(func(ctx context.Context, r *signer.Request) (*http.Response, error) {
		return r.Call(ctx, "POST", "/challenge", make([]byte, 101))
	})
	p := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{question}})
	res := must(p.Transport(new(wire)).RoundTrip(must(http.NewRequest("POST", "https://partner.example/write", nil))))
	if res.StatusCode != 503 || memory.Used() != 0 {
		t.Errorf("%d, %d bytes held", res.StatusCode, memory.Used())
	}
}

// What comes after a challenge has the time after it.
func TestTimeAfterTheChallenge(t *testing.T) {
	now := time.Date(2024, 2, 15, 10, 0, 0, 0, time.UTC)
	var times []time.Duration
	begin := now
	note := func(phase signer.Phase) *step {
		return &step{phase: phase, apply: func(_ context.Context, r *signer.Request) error {
			times = append(times, r.Now.Sub(begin))
			if phase == signer.PhaseChallenge {
				now = now.Add(3 * time.Second)
			}
			return nil
		}}
	}
	p := newPartner(t, signer.Options{
		Now:   func() time.Time { return now },
		Steps: []signer.Step{note(signer.PhaseCredentials), note(signer.PhaseChallenge), note(signer.PhaseDigest), note(signer.PhaseSignature)},
	})
	_ = must(p.Transport(new(wire)).RoundTrip(must(http.NewRequest("POST", "https://partner.example/", nil)))).Body.Close()
	if want := []time.Duration{0, 0, 3 * time.Second, 3 * time.Second}; !slices.Equal(times, want) {
		t.Errorf("times %v, want %v", times, want)
	}
}
