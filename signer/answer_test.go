package signer_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// watching is a step that looks at answers.
func watching(watch func(*http.Response) bool) *step {
	return &step{apply: func(_ context.Context, r *signer.Request) error {
		r.OnAnswer(watch)
		return nil
	}}
}

// A step may ask for another attempt, once.
func TestOnAnswerSendsAgainOnce(t *testing.T) {
	for _, held := range []bool{true, false} {
		w := &wire{answer: statuses(401)}
		watched := 0
		renewing := watching(func(res *http.Response) bool {
			watched++
			return res.StatusCode == 401
		})
		renewing.needsBody = held
		p := newPartner(t, signer.Options{Steps: []signer.Step{renewing, newStamp()}})
		res := must(p.Transport(w).RoundTrip(must(http.NewRequest("POST", "https://partner.example/", strings.NewReader(long)))))
		want := 1
		if held {
			want = 2
		}
		if res.StatusCode != 401 || len(w.sent) != want || watched != want {
			t.Errorf("held %v: %d, %d sent, %d watched", held, res.StatusCode, len(w.sent), watched)
		}
		if held && (w.sent[0].body != w.sent[1].body || w.sent[0].header.Get("Stamp") == w.sent[1].header.Get("Stamp")) {
			t.Errorf("sent %+v", w.sent)
		}
		_ = res.Body.Close()
	}
}

// Whoever waits for an answer is told, too, that there is none, and the last
// one first.
func TestOnAnswerIsAlwaysCalled(t *testing.T) {
	for name, test := range map[string]struct {
		last *step
		base roundTripper
		want int
	}{
		"answered":  {wholeBody, func(*http.Request) (*http.Response, error) { return respond(204, ""), nil }, 204},
		"lost":      {wholeBody, func(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }, 0},
		"not ready": {&step{phase: signer.PhaseSignature, apply: func(context.Context, *signer.Request) error { return errors.New("no key") }}, nil, 0},
	} {
		var got []int
		watch := func(n int) *step {
			return watching(func(res *http.Response) bool {
				if res != nil {
					n += res.StatusCode
				}
				got = append(got, n)
				return false
			})
		}
		p := newPartner(t, signer.Options{Steps: []signer.Step{watch(1), watch(2), test.last}})
		res := must(p.Transport(test.base).RoundTrip(must(http.NewRequest("POST", "https://partner.example/", nil))))
		_ = res.Body.Close()
		if want := []int{test.want + 2, test.want + 1}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Bytes that a step inserts are in every attempt, once, and are counted.
func TestInsertBody(t *testing.T) {
	memory := signer.NewMemory(0)
	edit := &step{needsBody: true, apply: func(_ context.Context, r *signer.Request) error {
		if strings.Contains(string(r.Body.Bytes()), "new") {
			return nil
		}
		return r.InsertBody(1, []byte("new"))
	}}
	var held int64
	w := &wire{}
	w.answer = func(*http.Request) (*http.Response, error) {
		held = memory.Used()
		if len(w.sent) == 1 {
			return respond(502, ""), nil
		}
		return respond(200, ""), nil
	}
	p := newPartner(t, signer.Options{
		Memory: memory, Steps: []signer.Step{edit},
		Retries: []signer.Retry{{Status: []int{502}, MinBackoff: 1, MaxBackoff: 1}},
	})
	res := must(p.Transport(w).RoundTrip(must(http.NewRequest("POST", "https://partner.example/", strings.NewReader("{}")))))
	_ = res.Body.Close()
	if len(w.sent) != 2 || w.sent[0].body != "{new}" || w.sent[1].body != "{new}" || w.sent[0].header.Get("Content-Length") != "5" {
		t.Errorf("sent %+v", w.sent)
	}
	if held != 5 || memory.Used() != 0 {
		t.Errorf("%d bytes held, and %d in the end", held, memory.Used())
	}

	full := newPartner(t, signer.Options{Memory: signer.NewMemory(6), Steps: []signer.Step{edit}})
	res = must(full.Transport(w).RoundTrip(must(http.NewRequest("POST", "https://partner.example/", strings.NewReader("{}")))))
	if res.StatusCode != 503 || len(w.sent) != 2 {
		t.Errorf("without memory: %d, %d sent", res.StatusCode, len(w.sent))
	}
}

// An answer that must not be lost is waited for when the client has left.
func TestDetach(t *testing.T) {
	for _, detached := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var seen *http.Response
			wait := &step{apply: func(_ context.Context, r *signer.Request) error {
				r.OnAnswer(func(res *http.Response) bool { seen = res; return false })
				if detached {
					r.Detach()
				}
				return nil
			}}
			base := roundTripper(func(out *http.Request) (*http.Response, error) {
				select {
				case <-out.Context().Done():
					return nil, out.Context().Err()
				case <-time.After(2 * time.Second):
					return respond(200, ""), nil
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			p := newPartner(t, signer.Options{Timeout: 10 * time.Second, Steps: []signer.Step{wait}})
			begin := time.Now()
			_, _ = p.Transport(base).RoundTrip(must(http.NewRequestWithContext(ctx, "POST", "https://partner.example/", nil)))
			if (seen != nil) != detached {
				t.Errorf("detached %v: the answer is %v", detached, seen)
			}
			if took := time.Since(begin); detached && took != 2*time.Second || !detached && took != time.Second {
				t.Errorf("detached %v: it took %v", detached, took)
			}
		})
	}
}

// What is detached ends with its time.
func TestDetachedTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		detach := &step{apply: func(_ context.Context, r *signer.Request) error { r.Detach(); return nil }}
		base := roundTripper(func(out *http.Request) (*http.Response, error) {
			<-out.Context().Done()
			return nil, out.Context().Err()
		})
		p := newPartner(t, signer.Options{Timeout: 3 * time.Second, Steps: []signer.Step{detach}})
		begin := time.Now()
		res := must(p.Transport(base).RoundTrip(must(http.NewRequest("POST", "https://partner.example/", nil))))
		if res.StatusCode != 504 || time.Since(begin) != 3*time.Second {
			t.Errorf("%d after %v", res.StatusCode, time.Since(begin))
		}
	})
}
