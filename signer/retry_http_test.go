package signer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// A scripted partner is an HTTP server that answers with each status in turn,
// the last again and again.
type scripted struct {
	codes  []int
	answer func(w http.ResponseWriter, code int) // nil: nothing but the code

	mu  sync.Mutex
	got []arrival
}

// An arrival is a request as a partner has received it.
type arrival struct {
	body, stamp, authorization string
	connection                 string // the client's end of it
	at                         time.Time
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	code := s.codes[min(len(s.got), len(s.codes)-1)]
	s.got = append(s.got, arrival{string(body), r.Header.Get("Stamp"), r.Header.Get("Authorization"), r.RemoteAddr, time.Now()})
	s.mu.Unlock()
	if s.answer != nil {
		s.answer(w, code)
		return
	}
	w.WriteHeader(code)
}

func (s *scripted) arrivals() []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// connections is how many there were.
func (s *scripted) connections() int {
	seen := map[string]bool{}
	for _, a := range s.arrivals() {
		seen[a.connection] = true
	}
	return len(seen)
}

// scriptedOverTLS runs a test against a new scripted partner, by all versions.
func scriptedOverTLS(t *testing.T, script func() *scripted, test func(*testing.T, *scripted, http.RoundTripper)) {
	var s *scripted
	handler := func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }
	overTLS(t, handler, func(t *testing.T, base http.RoundTripper) {
		s = script()
		test(t, s, base)
	})
}

var soon = signer.Retry{Status: []int{502, 503}, MinBackoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond}

// large is a body that takes many writes and, by HTTP/2, windows.
func large() []byte {
	body := make([]byte, 100<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(body)
	return body
}

// All attempts bring the same body with a signature of their own, over the
// connection that is there: short answers are read to their end.
func TestRetryOverHTTP(t *testing.T) {
	script := func() *scripted {
		return &scripted{codes: []int{502, 502, 200}, answer: func(w http.ResponseWriter, code int) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "answer "+strconv.Itoa(code))
		}}
	}
	body := string(large())
	scriptedOverTLS(t, script, func(t *testing.T, partner *scripted, base http.RoundTripper) {
		memory := signer.NewMemory(0)
		var record signer.Record
		p := newPartner(t, signer.Options{
			Upstream: example, Memory: memory, Retries: []signer.Retry{soon}, Steps: []signer.Step{newStamp()},
			Observe: func(r *signer.Record) { record = *r },
		})
		res, err := p.Transport(base).RoundTrip(must(http.NewRequest("POST", "https://example.com/", strings.NewReader(body))))
		if used := memory.Used(); used != int64(len(body)) {
			t.Errorf("%d bytes are held while the answer is read", used)
		}
		wantAnswer(t, res, err, 200, "answer 200")
		stamps := map[string]bool{}
		for i, a := range partner.arrivals() {
			if stamps[a.stamp] = true; a.body != body {
				t.Errorf("attempt %d: %d other bytes", i, len(a.body))
			}
		}
		if len(stamps) != 3 || len(partner.arrivals()) != 3 || record.Attempts != 3 || partner.connections() != 1 {
			t.Errorf("%d arrivals, %d signatures, %d attempts, %d connections", len(partner.arrivals()), len(stamps), record.Attempts, partner.connections())
		}
		if memory.Used() != 0 {
			t.Errorf("%d bytes are not given back", memory.Used())
		}
	})
}

// Long answers are not waited for, whether they end or not.
func TestRetryAfterLongAnswers(t *testing.T) {
	script := func() *scripted {
		return &scripted{codes: []int{503, 503, 200}, answer: func(w http.ResponseWriter, code int) {
			w.WriteHeader(code)
			for err := error(nil); err == nil && code != 200; {
				_, err = w.Write(make([]byte, 32<<10))
			}
		}}
	}
	scriptedOverTLS(t, script, func(t *testing.T, partner *scripted, base http.RoundTripper) {
		p := newPartner(t, signer.Options{Upstream: example, Retries: []signer.Retry{soon}})
		res, err := p.Transport(base).RoundTrip(must(http.NewRequest("POST", "https://example.com/", bytes.NewReader(large()))))
		wantAnswer(t, res, err, 200, "")
		want := 1
		if t.Name() == "TestRetryAfterLongAnswers/"+versions[0] {
			want = 3
		}
		if n := partner.connections(); n != want {
			t.Errorf("%d connections, want %d", n, want)
		}
	})
}

// A partner that answers without a look at the body gets it again, whole.
func TestRetryAfterEarlyAnswers(t *testing.T) {
	body := large()
	var mu sync.Mutex
	var arrived []byte
	n := 0
	handler := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if n++; n%3 != 0 {
			w.WriteHeader(503)
			return
		}
		arrived = must(io.ReadAll(r.Body))
	}
	overTLS(t, handler, func(t *testing.T, base http.RoundTripper) {
		arrived = nil
		p := newPartner(t, signer.Options{Upstream: example, Retries: []signer.Retry{soon}})
		res, err := p.Transport(base).RoundTrip(must(http.NewRequest("POST", "https://example.com/", bytes.NewReader(body))))
		wantAnswer(t, res, err, 200, "")
		if mu.Lock(); !bytes.Equal(arrived, body) {
			t.Errorf("%d other bytes", len(arrived))
		}
		mu.Unlock()
	})
}

