package signer_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// A measuredStep takes its time, signs, and has the request sent again once.
type measuredStep struct {
	phase signer.Phase
	takes time.Duration
	again bool
	fails bool
}

func (s *measuredStep) Phase() signer.Phase            { return s.phase }
func (*measuredStep) Owns() []string                   { return nil }
func (*measuredStep) NeedsBody(r *signer.Request) bool { return true }
func (s *measuredStep) Apply(_ context.Context, r *signer.Request) error {
	time.Sleep(s.takes)
	if s.fails {
		return errors.New("broken")
	}
	if s.phase == signer.PhaseSignature {
		r.Signed("sig1", "key-1", thumbprint("t"), []byte("base of "+r.Path))
		r.Signed("sig2", "", thumbprint(""), nil)
	}
	if s.again {
		r.OnAnswer(func(res *http.Response) bool { return res != nil })
	}
	return nil
}

type thumbprint string

func (t thumbprint) Thumbprint() (string, error) {
	if t == "" {
		return "", errors.New("a shared secret")
	}
	return string(t), nil
}

// A record tells what each phase took, how often the request was sent in this
// attempt and in all, and each signature that was made.
func TestMeasured(t *testing.T) {
	const long = 5 * time.Millisecond
	for _, audit := range []bool{false, true} {
		var records []*signer.Record
		p := newPartner(t, signer.Options{
			Audit: audit,
			Steps: []signer.Step{
				&measuredStep{phase: signer.PhaseCredentials, takes: long, again: true},
				&measuredStep{phase: signer.PhaseCredentials, takes: long},
				&measuredStep{phase: signer.PhaseSignature, takes: long},
			},
			Observe: func(r *signer.Record) { records = append(records, r) },
		})
		x := p.Begin()
		if x.Last() != nil {
			t.Error("an attempt is over that has not begun")
		}
		for range 2 {
			req := request(t, "POST /a HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}")
			res, err := x.RoundTrip(req, roundTripper(func(*http.Request) (*http.Response, error) {
				time.Sleep(long)
				return respond(200, ""), nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
		}
		x.Close()
		if len(records) != 2 || x.Last() != records[1] {
			t.Fatalf("%d records", len(records))
		}
		first, second := records[0], records[1]
		if first.Sent != 2 || first.Attempts != 2 || second.Sent != 1 || second.Attempts != 3 {
			t.Errorf("sent %d, %d times, in all %d, %d", first.Sent, second.Sent, first.Attempts, second.Attempts)
		}
		if first.Sending < 2*long || second.Sending < long || first.Reading <= 0 || second.Reading != 0 {
			t.Errorf("sending took %v, %v, reading %v, %v", first.Sending, second.Sending, first.Reading, second.Reading)
		}
		for phase, took := range first.Phases {
			want := map[signer.Phase]time.Duration{signer.PhaseCredentials: 4 * long, signer.PhaseSignature: 2 * long}[signer.Phase(phase)]
			if took < want || want == 0 && took != 0 || took > first.Duration {
				t.Errorf("%s took %v of %v", signer.Phase(phase), took, first.Duration)
			}
		}
		if !audit {
			if first.Signatures != nil {
				t.Errorf("signatures are told unasked: %+v", first.Signatures)
			}
			continue
		}
		base := sha256.Sum256([]byte("base of /a"))
		want := []signer.Signed{
			{1, "sig1", "key-1", "t", base}, {1, "sig2", "", "", sha256.Sum256(nil)},
			{2, "sig1", "key-1", "t", base}, {2, "sig2", "", "", sha256.Sum256(nil)},
		}
		if !slices.Equal(first.Signatures, want) || len(second.Signatures) != 2 || second.Signatures[0].Attempt != 3 {
			t.Errorf("signatures %+v, %+v", first.Signatures, second.Signatures)
		}
	}
}

// A phase that fails has taken its time, too, and those after it none.
func TestMeasuredFailure(t *testing.T) {
	var record *signer.Record
	p := newPartner(t, signer.Options{
		Steps:   []signer.Step{&measuredStep{phase: signer.PhaseDigest, takes: time.Millisecond, fails: true}, &measuredStep{phase: signer.PhaseSignature}},
		Observe: func(r *signer.Record) { record = r },
	})
	res, err := p.Transport(silent).RoundTrip(request(t, "GET /a HTTP/1.1\nHost: localhost"))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if record.Phases[signer.PhaseDigest] < time.Millisecond || record.Phases[signer.PhaseSignature] != 0 || record.Sent != 0 || record.Sending != 0 {
		t.Errorf("%+v", record)
	}
}

// What traces a client or a proxy on the way carries on is nobody else's business.
func TestTracesStay(t *testing.T) {
	const traces = "Traceparent: 1\nTracestate: 1\nbaggage: 1\nb3: 1\nx-b3-traceid: 1\nX_B3_SpanId: 1\nuber-trace-id: 1\nuberctx-user: 1\n" +
		"X-Amzn-Trace-Id: 1\not-tracer-traceid: 1\not-baggage-user: 1\n"
	for _, keep := range [][]string{nil, {"traceparent", "X-B3-Traceid"}} {
		var got http.Header
		p := newPartner(t, signer.Options{KeepClientHeaders: keep})
		res, err := p.Transport(roundTripper(func(out *http.Request) (*http.Response, error) {
			got = out.Header
			return respond(200, ""), nil
		})).RoundTrip(request(t, "GET /a HTTP/1.1\nHost: localhost\nX-Request-Id: 1\n"+strings.TrimSpace(traces)))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		want := map[string]bool{"X-Request-Id": true}
		for _, name := range keep {
			want[http.CanonicalHeaderKey(name)] = true
		}
		for name, values := range got {
			if values[0] == "1" && !want[name] {
				t.Errorf("kept %v: %s goes on", keep, name)
			}
			delete(want, name)
		}
		if len(want) > 0 {
			t.Errorf("kept %v: %v are missing in %v", keep, want, got)
		}
	}
}
