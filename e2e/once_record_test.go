package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A sighting is what came of one request on the wire, from its first byte.
type sighting struct {
	conn, turn int
	death      string
	method     string
	target     string
	key        string // idempotency key
	session    string // captured token
	bytes      int    // of the body
	whole      bool
	executed   bool
	heard      bool // an answer has begun, and was not lost with the connection
	status     int  // of a whole answer
	turnedAway bool // in a way that says it was not looked at
}

func (s *sighting) String() string {
	return fmt.Sprintf("{connection %d turn %d: %s %.80s, %d bytes, whole %t, executed %t, answered %d, death %q}",
		s.conn, s.turn, s.method, s.target, s.bytes, s.whole, s.executed, s.status, s.death)
}

// A record is of everything that has come, and what is wrong with it.
type record struct {
	bodyOf func(mark int) []byte

	mu        sync.Mutex
	sightings map[int][]*sighting // by mark, as they came
	unmarked  int
	seen      map[string]bool // whatever may come only once
	cut       []string        // signatures that were not whole
	wrong     []string
}

func newRecord(bodyOf func(int) []byte) *record {
	return &record{bodyOf: bodyOf, sightings: map[int][]*sighting{}, seen: map[string]bool{}}
}

func (r *record) errorf(format string, args ...any) {
	if len(r.wrong) < 20 {
		r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
	}
}

var (
	markIn  = regexp.MustCompile(`[?&]m=([0-9]+)\.`)
	nonceIn = regexp.MustCompile(`nonce="([^"]*)"`)
	spent   = []string{"Signature", "X-Dfns-Nonce", "X-Dfns-Useraction", "X-Dfns-Apisignature"}
)

// take enters a sighting with all that came of its head and body.
func (r *record) take(s *sighting, h http.Header, body []byte, cut string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.bytes, s.session = len(body), h.Get("X-Dynamic-Flow-Session-Token")
	s.key = h.Get("Idempotency-Key") + h.Get("X-Idempotency-Key")
	for _, name := range spent {
		for _, value := range h[name] {
			r.once(s, name, value)
		}
	}
	for _, nonce := range nonceIn.FindAllStringSubmatch(h.Get("Signature-Input"), -1) {
		r.once(s, "nonce", nonce[1])
	}
	if name, value, _ := strings.Cut(cut, ": "); http.CanonicalHeaderKey(name) == "Signature" && len(value) > 30 {
		r.cut = append(r.cut, value)
	}
	if s.target == "/auth/action" && s.whole {
		r.once(s, "answer to a challenge", string(body))
	}
	mark := markIn.FindStringSubmatch(s.target)
	if mark == nil {
		r.unmarked++
		return
	}
	n, _ := strconv.Atoi(mark[1])
	r.sightings[n] = append(r.sightings[n], s)
	want := r.bodyOf(n)
	if !bytes.HasPrefix(want, body) || s.whole && len(body) != len(want) {
		r.errorf("%v has a body of %d bytes that is not the client's %d", s, len(body), len(want))
	}
}

func (r *record) once(s *sighting, what, value string) {
	if r.seen[what+value] {
		r.errorf("%v: %s %q was there before", s, what, value)
	}
	r.seen[what+value] = true
}

// checkCut compares signatures that were cut with those that came whole.
func (r *record) checkCut() {
	for i, part := range r.cut {
		again := slices.ContainsFunc(r.cut[:i], func(other string) bool { return strings.HasPrefix(other, part) || strings.HasPrefix(part, other) })
		for whole := range r.seen {
			again = again || strings.HasPrefix(whole, "Signature"+part)
		}
		if again {
			r.errorf("the signature %q… was there before", part)
		}
	}
}

// A head is what has come of a request of HTTP/1.1.
type head struct {
	method, target string
	header         http.Header
	length         int // -1: chunked
	end            int // 0: there is more to come
	cut            string
}

func readHead(buf []byte) head {
	h := head{header: http.Header{}}
	text := string(buf)
	if i := strings.Index(text, "\r\n\r\n"); i >= 0 {
		h.end, text = i+4, text[:i+2]
	}
	lines := strings.Split(text, "\r\n")
	h.cut = lines[len(lines)-1]
	for i, line := range lines[:len(lines)-1] {
		if i == 0 {
			fields := strings.Fields(line + " ? ?")
			h.method, h.target = fields[0], fields[1]
			continue
		}
		name, value, _ := strings.Cut(line, ": ")
		h.header.Add(name, value)
	}
	if h.header.Get("Transfer-Encoding") != "" {
		h.length = -1
	} else {
		_, _ = fmt.Sscan(h.header.Get("Content-Length"), &h.length)
	}
	return h
}
