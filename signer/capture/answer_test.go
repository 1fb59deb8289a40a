package capture_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/capture"
)

func gzipped(s string) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return buf.Bytes()
}

// Whatever cannot be used is given to the client as it came, and told.
func TestAnswersAreLeftAlone(t *testing.T) {
	huge := `{"sessionToken":"dft_1","flow":{"id":"f1"},"pad":"` + strings.Repeat("x", 1<<20) + `"}`
	edge := minted("dft_1")
	edge += strings.Repeat(" ", 1<<20-len(edge))
	for name, test := range map[string]struct {
		status  int
		headers []string
		body    []byte
		chunked bool
		strip   bool
		kind    capture.Kind // empty: nothing to tell
	}{
		"plain":                {body: []byte(minted("dft_1")), kind: capture.Stored},
		"chunked":              {body: []byte(minted("dft_1")), chunked: true, kind: capture.Stored},
		"created":              {status: 201, body: []byte(minted("dft_1")), kind: capture.Stored},
		"problem+json":         {headers: []string{"Content-Type", "application/vnd.api+json"}, body: []byte(minted("dft_1")), kind: capture.Stored},
		"1 MiB":                {body: []byte(edge), kind: capture.Stored},
		"1 MiB, chunked":       {body: []byte(edge), chunked: true, kind: capture.Stored},
		"identity":             {headers: []string{"Content-Encoding", "identity"}, body: []byte(minted("dft_1")), kind: capture.Stored},
		"gzip":                 {headers: []string{"Content-Encoding", "gzip"}, body: gzipped(minted("dft_1")), kind: capture.Encoded},
		"gzip, chunked":        {headers: []string{"Content-Encoding", "gzip"}, body: gzipped(minted("dft_1")), chunked: true, kind: capture.Encoded},
		"text":                 {headers: []string{"Content-Type", "text/plain"}, body: []byte(minted("dft_1")), kind: capture.Unreadable},
		"no type":              {headers: []string{"Content-Type", ""}, body: []byte(minted("dft_1")), kind: capture.Unreadable},
		"invalid":              {body: []byte(minted("dft_1")[1:]), kind: capture.Unreadable},
		"two values":           {body: []byte(minted("dft_1") + minted("dft_2")), kind: capture.Unreadable},
		"byte order mark":      {body: []byte("\ufeff" + minted("dft_1")), kind: capture.Unreadable},
		"empty":                {body: nil, kind: capture.Unreadable},
		"huge":                 {body: []byte(huge), kind: capture.TooLarge},
		"huge, chunked":        {body: []byte(huge), chunked: true, kind: capture.TooLarge},
		"an array":             {body: []byte(`["dft_1"]`), kind: capture.Mismatch},
		"no token":             {body: []byte(`{"flow":{"id":"f1"}}`), kind: capture.Absent},
		"null":                 {body: []byte(`{"sessionToken":null,"flow":{"id":"f1"}}`), kind: capture.Absent},
		"a number":             {body: []byte(`{"sessionToken":1,"flow":{"id":"f1"}}`), kind: capture.Absent},
		"a line break in it":   {body: []byte(`{"sessionToken":"a\r\nX: y","flow":{"id":"f1"}}`), kind: capture.Absent},
		"another flow":         {body: []byte(`{"sessionToken":"dft_1","flow":{"id":"f2"}}`), kind: capture.Mismatch},
		"no flow":              {body: []byte(`{"sessionToken":"dft_1"}`), kind: capture.Mismatch},
		"another at last":      {body: []byte(`{"sessionToken":"dft_1","flow":{"id":"f1"},"flow":{"id":"f2"}}`), kind: capture.Mismatch},
		"an error":             {status: 409, body: []byte(minted("dft_1"))},
		"a redirect":           {status: 302, body: []byte(minted("dft_1"))},
		"no content":           {status: 204},
		"stripped, other flow": {strip: true, body: []byte(`{"sessionToken":"dft_1","flow":{"id":"f2"}}`), kind: capture.Mismatch},
		"stripped, gzip":       {strip: true, headers: []string{"Content-Encoding", "gzip"}, body: gzipped(minted("dft_1")), kind: capture.Encoded},
	} {
		t.Run(name, func(t *testing.T) {
			o := dynamicFlow()
			o.Strip = test.strip
			w := newWorld(t, o, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Etag", `"1"`)
				for i := 0; i < len(test.headers); i += 2 {
					w.Header()[test.headers[i]] = []string{test.headers[i+1]}
				}
				if !test.chunked && test.status != 204 {
					w.Header().Set("Content-Length", strconv.Itoa(len(test.body)))
				}
				if test.status != 0 {
					w.WriteHeader(test.status)
				}
				for part := range bytes.SplitAfterSeq(test.body, []byte(",")) {
					_, _ = w.Write(part)
					if test.chunked {
						w.(http.Flusher).Flush()
					}
				}
			})
			res := w.do("POST", source)
			if length := int64(len(test.body)); test.chunked && res.ContentLength != -1 || !test.chunked && res.ContentLength != length {
				t.Errorf("length %d, chunked %v, want %d", res.ContentLength, test.chunked, length)
			}
			if res.Header.Get("Etag") != `"1"` {
				t.Error("a header is gone")
			}
			exact(t, res, test.body)
			if test.kind == "" {
				w.events.want(t)
			} else {
				w.events.want(t, test.kind)
			}
		})
	}
}

