package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A sourceAnswer is one of /source, byte by byte. In its body FLOW stands for
// the flow's id.
type sourceAnswer struct {
	name     string
	event    string // what is reported
	body     string
	headers  []string // names and values besides Content-Type: application/json
	chunked  bool
	stripped string // the body with strip_session; default: the same
}

const oddSource = "{ \"sessionToken\" : \"dft_odd\" ,\r\n\"sessionExpiresAt\":\"2099-01-01T00:00:00Z\",\t\"flow\":{ \"id\":\"FLOW\" , \"amount\": 1.50E+01,\"a\":1,\"a\":2.0,\"s\":\"\\u00e9\\/é\" } }\n \n"

var sourceAnswers = []sourceAnswer{
	{name: "odd", event: "stored", body: oddSource, stripped: strings.Replace(oddSource, "\"sessionToken\" : \"dft_odd\" ,\r\n", "", 1)},
	{name: "odd and chunked", event: "stored", body: oddSource, chunked: true, stripped: strings.Replace(oddSource, "\"sessionToken\" : \"dft_odd\" ,\r\n", "", 1)},
	{name: "with a digest", event: "stored", body: `{"flow":{"id":"FLOW"},"sessionToken":"dct_x"}`, headers: []string{"Content-Digest", "sha-256=:AAAA:"}, stripped: `{"flow":{"id":"FLOW"}}`},
	{name: "problem+json", event: "stored", body: `{"flow":{"id":"FLOW"},"sessionToken":"x"}`, headers: []string{"Content-Type", "application/vnd.dynamic+json; charset=utf-8"}, stripped: `{"flow":{"id":"FLOW"}}`},
	{name: "gzip", event: "encoded", body: gzipped(`{"sessionToken":"x","flow":{"id":"FLOW"}}`), headers: []string{"Content-Encoding", "gzip"}},
	{name: "gzip, chunked", event: "encoded", body: gzipped(`{"sessionToken":"x","flow":{"id":"FLOW"}}`), headers: []string{"Content-Encoding", "gzip"}, chunked: true},
	{name: "br", event: "encoded", body: "\x8b\x03\x80{}\x03", headers: []string{"Content-Encoding", "br"}},
	{name: "more than 1 MiB", event: "too_large", body: `{"sessionToken":"x","flow":{"id":"FLOW"},"p":"` + strings.Repeat("p", 1<<20) + `"}`},
	{name: "more than 1 MiB, chunked", event: "too_large", body: `{"sessionToken":"x","flow":{"id":"FLOW"},"p":"` + strings.Repeat("p", 3<<20) + `"}`, chunked: true},
	{name: "HTML", event: "unreadable", body: "<html>\r\n", headers: []string{"Content-Type", "text/html"}},
	{name: "HTML that says JSON", event: "unreadable", body: "<html>\r\n"},
	{name: "half a JSON", event: "unreadable", body: `{"sessionToken":"x","flow":{"id":"FLOW"}`},
	{name: "empty", event: "unreadable", body: ""},
	{name: "another flow", event: "mismatch", body: `{"sessionToken":"x","flow":{"id":"other"}}`},
	{name: "no flow", event: "mismatch", body: `{"sessionToken":"x"}`},
	{name: "no token", event: "absent", body: `{"flow":{"id":"FLOW"}}`},
	{name: "a number", event: "absent", body: `{"sessionToken":7,"flow":{"id":"FLOW"}}`},
	{name: "a token that no header can hold", event: "absent", body: `{"sessionToken":"a\r\nb","flow":{"id":"FLOW"}}`},
}

