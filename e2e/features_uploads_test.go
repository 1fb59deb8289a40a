package e2e

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A sink is a partner for bodies that are too large to be kept: it hashes them
// as they come. The heads it hands to a partner that verifies them.
type sink struct {
	*httptest.Server
	identity
	arrived chan upload
}

// An upload is what arrived at a sink.
type upload struct {
	size, length int64
	hash         string
	encoding     []string
	head         *partnertest.Request
}

func newSink(t *testing.T, protocol string, judge *partnertest.Partner) *sink {
	t.Helper()
	s := &sink{identity: newIdentity(t, "127.0.0.1"), arrived: make(chan upload, 1)}
	client := judge.Client()
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hash := sha256.New()
		size, err := io.Copy(hash, r.Body)
		head, _ := http.NewRequest(r.Method, "https://"+r.Host+r.RequestURI, nil)
		head.Header = r.Header.Clone()
		head.Header.Del("Content-Length")
		res, headErr := client.Do(head)
		if err != nil || headErr != nil {
			t.Errorf("the body: %v, the head: %v", err, headErr)
			return
		}
		res.Body.Close()
		s.arrived <- upload{size, r.ContentLength, fmt.Sprintf("%x", hash.Sum(nil)), r.TransferEncoding, judge.Last()}
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{s.identity.Certificate}, NextProtos: []string{protocol}}
	s.EnableHTTP2 = protocol == "h2"
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// A body that no step needs streams through at any size, in little memory.
func TestFeatureLargeUploadsStream(t *testing.T) {
	want := hashOf(large)
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, framing := range []string{"Content-Length", "chunked"} {
			t.Run(protocol+" "+framing, func(t *testing.T) {
				judge := partnertest.New(t, partnertest.Options{Require: signOnlyRequire(keyOf(t, "ed25519"))})
				s := newSink(t, protocol, judge)
				c := siteFile(t, blockAt(s.URL, signOnly+"\nmax_body 1KiB")) // which bounds what is held
				c.Files["ca.pem"] = s.CertPEM
				caddy := startCaddy(t, c)
				req, err := http.NewRequest("PUT", caddy.URL+"/v1/import", newPattern(large))
				if err != nil {
					t.Fatal(err)
				}
				if framing == "Content-Length" {
					req.ContentLength = large
				}
				caddy.streamsWithin(t, streamLimit, func() {
					res, err := plainClient.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					if res.Body.Close(); res.StatusCode != 200 {
						t.Fatalf("answered %s", res.Status)
					}
				})
				got := take(t, s.arrived)
				if got.size != large || got.hash != want {
					t.Errorf("%d bytes with hash %s arrived", got.size, got.hash)
				}
				chunked := len(got.encoding) == 1 && got.encoding[0] == "chunked"
				if framing == "Content-Length" && (got.length != large || chunked) || framing == "chunked" && (got.length != -1 || !chunked && protocol == "http/1.1") {
					t.Errorf("it came with length %d and encoding %q", got.length, got.encoding)
				}
				verified(t, got.head)
			})
		}
	}
}

// timeout counts from the last byte of an upload that goes on.
func TestFeatureSlowUploadIsNotCut(t *testing.T) {
	for _, framing := range []string{"Content-Length", "chunked"} {
		t.Run(framing, func(t *testing.T) {
			t.Parallel()
			partner, caddy := startSignOnly(t, partnertest.Options{}, "timeout 1s")
			body, parts := pipeBody()
			req, err := http.NewRequest("POST", caddy.URL+"/v1/a", body)
			if err != nil {
				t.Fatal(err)
			}
			if framing == "Content-Length" {
				req.ContentLength = 10 * 1000
			}
			go func() {
				defer close(parts)
				for range 10 {
					parts <- strings.Repeat("x", 1000)
					time.Sleep(300 * time.Millisecond)
				}
			}()
			start := time.Now()
			res, err := plainClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.StatusCode != 200 || time.Since(start) < 2*time.Second {
				t.Errorf("answered %s after %s", res.Status, time.Since(start))
			}
			if seen := only(t, partner, 1)[0]; string(seen.Body) != strings.Repeat("x", 10_000) {
				t.Errorf("%d bytes arrived", len(seen.Body))
			}
		})
	}
}