// What breaks off breaks off for the client, too, at the same byte.
func TestAnswersThatBreakOff(t *testing.T) {
	w := newWorld(t, dynamicFlow(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		sendJSON(w, minted("dft_1"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	res := w.do("POST", source)
	defer res.Body.Close()
	for range 2 { // and does not look whole the second time
		if got, err := io.ReadAll(res.Body); err == nil || string(got) != minted("dft_1") && len(got) > 0 {
			t.Errorf("%q, %v", got, err)
		}
	}
	w.events.want(t, capture.Unreadable)
}

func TestSlowAnswers(t *testing.T) {
	w := newWorld(t, dynamicFlow(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for part := range strings.SplitAfterSeq(minted("dft_1"), ",") {
			_, _ = io.WriteString(w, part)
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	})
	exact(t, w.do("POST", source), []byte(minted("dft_1")))
	w.events.want(t, capture.Stored)
}

// The token goes, the rest stays, and what was computed over the whole goes.
func TestStrip(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		o := dynamicFlow()
		o.Strip = true
		body := `{ "sessionToken":"dft_1", "n": 1.50e0, "sessionToken": "dft_2" ,"flow":{"id":"f1","sessionToken":"stays"}, "n":2 }`
		want := `{ "n": 1.50e0, "flow":{"id":"f1","sessionToken":"stays"}, "n":2 }`
		w := newWorld(t, o, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Got", r.Header.Get(header))
			w.Header().Set("Content-Digest", "sha-256=:AAAA:")
			w.Header().Set("X-Request-Id", "42")
			if !chunked {
				w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			}
			sendJSON(w, body[:10])
			if chunked {
				w.(http.Flusher).Flush()
			}
			_, _ = io.WriteString(w, body[10:])
		})
		res := w.do("POST", source)
		length, told := int64(len(want)), strconv.Itoa(len(want))
		if chunked {
			length, told = -1, ""
		}
		if res.ContentLength != length || res.Header.Get("Content-Length") != told {
			t.Errorf("length %d, %q", res.ContentLength, res.Header.Get("Content-Length"))
		}
		if res.Header.Get("Content-Digest") != "" || res.Header.Get("X-Request-Id") != "42" {
			t.Errorf("headers %v", res.Header)
		}
		exact(t, res, []byte(want))
		if got := w.do("POST", quote).Header.Get("X-Got"); got != "dft_2" {
			t.Errorf("sent with %q, want the last", got)
		}
	}
}
