package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// An outage is something that is away at times.
type outage struct {
	mu    sync.Mutex
	away  bool
	times []time.Time // of beginnings and ends, in turn
}

func (o *outage) set(away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away != away {
		o.away = away
		o.times = append(o.times, time.Now())
	}
}

func (o *outage) is() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.away
}

// touches reports whether it was away between two times, or shortly before: the
// proxy asks again after a while only.
func (o *outage) touches(begin, end time.Time, heals time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := 0; i < len(o.times); i += 2 {
		if o.times[i].Before(end) && (i+1 == len(o.times) || begin.Before(o.times[i+1].Add(heals))) {
			return true
		}
	}
	return false
}

// A soakTokens is a token endpoint whose tokens live for seconds.
type soakTokens struct {
	*httptest.Server
	identity
	outage

	issuing sync.Mutex
	expiry  map[string]time.Time
}

const soakTokenLife = 4 * time.Second

func newSoakTokens(t testing.TB) *soakTokens {
	t.Helper()
	s := &soakTokens{identity: newIdentity(t, "127.0.0.1"), expiry: map[string]time.Time{}}
	s.Server = newTLSServer(t, s.identity, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case s.is():
			w.WriteHeader(http.StatusInternalServerError)
			return
		case r.Method != "POST" || user != "soak" || password != "canary-soak-secret":
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.issuing.Lock()
		defer s.issuing.Unlock()
		token := fmt.Sprintf("canary-soak-token-%d", len(s.expiry)+1)
		s.expiry[token] = time.Now().Add(soakTokenLife)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "bearer", "expires_in": soakTokenLife.Seconds()})
	})
	return s
}

// check says what is wrong with a token that arrived at a time.
func (s *soakTokens) check(token string, at time.Time) string {
	s.issuing.Lock()
	defer s.issuing.Unlock()
	expiry, issued := s.expiry[token]
	switch {
	case !issued:
		return "the token was not issued"
	case at.After(expiry.Add(time.Second)): // the way to the partner takes its time, too
		return fmt.Sprintf("the token ended %s ago", at.Sub(expiry))
	}
	return ""
}

func (s *soakTokens) count() int {
	s.issuing.Lock()
	defer s.issuing.Unlock()
	return len(s.expiry)
}

func newTLSServer(t testing.TB, id identity, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{id.Certificate}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// A soakStorage is a directory behind a symbolic link, which points to a file
// while the storage is away: nothing in it can be read or written, by root
// neither, and both changes are atomic.
type soakStorage struct {
	outage
	root string
}

func newSoakStorage(t testing.TB) *soakStorage {
	t.Helper()
	s := &soakStorage{root: t.TempDir()}
	if err := os.Mkdir(filepath.Join(s.root, "real"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.root, "nothing"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.point(t, "real")
	return s
}

func (s *soakStorage) path() string { return filepath.Join(s.root, "storage") }

func (s *soakStorage) point(t testing.TB, target string) {
	t.Helper()
	link := filepath.Join(s.root, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link, s.path()); err != nil {
		t.Fatal(err)
	}
}

func (s *soakStorage) leave(t testing.TB) {
	s.set(true)
	s.point(t, "nothing")
}

func (s *soakStorage) comeBack(t testing.TB) {
	s.point(t, "real")
	s.set(false)
}
