package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// large is more than any buffer on the way.
const large = 200 << 20

// answering makes an Answer of what a handler writes.
func answering(write func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request, *partnertest.Request, partnertest.Verdict) bool {
	return func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, verdict partnertest.Verdict) bool {
		if !verdict.OK {
			return false
		}
		write(w, r)
		return true
	}
}

// hashOf is the hash of the pattern of this size.
func hashOf(size int64) string {
	hash := sha256.New()
	_, _ = io.Copy(hash, newPattern(size))
	return fmt.Sprintf("%x", hash.Sum(nil))
}

// streamsWithin checks that what do does needs little memory in Caddy.
func (p *process) streamsWithin(t *testing.T, limit int64, do func()) {
	t.Helper()
	p.resetPeak()
	before := p.peak()
	do()
	if grown := p.peak() - before; grown > limit {
		t.Errorf("Caddy needed %d MiB more", grown>>20)
	}
}

// An answer of any size streams through, byte for byte and in little memory.
func TestFeatureLargeAnswersStream(t *testing.T) {
	want := hashOf(large)
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, length := range []string{"with Content-Length", "without"} {
			t.Run(protocol+" "+length, func(t *testing.T) {
				partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{protocol}, Answer: answering(func(w http.ResponseWriter, _ *http.Request) {
					if length != "without" {
						w.Header().Set("Content-Length", strconv.Itoa(large))
					}
					_, _ = io.Copy(w, newPattern(large))
				})})
				caddy.streamsWithin(t, streamLimit, func() {
					res, err := http.Get(caddy.URL + "/v1/export")
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					hash := sha256.New()
					n, err := io.Copy(hash, res.Body)
					if got := fmt.Sprintf("%x", hash.Sum(nil)); err != nil || n != large || got != want {
						t.Errorf("%d bytes with hash %s: %v", n, got, err)
					}
					if (res.ContentLength == large) != (length != "without") {
						t.Errorf("Content-Length is %d", res.ContentLength)
					}
				})
				only(t, partner, 1)
			})
		}
	}
}

func TestFeatureAnswerTrailers(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{protocol}, Answer: answering(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Trailer", "X-Checksum")
				_, _ = io.WriteString(w, "body")
				_ = http.NewResponseController(w).Flush() // or there is a Content-Length, and no trailers to HTTP/1.1
				w.Header().Set("X-Checksum", "announced")
				w.Header().Set(http.TrailerPrefix+"X-Late", "unannounced")
			})})
			res := caddy.send("POST", "/v1/a", strings.NewReader("{}"), "TE: trailers")
			if res.ok(t); res.Text != "body" || res.Trailer.Get("X-Checksum") != "announced" || res.Trailer.Get("X-Late") != "unannounced" {
				t.Errorf("%q with trailers %v", res.Text, res.Trailer)
			}
			only(t, partner, 1)
		})
	}
}

// The client has the 103 before the partner answers.
func TestFeatureEarlyHints(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			hinted := make(chan string, 10)
			partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{protocol}, Answer: answering(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Link", "</style.css>; rel=preload")
				w.WriteHeader(103)
				w.Header().Del("Link")
				select {
				case hint := <-hinted:
					_, _ = io.WriteString(w, hint)
				case <-time.After(5 * time.Second):
					w.WriteHeader(500)
				}
			})})
			req, err := http.NewRequest("POST", caddy.URL+"/v1/a", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			res, err := plainClient.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
				Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
					hinted <- fmt.Sprint(code, " ", header.Get("Link"))
					return nil
				},
			})))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, _ := io.ReadAll(res.Body)
			if res.StatusCode != 200 || string(text) != "103 </style.css>; rel=preload" || res.Header.Get("Link") != "" {
				t.Errorf("%d %q %v", res.StatusCode, text, res.Header)
			}
			only(t, partner, 1)
		})
	}
}

// What has no body has none, and its headers are the partner's.
func TestFeatureAnswersWithoutBody(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{protocol}, Answer: answering(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			switch r.URL.Path {
			case "/204":
				w.WriteHeader(204)
			case "/304":
				w.WriteHeader(304)
			case "/head":
				w.Header().Set("Content-Length", "12345")
				w.Header().Set("Content-Type", "application/pdf")
			case "/empty":
				w.Header().Set("Content-Length", "0")
			}
		})})
		for _, test := range []struct {
			method, path string
			status       int
			length       int64
		}{
			{"DELETE", "/204", 204, 0}, {"POST", "/204", 204, 0}, {"GET", "/304", 304, 0}, {"HEAD", "/head", 200, 12345}, {"GET", "/empty", 200, 0},
		} {
			t.Run(protocol+" "+test.method+" "+test.path, func(t *testing.T) {
				partner.Reset()
				res := caddy.send(test.method, test.path, nil, `If-None-Match: "v1"`)
				if res.StatusCode != test.status || res.Text != "" || res.ContentLength != test.length || res.Header.Get("ETag") != `"v1"` {
					t.Errorf("%d with length %d, %v, %q", res.StatusCode, res.ContentLength, res.Header, res.Text)
				}
				if len(res.TransferEncoding) != 0 {
					t.Errorf("Transfer-Encoding: %v", res.TransferEncoding)
				}
				seen := only(t, partner, 1)[0]
				if seen.Header.Get("If-None-Match") != `"v1"` {
					t.Error("If-None-Match is missing")
				}
			})
		}
	}
}

// Nobody on the way packs or unpacks: what the partner sends for the client's
// own Accept-Encoding arrives as it was, even if it was never asked for.
func TestFeatureCompressedAnswersStay(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(bytes.Repeat([]byte("compressible "), 1000))
	_ = w.Close()
	for _, protocol := range []string{"http/1.1", "h2"} {
		partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{protocol}, Answer: answering(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(packed.Len()))
			_, _ = w.Write(packed.Bytes())
		})})
		for asked, sent := range map[string]string{"gzip": "gzip", "gzip;q=1.0, br": "gzip;q=1.0, br", "": "identity"} {
			t.Run(protocol+" "+asked, func(t *testing.T) {
				partner.Reset()
				var headers []string
				if asked != "" {
					headers = []string{"Accept-Encoding: " + asked}
				}
				res := caddy.send("GET", "/v1/a", nil, headers...)
				if res.ok(t); res.Text != packed.String() || res.Header.Get("Content-Encoding") != "gzip" || res.ContentLength != int64(packed.Len()) {
					t.Errorf("%d bytes of %d, %v", len(res.Text), packed.Len(), res.Header)
				}
				if got := only(t, partner, 1)[0].Header.Values("Accept-Encoding"); len(got) != 1 || got[0] != sent {
					t.Errorf("the partner saw Accept-Encoding: %q", got)
				}
			})
		}
	}
}
