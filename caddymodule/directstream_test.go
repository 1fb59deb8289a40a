package caddymodule_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var versions = []string{"HTTP/1.1", "HTTP/2.0"}

// Over HTTP/2, clients see no difference between the two ways either.
func TestDirectIsLikeReverseProxyOverHTTP2(t *testing.T) {
	partner := answering(t)
	seen := make(map[string]string) // by path, on the way before
	bothWays(t, func(t *testing.T, proxied func(string) string) {
		h, _ := handler(t, site("header X-Own own\nheader >X-Own own ownown\n"+proxied(partner)))
		server := serveOver(t, "HTTP/2.0", h)
		for path := range partnerAnswers {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				var told strings.Builder
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // an answer without an end
				ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(status int, header textproto.MIMEHeader) error {
					fmt.Fprintf(&told, "%d %v\n", status, header)
					return nil
				}})
				req, err := http.NewRequestWithContext(ctx, method, server.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Host = "localhost"
				res, err := server.Client().Transport.RoundTrip(req)
				if err != nil {
					cancel()
					t.Fatalf("%s %s: %v", method, path, err)
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				cancel()
				res.Header.Del("Date")
				fmt.Fprintf(&told, "%s %d %v %d %q %v, aborted %v", res.Proto, res.StatusCode, res.Header, res.ContentLength, body, res.Trailer, err != nil)
				if before, ok := seen[method+path]; ok && before != told.String() {
					t.Errorf("%s %s: one way\n%s\nand the other\n%s", method, path, before, told.String())
				}
				seen[method+path] = told.String()
			}
		}
	})
}

// Of an answer that may go on for long, the header is passed on before there is a
// piece, and each piece before the next.
func TestDirectStreams(t *testing.T) {
	kinds := map[string]http.Header{
		"of unknown length": {"Content-Type": {"text/plain"}},
		"of events":         {"Content-Type": {"Text/Event-Stream; charset=utf-8"}, "Content-Length": {"6"}},
		"incremental":       {"Content-Type": {"text/plain"}, "Incremental": {"?1"}, "Content-Length": {"6"}},
	}
	next := make(chan bool)
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), kinds[r.Header.Get("X-Kind")])
		w.WriteHeader(http.StatusOK)
		for _, piece := range []string{"one", "two"} {
			_ = http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(w, piece)
		}
	}))
	t.Cleanup(partner.Close)
	bothWays(t, func(t *testing.T, proxied func(string) string) {
		for _, version := range versions {
			for kind := range kinds {
				h, _ := handler(t, site("request_header X-Kind \""+kind+"\"\n"+proxied(partner.URL)))
				server := serveOver(t, version, h)
				res := get(t, server, "/")
				for _, want := range []string{"one", "two"} {
					next <- true
					piece := make([]byte, 3)
					if _, err := io.ReadFull(res.Body, piece); err != nil || string(piece) != want {
						t.Fatalf("%s %s: %q, %v", version, kind, piece, err)
					}
				}
				if rest, err := io.ReadAll(res.Body); len(rest) > 0 || err != nil {
					t.Errorf("%s %s: behind it %q, %v", version, kind, rest, err)
				}
			}
		}
	})
}

// Of an answer that ends half way the client sees what there was, and that it is
// not all; the log tells it.
func TestDirectHalfAnswers(t *testing.T) {
	partner := answering(t)
	fields := make(map[string][]string) // of the log lines, on the way before
	bothWays(t, func(t *testing.T, proxied func(string) string) {
		for _, version := range versions {
			for _, path := range []string{"/half", "/short"} {
				server, read := logged(t, version, proxied(partner))
				res := get(t, server, path)
				if body, err := io.ReadAll(res.Body); res.Proto != version || string(body) != "ok" && string(body) != "okhal" || err == nil {
					t.Errorf("%s %s: %q, %v", res.Proto, path, body, err)
				}
				lines := read()
				for message, level := range map[string]string{"aborting with incomplete response": "warn", "upstream roundtrip": "debug"} {
					line := withMessage(t, lines, message)
					if line["level"] != level || line["logger"] != "http.handlers.reverse_proxy" || line["upstream"] != strings.TrimPrefix(partner, "http://") {
						t.Errorf("%s %s: %q is told as %v", version, path, message, line)
					}
					if level == "warn" && line["error"] != "reading: unexpected EOF" {
						t.Errorf("%s %s: for %v", version, path, line["error"])
					}
					names := slices.Sorted(maps.Keys(line))
					if before, ok := fields[message]; ok && !slices.Equal(before, names) {
						t.Errorf("%q has %v on one way and %v on the other", message, before, names)
					}
					fields[message] = names
				}
			}
		}
	})
}

// When the client leaves, so does the request, and nobody is blamed for it.
func TestDirectClientLeaves(t *testing.T) {
	came, left := make(chan bool), make(chan bool)
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/answered" {
			_, _ = io.WriteString(w, "piece")
			_ = http.NewResponseController(w).Flush()
		}
		came <- true
		<-r.Context().Done()
		left <- true
	}))
	t.Cleanup(partner.Close)
	status := map[string]float64{"/answered": 200, "/waiting": 499}
	headers := make(map[string]any) // of the answers, on the way before
	bothWays(t, func(t *testing.T, proxied func(string) string) {
		for _, version := range versions {
			for path, want := range status {
				server, read := logged(t, version, proxied(partner.URL))
				ctx, leave := context.WithCancel(t.Context())
				req, err := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Host = "localhost"
				done := make(chan bool)
				go func() {
					defer close(done)
					if res, err := server.Client().Do(req); err == nil {
						_, _ = io.ReadFull(res.Body, make([]byte, 5))
						leave()
						res.Body.Close()
					}
				}()
				<-came
				if path == "/waiting" {
					leave()
				}
				<-done
				<-left
				lines := read()
				access := withMessage(t, lines, "handled request")
				if access["status"] != want {
					t.Errorf("%s %s: status %v, want %v", version, path, access["status"], want)
				}
				told := access["resp_headers"].(map[string]any)
				delete(told, "Date")
				if before, ok := headers[version+path]; ok && !reflect.DeepEqual(before, told) {
					t.Errorf("%s %s: headers %v on one way and %v on the other", version, path, before, told)
				}
				headers[version+path] = told
				if line := withMessage(t, lines, "aborting with incomplete response"); line != nil && strings.Contains(t.Name(), "past") {
					t.Errorf("%s %s: the log tells %v", version, path, line)
				}
			}
		}
	})
}
