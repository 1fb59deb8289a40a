package capture_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
)

// Mints of one flow run one after the other, of others at once, and the last
// answer is the token that lives.
func TestMintsOfOneFlowAreSerialised(t *testing.T) {
	var now, most, all atomic.Int64
	serve := flows()
	w := newWorld(t, dynamicFlow(), func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/f1/source") {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
		}
		all.Add(1)
		time.Sleep(time.Millisecond)
		serve(w, r)
	})
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { w.post(source) })
		group.Go(func() { w.post(strings.Replace(source, "f1", "f2", 1)) })
	}
	group.Wait()
	if most.Load() != 1 || all.Load() != 20 {
		t.Errorf("%d at once, %d in all", most.Load(), all.Load())
	}
	if status, _ := w.post(quote); status != 200 {
		t.Errorf("the stored token is dead: %d", status)
	}
}

// Sends do not wait for a mint.
func TestSendsDoNotWait(t *testing.T) {
	minting, release := make(chan struct{}, 1), make(chan struct{})
	w := newWorld(t, dynamicFlow(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Got", r.Header.Get(header))
		if r.URL.Path == source && r.Header.Get("X-Wait") != "" {
			minting <- struct{}{}
			<-release
			sendJSON(w, minted("dft_new"))
			return
		}
		sendJSON(w, minted("dft_old"))
	})
	w.post(source)
	var second sync.WaitGroup
	second.Go(func() { w.post(source, "X-Wait", "yes") })
	<-minting
	if got := w.do("POST", quote).Header.Get("X-Got"); got != "dft_old" {
		t.Errorf("sent with %q", got)
	}
	close(release)
	second.Wait()
	if got := w.do("POST", quote).Header.Get("X-Got"); got != "dft_new" {
		t.Errorf("sent with %q", got)
	}
}

// Whatever becomes of a mint, the next one is not kept waiting.
func TestTheFlowIsGivenBack(t *testing.T) {
	serve := flows()
	w := newWorld(t, dynamicFlow(), func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Die") != "" {
			panic(http.ErrAbortHandler)
		}
		serve(w, r)
	})
	lost := must(signer.New(signer.Options{
		Upstream: w.partner.Upstream(),
		Steps:    []signer.Step{must(capture.New(w.withStore())), failing{}},
	}))
	for range 2 {
		if status, _ := w.post(source, "X-Die", "yes"); status != 502 {
			t.Errorf("died: %d", status)
		}
		res := must(lost.Transport(base).RoundTrip(must(http.NewRequest("POST", w.url+source, nil))))
		if res.StatusCode != 503 {
			t.Errorf("unsigned: %d", res.StatusCode)
		}
		if status, _ := w.post(source); status != 200 {
			t.Errorf("then: %d", status)
		}
	}
}

// A failing step stands for a signature that cannot be made.
type failing struct{}

func (failing) Phase() signer.Phase                          { return signer.PhaseSignature }
func (failing) Owns() []string                               { return nil }
func (failing) NeedsBody(*signer.Request) bool               { return false }
func (failing) Apply(context.Context, *signer.Request) error { return errors.New("no key") }

// A mint that would have too little time left is not begun, and one whose client
// has left is not either.
func TestWaitingEnds(t *testing.T) {
	began, release := make(chan struct{}, 9), make(chan struct{})
	w := newWorld(t, dynamicFlow(), func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		began <- struct{}{}
		<-release
		sendJSON(w, minted("dft_1"))
	})
	hasty := must(signer.New(signer.Options{
		Upstream: w.partner.Upstream(), Timeout: 200 * time.Millisecond,
		Steps: []signer.Step{must(capture.New(w.withStore()))},
	}))
	var first sync.WaitGroup
	first.Go(func() { w.post(source) })
	<-began

	res := must(hasty.Transport(base).RoundTrip(must(http.NewRequest("POST", w.url+source, nil))))
	body := string(must(io.ReadAll(res.Body)))
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !strings.Contains(body, "has not been answered yet") {
		t.Errorf("busy: %d %s", res.StatusCode, body)
	}
	w.events.want(t, capture.Busy)

	ctx, leave := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer leave()
	req := must(http.NewRequestWithContext(ctx, "POST", w.url+source, nil))
	if res, err := w.partner.Transport(base).RoundTrip(req); err == nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("left: %v, %v", res, err)
	}
	w.events.want(t)
	close(release)
	first.Wait()
	if len(began) > 0 {
		t.Error("another mint was sent")
	}
}

// withStore is w's capture once more, on the same store.
func (w *world) withStore() capture.Options {
	o := w.options
	o.Observe = w.events.observe
	return o
}
