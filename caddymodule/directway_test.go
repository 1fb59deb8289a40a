package caddymodule_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/caddymodule"
)

// The ways that a request can take to a partner, as lines for partner_proxy.
var ways = map[string]string{"past reverse_proxy": "", "through reverse_proxy": "header_down -X-Never\n"}

// bothWays runs a test with a partner on each of the ways. Its connections are not
// kept, for many partners of these tests end them.
func bothWays(t *testing.T, test func(t *testing.T, partner func(url string) string)) {
	t.Setenv("ACME_TOKEN", "sk_live_1")
	for name, lines := range ways {
		t.Run(name, func(t *testing.T) {
			test(t, func(url string) string {
				return "partner_proxy " + url + " {\nbearer {env.ACME_TOKEN}\ntransport http {\nkeepalive off\n}\n" + lines + "}\n"
			})
		})
	}
}

// serveOver serves a site over a version of HTTP, which is what the server's own
// client speaks.
func serveOver(t *testing.T, version string, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	if server.EnableHTTP2 = version == "HTTP/2.0"; server.EnableHTTP2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// get is a GET request's answer, which comes soon or never.
func get(t *testing.T, server *httptest.Server, path string) *http.Response {
	t.Helper()
	req, err := http.NewRequest("GET", server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "localhost"
	client := server.Client()
	client.Timeout = 20 * time.Second
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// logged is a site and its log, which can be read once all requests have come.
func logged(t *testing.T, version, directives string) (server *httptest.Server, read func() []map[string]any) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	h, _ := handler(t, "{\nadmin off\nlog {\noutput file "+path+"\nlevel DEBUG\n}\n}\n"+site("log\n"+directives))
	var requests sync.WaitGroup
	server = serveOver(t, version, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		defer requests.Done()
		h.ServeHTTP(w, r)
	}))
	return server, func() (lines []map[string]any) {
		server.Close()
		requests.Wait() // over HTTP/2, those that the client has ended, too
		newContext(t)   // logs elsewhere
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "sk_live_1") {
			t.Errorf("the log holds the token: %s", text)
		}
		for line := range strings.Lines(string(text)) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fields)
		}
		return lines
	}
}

// withMessage is the only line with that message, or nil.
func withMessage(t *testing.T, lines []map[string]any, message string) (found map[string]any) {
	t.Helper()
	for _, line := range lines {
		if line["msg"] == message {
			if found != nil {
				t.Errorf("twice %q: %v", message, lines)
			}
			found = line
		}
	}
	return found
}

// A partnerFunc is a function that is an http.RoundTripper.
type partnerFunc func(*http.Request) (*http.Response, error)

func (f partnerFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// answeredBy is a site on the direct way whose partner is a function.
func answeredBy(t *testing.T, directives string, base partnerFunc) http.Handler {
	t.Helper()
	t.Setenv("ACME_TOKEN", "sk_live_1")
	server, _ := handler(t, site(directives+"\npartner_proxy http://127.0.0.1:1 {\nbearer {env.ACME_TOKEN}\n}"))
	caddymodule.SendDirectBy(server.(*caddyhttp.Server).Routes, base)
	return server
}

// asked is a request to a site that has no listener.
func asked(method string, body string) *http.Request {
	req := httptest.NewRequest(method, "http://localhost:8080/", strings.NewReader(body))
	req.RemoteAddr = "127.0.0.1:1"
	return req
}