// An upload that stalls ends in a 504, and the partner does not see a complete
// request; a held body, none at all.
func TestFeatureStalledUploadIsCut(t *testing.T) {
	for name, start := range map[string]func(*testing.T, partnertest.Options, ...string) (*partnertest.Partner, *process){"streamed": startSignOnly, "held": startAcme} {
		for framing, head := range map[string]string{"Content-Length": "Content-Length: 1000\r\n\r\nabc", "chunked": "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"} {
			for _, protocol := range []string{"http/1.1", "h2"} {
				t.Run(name+" "+framing+" "+protocol, func(t *testing.T) {
					t.Parallel()
					partner, caddy := start(t, partnertest.Options{Protocols: []string{protocol}}, "timeout 1s")
					conn := caddy.dial()
					begin := time.Now()
					fmt.Fprintf(conn, "POST /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\n%s", head)
					res, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err != nil {
						t.Fatalf("no answer: %v", err)
					}
					text, _ := io.ReadAll(res.Body)
					answer{res, string(text)}.refused(t, 504, "too-slow")
					if took := time.Since(begin); took < 900*time.Millisecond || took > 4*time.Second {
						t.Errorf("it took %s", took)
					}
					for _, seen := range partner.Requests() {
						if name == "held" || seen.Err == "" {
							t.Errorf("the partner saw a request: %v", seen.Verdict.Problems)
						}
						accepted(t, seen)
					}
					caddy.memoryReturned(t)
				})
			}
		}
	}
}

// A held body leaves with its length, whatever framing it came in, and byte for
// byte the same.
func TestFeatureHeldBodiesHaveALength(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{"http/1.1"}}, "max_body 300KiB")
	binary, _ := io.ReadAll(newPattern(300 << 10))
	for _, body := range []string{"", "x", `{"amount":"12.50"}`, "\r\n0\r\n\r\n", string(binary)} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d bytes chunked %t", len(body), chunked), func(t *testing.T) {
				partner.Reset()
				var reader io.Reader = strings.NewReader(body)
				if chunked {
					reader = io.MultiReader(reader)
				}
				caddy.send("POST", "/v1/a", reader).ok(t)
				seen := only(t, partner, 1)[0]
				head, sent, _ := bytes.Cut(seen.Raw, []byte("\r\n\r\n"))
				if string(sent) != body || string(seen.Body) != body {
					t.Errorf("%d bytes arrived as %d", len(body), len(sent))
				}
				if lengths := seen.Header.Values("Content-Length"); len(lengths) != 1 || lengths[0] != strconv.Itoa(len(body)) {
					t.Errorf("Content-Length: %q", lengths)
				}
				if bytes.Contains(bytes.ToLower(head), []byte("transfer-encoding")) || bytes.Contains(bytes.ToLower(head), []byte("trailer")) {
					t.Errorf("it is framed otherwise:\n%s", partnertest.MaskHead(string(head)))
				}
				if seen.Header.Has("Content-Digest") != (body != "") {
					t.Errorf("Content-Digest: %q", seen.Header.Get("Content-Digest"))
				}
			})
		}
	}
	caddy.memoryReturned(t)
}

// One byte more than max_body is too much, and nothing of it goes out.
func TestFeatureMaxBody(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{}, "max_body 64KiB")
	for name, size := range map[string]int{"one byte more": 64<<10 + 1, "far more": 1 << 20} {
		body := strings.Repeat("x", size)
		t.Run(name+" with Content-Length", func(t *testing.T) {
			caddy.send("POST", "/v1/a", strings.NewReader(body), "Expect: 100-continue").refused(t, 413, "body-too-large")
		})
		t.Run(name+" chunked", func(t *testing.T) {
			caddy.send("POST", "/v1/a", io.MultiReader(strings.NewReader(body)), "Expect: 100-continue").refused(t, 413, "body-too-large")
		})
	}
	untouched(t, partner)
	caddy.memoryReturned(t)
	body := strings.Repeat("x", 64<<10)
	caddy.send("POST", "/v1/a", strings.NewReader(body)).ok(t)
	caddy.send("POST", "/v1/a", io.MultiReader(strings.NewReader(body))).ok(t)
	for _, seen := range only(t, partner, 2) {
		if string(seen.Body) != body {
			t.Errorf("%d bytes arrived", len(seen.Body))
		}
	}
	caddy.memoryReturned(t)
}

