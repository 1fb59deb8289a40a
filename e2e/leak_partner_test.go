package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A leakPartner answers as the first segments of the path say. What it is sent and what it gives are canaries, and so is what it says when
// it refuses.
type leakPartner struct {
	*httptest.Server
	identity identity
	name     string
	canaries *canaries
	says     string

	mu      sync.Mutex
	refused string          // the first token that came to /renew
	seen    map[string]bool // connections and paths
}

func newLeakPartner(t testing.TB, c *canaries, name string) *leakPartner {
	t.Helper()
	p := &leakPartner{identity: newIdentity(t, "127.0.0.1", "localhost"), name: name, canaries: c, seen: map[string]bool{}}
	p.says = c.text("what the " + name + " says")
	p.Server = httptest.NewUnstartedServer(p)
	p.TLS = &tls.Config{Certificates: []tls.Certificate{p.identity.Certificate}, ClientAuth: tls.RequestClientCert}
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.StartTLS()
	t.Cleanup(p.Close)
	return p
}

func (p *leakPartner) first(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.seen[what] = true }()
	return !p.seen[what]
}

func (p *leakPartner) has(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[what]
}

func (p *leakPartner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{"Authorization", "Signature", "Signature-Input"} {
		if value := r.Header.Get(name); value != "" && !strings.HasPrefix(value, "Basic ") { // of which the password is a canary
			p.canaries.seen("the "+p.name, name, value)
		}
	}
	body, _ := io.ReadAll(r.Body)
	does, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch does {
	case "token":
		p.token(w, r, rest, string(body))
	case "status":
		status, _ := strconv.Atoi(rest)
		p.say(w, status, "")
	case "quote":
		p.say(w, 400, r.Header.Get("Authorization"))
	case "once":
		if p.first(r.URL.Path) {
			p.say(w, 503, "")
		}
	case "renew":
		p.mu.Lock()
		if p.refused == "" {
			p.refused = r.Header.Get("Authorization")
		}
		wrong := p.refused == r.Header.Get("Authorization")
		p.mu.Unlock()
		if wrong {
			p.say(w, 401, p.refused)
		}
	case "stale":
		if !p.first(r.RemoteAddr) {
			panic(http.ErrAbortHandler)
		}
	case "drop":
		panic(http.ErrAbortHandler)
	case "cut":
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, p.says)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "garbage", "version", "code", "field", "length", "framing", "trailer", "stray":
		p.mumble(w, does)
	case "slow":
		p.first(r.URL.Path)
		<-r.Context().Done()
	case "mint":
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"token":%q}`, p.canaries.text("a captured token "+rest))
	default:
		_, _ = io.WriteString(w, `{}`)
	}
}

// say refuses, and quotes what is quoted.
func (p *leakPartner) say(w http.ResponseWriter, status int, quoted string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": p.says, "error_description": p.says, "message": p.says, "quoted": quoted})
}

// mumble answers what is no HTTP.
func (p *leakPartner) mumble(w http.ResponseWriter, how string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	format := map[string]string{
		"garbage": "%s\r\n\r\n",
		"version": "HTTP/%s 200 OK\r\n\r\n",
		"code":    "HTTP/1.1 2%s OK\r\n\r\n",
		"field":   "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"framing": "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n%s\r\n\r\n",
		"stray":   "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx%s",
	}[how]
	_, _ = fmt.Fprintf(conn, format, p.says)
}

// token gives one, or fails in its way.
func (p *leakPartner) token(w http.ResponseWriter, r *http.Request, mode, body string) {
	if _, assertion, ok := strings.Cut(body, "client_assertion="); ok {
		assertion, _, _ = strings.Cut(assertion, "&")
		p.canaries.seen("the "+p.name, "assertion", assertion)
	}
	switch mode {
	case "good":
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":3600}`, p.canaries.text("a token of the "+p.name))
	case "200": // and no token
		p.say(w, 200, body)
	case "400", "401", "500":
		status, _ := strconv.Atoi(mode)
		p.say(w, status, body+r.Header.Get("Authorization"))
	case "redirect":
		http.Redirect(w, r, "https://other.example/?"+p.says, http.StatusTemporaryRedirect)
	case "text":
		_, _ = io.WriteString(w, p.says+body)
	case "spaces": // in the token
		_, _ = fmt.Fprintf(w, `{"access_token":"%s %s"}`, p.canaries.text("a token with a space"), "x")
	case "expires":
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"expires_in":%q}`, p.canaries.text("a token without end"), p.says)
	case "kind":
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":%q}`, p.canaries.text("a token of another kind"), p.says)
	case "large":
		_, _ = io.WriteString(w, `{"access_token":"`+strings.Repeat(p.says, 40<<10)+`"}`)
	case "garbage", "field":
		p.mumble(w, mode)
	case "slow":
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
	default:
		panic(http.ErrAbortHandler)
	}
}