// Whatever Dynamic answers to /source reaches the client byte by byte, and what
// cannot be used is reported. strip_session takes away the token alone, and only
// once it is stored.
func TestDynamicAnswers(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, strip := range []bool{false, true} {
			t.Run(fmt.Sprint(protocol, " strip ", strip), func(t *testing.T) {
				var answer atomic.Pointer[sourceAnswer]
				s := dynamicSetup{Dynamic: partnertest.DynamicOptions{Options: partnertest.Options{
					Protocols: []string{protocol},
					Answer: func(w http.ResponseWriter, _ *http.Request, seen *partnertest.Request, _ partnertest.Verdict) bool {
						path, source := strings.CutSuffix(seen.Target, "/source")
						if source {
							answer.Load().write(w, path[strings.LastIndexByte(path, '/')+1:])
						}
						return source
					},
				}}}
				if strip {
					s.Lines = "strip_session"
				}
				p := s.start(t)
				for _, a := range sourceAnswers {
					answer.Store(&a)
					t.Run(a.name, func(t *testing.T) { a.check(t, p.create(), strip) })
				}
			})
		}
	}
}

func (a sourceAnswer) write(w http.ResponseWriter, id string) {
	w.Header().Set("Content-Type", "application/json")
	for i := 0; i < len(a.headers); i += 2 {
		w.Header().Set(a.headers[i], a.headers[i+1])
	}
	body := strings.ReplaceAll(a.body, "FLOW", id)
	if !a.chunked {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = io.WriteString(w, body)
		return
	}
	_, _ = io.WriteString(w, body[:len(body)/2])
	http.NewResponseController(w).Flush()
	_, _ = io.WriteString(w, body[len(body)/2:])
}

func (a sourceAnswer) check(t *testing.T, f flow, strip bool) {
	before, lines := f.captured(a.event), f.reported(a.event)
	res := f.goes("source", 200)
	want := strings.ReplaceAll(a.body, "FLOW", f.id)
	edited := strip && a.stripped != ""
	if edited {
		want = strings.ReplaceAll(a.stripped, "FLOW", f.id)
	}
	if res.Text != want {
		t.Errorf("the client got %.300q, want %.300q", res.Text, want)
	}
	if got := res.ContentLength; !a.chunked && got != int64(len(want)) || a.chunked && !edited && got != -1 {
		t.Errorf("Content-Length %d of %d bytes", got, len(want))
	}
	for i := 0; i < len(a.headers); i += 2 {
		digest := strings.Contains(a.headers[i], "Digest")
		if got := res.Header.Get(a.headers[i]); got != a.headers[i+1] && !(digest && edited && got == "") {
			t.Errorf("%s: %s", a.headers[i], got)
		}
	}
	if n := f.captured(a.event) - before; n != 1 {
		t.Errorf("%q is counted %v times", a.event, n)
	}
	if n := f.reported(a.event) - lines; n != 1 {
		t.Errorf("%q is logged %d times", a.event, n)
	}

	f.Partner.Reset()
	f.step("quote")
	var token []string
	if a.event == "stored" {
		token = []string{at(strings.ReplaceAll(a.body, "FLOW", f.id), "sessionToken").(string)}
	}
	if got := f.Last().Header.Values(flowToken); !slices.Equal(got, token) {
		t.Errorf("quote carries %q, want %q", got, token)
	}
}

// reported counts the lines of the log.
func (p dynamicProxy) reported(event string) int {
	return len(p.logged("http.reverse_proxy.transport.partnersign", "captured token: "+event))
}

func gzipped(text string) string {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return compressed.String()
}

// An answer of /source is asked for uncompressed, whatever the client wants,
// other answers are not.
func TestDynamicIdentity(t *testing.T) {
	p := dynamicSetup{}.start(t)
	f := p.create()
	f.goes("source", 200, "Accept-Encoding: gzip, br")
	if got := p.Last().Header.Values("Accept-Encoding"); !slices.Equal(got, []string{"identity"}) {
		t.Errorf("source asks for %q", got)
	}
	f.goes("quote", 200, "Accept-Encoding: gzip, br")
	if got := p.Last().Header.Values("Accept-Encoding"); !slices.Equal(got, []string{"gzip, br"}) {
		t.Errorf("quote asks for %q", got)
	}
}