// When body_memory is taken, a request is told at once to come again; none
// waits. What is given back can be taken again.
func TestFeatureBodyMemoryFull(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	c := siteFile(t, block(partner, acme), partner)
	c.Options = "partnersign {\n body_memory 1MiB\n}"
	caddy := startCaddy(t, c)
	held := strings.Repeat("h", 800<<10)
	conn := caddy.dial()
	fmt.Fprintf(conn, "POST /v1/held HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s", len(held), held[:8<<10])
	waitFor(t, "the memory to be taken", func() bool { return caddy.metric("partnersign_body_memory_bytes") == 800<<10 })

	other := strings.Repeat("o", 300<<10)
	for name, body := range map[string]func() io.Reader{
		"Content-Length": func() io.Reader { return strings.NewReader(other) },
		"chunked":        func() io.Reader { return io.MultiReader(strings.NewReader(other)) },
	} {
		begin := time.Now()
		res := caddy.send("POST", "/v1/other", body(), "Expect: 100-continue")
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("%s: it took %s to be refused", name, took)
		}
		res.refused(t, 503, "memory-exhausted")
		if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || seconds < 1 {
			t.Errorf("%s: Retry-After is %q", name, res.Header.Get("Retry-After"))
		}
	}
	caddy.send("POST", "/v1/small", strings.NewReader("fits")).ok(t)
	caddy.send("GET", "/v1/none", nil).ok(t)
	if used := caddy.metric("partnersign_body_memory_bytes"); used != 800<<10 {
		t.Errorf("%v bytes are taken", used)
	}
	only(t, partner, 2)

	fmt.Fprint(conn, held[8<<10:])
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("what was held is answered %v, %v", res, err)
	}
	caddy.memoryReturned(t)
	caddy.send("POST", "/v1/other", strings.NewReader(other)).ok(t)
	caddy.send("POST", "/v1/other", io.MultiReader(strings.NewReader(other))).ok(t)
	if seen := only(t, partner, 5); string(seen[2].Body) != held || string(seen[4].Body) != other {
		t.Error("the bodies are not those that were sent")
	}
	caddy.memoryReturned(t)
}

// Head and held body leave in one system call: the partner's first read has
// all of it.
func TestFeatureHeadAndBodyLeaveTogether(t *testing.T) {
	counting := newCountingListener(t)
	partner := newAcme(t, partnertest.Options{Plain: true, Protocols: []string{"http/1.1"}, Listener: counting})
	caddy := startCaddy(t, siteFile(t, block(partner, acme), partner))
	body := strings.Repeat("x", 2000)
	const n = 50
	for range n {
		caddy.send("POST", "/v1/a", io.MultiReader(strings.NewReader(body))).ok(t)
	}
	size := 0
	for _, seen := range only(t, partner, n) {
		size += len(seen.Raw)
	}
	if reads, bytes := counting.reads.Load(), counting.bytes.Load(); reads != n || bytes != int64(size) {
		t.Errorf("%d requests of %d bytes came in %d reads of %d bytes", n, size, reads, bytes)
	}
}

// What is left of a body that nobody waits for any more is never taken for the
// next request of its connection: it would be signed, too.
func TestFeatureRestOfABodyIsNoRequest(t *testing.T) {
	hangUp := func(m partnertest.Moment) partnertest.Ending {
		if m.Stage == partnertest.HeadRead {
			return partnertest.Close
		}
		return partnertest.GoOn
	}
	for name, test := range map[string]struct {
		start  func(*testing.T, partnertest.Options, ...string) (*partnertest.Partner, *process)
		opts   partnertest.Options
		status int
		seen   int
	}{
		"held, too large":                  {startAcme, partnertest.Options{}, 413, 0},
		"streamed, the partner hangs up":   {startSignOnly, partnertest.Options{Protocols: []string{"http/1.1"}, Break: hangUp}, 502, 1},
		"streamed, HTTP2 partner hangs up": {startSignOnly, partnertest.Options{Protocols: []string{"h2"}, Break: hangUp}, 502, 1},
	} {
		for _, expect := range []string{"", "Expect: 100-continue\r\n"} {
			t.Run(name+" "+expect, func(t *testing.T) {
				partner, caddy := test.start(t, test.opts, "max_body 64KiB")
				conn := caddy.dial()
				// Of a chunked body, max_body + 1 bytes are read, and 256 KiB more when net/http
				// closes it: there a smuggled request would begin.
				const size, at = 8 << 20, 64<<10 + 1 + 256<<10
				smuggled := "GET /v1/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
				go func() {
					fmt.Fprintf(conn, "POST /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n", expect, size)
					_, _ = io.WriteString(conn, strings.Repeat("x", at)+smuggled+strings.Repeat("x", size-at-len(smuggled))+"\r\n0\r\n\r\n")
					_ = conn.(*net.TCPConn).CloseWrite()
				}()
				output, _ := io.ReadAll(conn) // which may end in a reset
				answers := strings.ReplaceAll(string(output), "HTTP/1.1 100 Continue\r\n\r\n", "")
				if !strings.HasPrefix(answers, fmt.Sprintf("HTTP/1.1 %d ", test.status)) || strings.Count(answers, "HTTP/1.1 ") != 1 {
					t.Errorf("one request was answered:\n%s", answers)
				}
				requests := partner.Requests()
				if len(requests) != test.seen {
					t.Errorf("the partner saw %d requests, the last one %s", len(requests), partner.Last().Target)
				}
				accepted(t, requests...)
				caddy.memoryReturned(t)
			})
		}
	}
}