// Retry-After may be a date, by the partner's clock, which is not ours.
func TestRetryAfterADate(t *testing.T) {
	noLeaks(t)
	now := time.Date(2024, 2, 15, 10, 0, 0, 0, time.UTC)
	partner := &scripted{codes: []int{503, 200}, answer: func(w http.ResponseWriter, code int) {
		theirs := now.Add(13 * time.Hour)
		w.Header().Set("Date", theirs.Format(http.TimeFormat))
		w.Header().Set("Retry-After", theirs.Add(time.Second).Format(http.TimeFormat))
		w.WriteHeader(code)
	}}
	server := httptest.NewServer(partner)
	defer server.Close()
	p := newPartner(t, signer.Options{
		Upstream: must(signer.ParseUpstream(server.URL)), Retries: []signer.Retry{soon}, Now: func() time.Time { return now },
	})
	res, err := p.Transport(server.Client().Transport).RoundTrip(must(http.NewRequest("GET", "/", nil)))
	wantAnswer(t, res, err, 200, "")
	if got := partner.arrivals(); len(got) != 2 || got[1].at.Sub(got[0].at) < time.Second || partner.connections() != 1 {
		t.Errorf("%d arrivals over %d connections: %v", len(got), partner.connections(), got)
	}
}

// A client that leaves a server in front of the partner ends the pause.
func TestClientLeavesInThePause(t *testing.T) {
	script := func() *scripted { return &scripted{codes: []int{503}} }
	scriptedOverTLS(t, script, func(t *testing.T, partner *scripted, base http.RoundTripper) {
		memory, observed := signer.NewMemory(0), make(chan signer.Record, 1)
		p := newPartner(t, signer.Options{
			Upstream: example, Memory: memory, Timeout: time.Hour, Observe: func(r *signer.Record) { observed <- *r },
			Retries: []signer.Retry{{Status: []int{503}, MinBackoff: time.Minute, MaxBackoff: time.Minute}},
		})
		server := front(t, p, base)
		server.Start()
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			for len(partner.arrivals()) == 0 || memory.Used() == 0 {
				time.Sleep(time.Millisecond)
			}
			leave()
		}()
		_, err := server.Client().Do(must(http.NewRequestWithContext(ctx, "POST", server.URL, bytes.NewReader(large()))))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		select {
		case record := <-observed:
			if record.Attempts != 1 || len(partner.arrivals()) != 1 {
				t.Errorf("%d attempts, %d arrivals", record.Attempts, len(partner.arrivals()))
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the pause goes on")
		}
		server.Close() // which waits for its handlers
		if memory.Used() != 0 {
			t.Errorf("%d bytes are not given back", memory.Used())
		}
	})
}

// What no retry is for is streamed: the partner has the beginning before the
// client has sent the end, nothing is held, and it is sent once.
func TestNoRetryOfAStreamedBody(t *testing.T) {
	memory, begun := signer.NewMemory(0), make(chan string)
	handler := func(w http.ResponseWriter, r *http.Request) {
		part := make([]byte, 5)
		_, _ = io.ReadFull(r.Body, part)
		begun <- string(part)
		rest, _ := io.ReadAll(r.Body)
		w.WriteHeader(503)
		_, _ = w.Write(rest)
	}
	retry := soon
	retry.On = match("POST", "/held/**")
	overTLS(t, handler, func(t *testing.T, base http.RoundTripper) {
		p := newPartner(t, signer.Options{Upstream: example, Memory: memory, Retries: []signer.Retry{retry}})
		body, client := io.Pipe()
		go func() {
			_, _ = io.WriteString(client, "begin")
			if part := <-begun; part != "begin" || memory.Used() != 0 {
				t.Errorf("%q arrives, %d bytes are held", part, memory.Used())
			}
			_, _ = io.WriteString(client, " and end")
			_ = client.Close()
		}()
		res, err := p.Transport(base).RoundTrip(must(http.NewRequest("POST", "https://example.com/other", body)))
		wantAnswer(t, res, err, 503, " and end")
	})
}

// A token that is not accepted any more is renewed once, beside the retries.
func TestOnAnswerOverHTTP(t *testing.T) {
	body := string(large())
	for _, test := range []struct {
		codes      []int
		status     int
		credential []string
	}{
		{[]int{401, 200}, 200, []string{"token 1", "token 2"}},
		{[]int{401}, 401, []string{"token 1", "token 2"}},
		{[]int{502, 401, 502, 200}, 200, []string{"token 1", "token 1", "token 2", "token 2"}},
	} {
		script := func() *scripted { return &scripted{codes: test.codes} }
		scriptedOverTLS(t, script, func(t *testing.T, partner *scripted, base http.RoundTripper) {
			token := 1
			bearer := &step{phase: signer.PhaseCredentials, owns: []string{"Authorization"}, needsBody: true, apply: func(_ context.Context, r *signer.Request) error {
				r.Set("Authorization", "token "+strconv.Itoa(token))
				r.OnAnswer(func(res *http.Response) (again bool) {
					if res == nil || res.StatusCode != 401 {
						return false
					}
					token++
					return true
				})
				return nil
			}}
			p := newPartner(t, signer.Options{Upstream: example, Retries: []signer.Retry{soon}, Steps: []signer.Step{bearer, newStamp()}})
			res, err := p.Transport(base).RoundTrip(must(http.NewRequest("POST", "https://example.com/", strings.NewReader(body))))
			wantAnswer(t, res, err, test.status, "")
			var credentials []string
			for i, a := range partner.arrivals() {
				if credentials = append(credentials, a.authorization); a.body != body {
					t.Errorf("attempt %d: %d other bytes", i, len(a.body))
				}
			}
			if !slices.Equal(credentials, test.credential) || partner.connections() != 1 {
				t.Errorf("%v: %q over %d connections", test.codes, credentials, partner.connections())
			}
		})
	}
}
