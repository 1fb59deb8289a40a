package partnertest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestBreak(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, stage := range []Stage{Connected, Arriving, HeadRead, Executed} {
			for _, ending := range []Ending{Close, Reset} {
				var asked atomic.Int64
				partner := New(t, Options{Protocols: []string{protocol}, Break: func(m Moment) Ending {
					if m.Stage != stage {
						return GoOn
					}
					asked.Add(1)
					known := m.Stage == HeadRead || m.Stage == Executed
					if (m.Request != nil) != known || m.Conn == 0 {
						t.Errorf("moment %+v", m)
					}
					return ending
				}})
				if stage == Arriving && protocol == "h2" {
					continue
				}
				_, err := partner.Client().Post(partner.URL(), "text/plain", strings.NewReader("body"))
				if err == nil || asked.Load() == 0 {
					t.Errorf("%s, %s: asked %d times, %v", protocol, stage, asked.Load(), err)
				}
				if ending == Reset && protocol == "http/1.1" && stage == Executed && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%s: %v, want a reset", stage, err)
				}
				if stage == Connected {
					continue
				}
				seen, err := partner.Wait(1, 10*time.Second)
				if err != nil {
					t.Fatalf("%s, %s: %v", protocol, stage, err)
				}
				if executed := seen[0].Err == ""; executed != (stage == Executed) {
					t.Errorf("%s, %s: recorded %+v", protocol, stage, seen[0])
				}
			}
		}
	}
}

// TestBreakReused: the second request of a connection meets a dead one, and net/http
// sends it again on a new one, since it is a GET.
func TestBreakReused(t *testing.T) {
	for _, ending := range []Ending{Close, Reset} {
		partner := New(t, Options{Break: func(m Moment) Ending {
			if m.Stage == Arriving && m.Turn == 2 && m.Conn == 1 {
				return ending
			}
			return GoOn
		}})
		client := partner.Client()
		for range 2 {
			res, err := client.Get(partner.URL())
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		seen, err := partner.Wait(3, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		served := 0
		for _, r := range seen {
			if r.Err == "" {
				served++
			} else if r.Conn != 1 || r.Turn != 2 || r.Method != "GET" {
				t.Errorf("unserved: %+v", r)
			}
		}
		if served != 2 {
			t.Errorf("%d requests served", served)
		}
	}
}

// TestDyingAnswer: an Answer may leave its answer unfinished.
func TestDyingAnswer(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		partner := New(t, Options{Protocols: []string{protocol}, Answer: func(w http.ResponseWriter, _ *http.Request, _ *Request, _ Verdict) bool {
			io.WriteString(w, "half")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}})
		res, err := partner.Client().Get(partner.URL())
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(res.Body); string(text) != "half" || err == nil {
			t.Errorf("%s: read %q, %v", protocol, text, err)
		}
	}
}
