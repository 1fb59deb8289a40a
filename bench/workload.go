package main

import (
	"bytes"
	"fmt"
	"net/http"
)

// A workload is what the client sends, again and again.
type workload struct {
	Name        string
	Method      string
	Path        string
	Size        int  // bytes of the body
	Chunked     bool // the body is sent in chunks, its length untold
	Connections int
	Spread      int // the path is behind /0000 to so many, in turn; 0: in front is nothing
}

const kib, mib = 1 << 10, 1 << 20

// The workloads, each at several numbers of connections.
var workloads = []workload{
	{Name: "get", Method: http.MethodGet},
	{Name: "post-1k", Method: http.MethodPost, Size: kib},
	{Name: "post-64k", Method: http.MethodPost, Size: 64 * kib},
	{Name: "post-1m", Method: http.MethodPost, Size: mib},
}

// stream is a body that no proxy needs whole.
var stream = workload{Name: "stream", Method: http.MethodPost, Size: 16 * mib, Chunked: true}

var titles = map[string]string{
	"get": "GET", "post-1k": "POST 1 KiB", "post-64k": "POST 64 KiB", "post-1m": "POST 1 MiB", "stream": "POST 16 MiB in chunks",
}

// Title is for readers.
func (w workload) Title() string {
	if w.Connections == 1 {
		return titles[w.Name] + ", 1 connection"
	}
	return fmt.Sprintf("%s, %d connections", titles[w.Name], w.Connections)
}

// ID is for file names and raw results.
func (w workload) ID() string { return fmt.Sprintf("%s-c%d", w.Name, w.Connections) }

// The body is a JSON object with one long text.
const bodyBegin, bodyEnd = `{"data":"`, `"}`

// isBody reports whether body is the one that is sent.
func (w workload) isBody(body []byte) bool {
	if w.Size == 0 {
		return len(body) == 0
	}
	middle, ok := bytes.CutPrefix(body, []byte(bodyBegin))
	middle, end := bytes.CutSuffix(middle, []byte(bodyEnd))
	return ok && end && len(body) == w.Size && len(bytes.Trim(middle, "x")) == 0
}
