package partnertest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// A reply is an answer: JSON, or nothing, or another protocol.
type reply struct {
	status int
	text   []byte                    // nil where there is no content
	socket func(http.ResponseWriter) // answers instead, when it is set
}

// replyWith makes a reply of what is answered now: other calls may change value later.
func replyWith(status int, value any) reply {
	text, _ := marshal(value) // made by this package, it has a JSON
	return reply{status: status, text: text}
}

// send sends a reply in the shape that a failure asks for.
func (p reply) send(w http.ResponseWriter, f Failure) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if p.socket != nil {
		p.socket(w)
		return
	}
	if p.text == nil {
		w.WriteHeader(p.status)
		return
	}
	text := pad(p.text, f.Padding)
	if f.Body == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	if f.Gzip {
		w.Header().Set("Content-Encoding", "gzip")
		text = compress(text)
	}
	if !f.Chunked {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.WriteHeader(p.status)
		w.Write(text)
		return
	}
	w.WriteHeader(p.status)
	for _, half := range [][]byte{text[:len(text)/2], text[len(text)/2:]} {
		w.Write(half)
		http.NewResponseController(w).Flush()
	}
}

// pad makes a JSON object longer.
func pad(text []byte, size int) []byte {
	if size == 0 || !bytes.HasPrefix(text, []byte("{")) || bytes.Equal(text, []byte("{}")) {
		return text
	}
	frame := len(`"padding":"",`)
	return fmt.Appendf(nil, `{"padding":"%s",%s`, strings.Repeat("x", max(0, size-frame)), text[1:])
}

func compress(text []byte) []byte {
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	writer.Write(text)
	writer.Close()
	return compressed.Bytes()
}
