package caddymodule

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// answer gives the partner's answer to the client as it comes. Where it ends
// half way, so does the client's.
func (d *direct) answer(w http.ResponseWriter, res *http.Response) {
	defer res.Body.Close()
	removeConnectionHeaders(res.Header)
	header := w.Header()
	addHeaders(header, res.Header)
	header["Via"] = append(header["Via"], strings.TrimPrefix(res.Proto, "HTTP/")+" Caddy")
	announced := len(res.Trailer)
	if announced > 0 {
		header["Trailer"] = append(header["Trailer"], strings.Join(slices.Collect(maps.Keys(res.Trailer)), ", "))
	}
	w.WriteHeader(res.StatusCode)
	if err := copyAnswer(w, res); err != nil {
		if !errors.Is(err, errClientWrite) && !errors.Is(err, context.Canceled) {
			d.log.Warn("aborting with incomplete response", zap.Error(err))
		}
		_ = http.NewResponseController(w).Flush() // what there was
		panic(http.ErrAbortHandler)
	}
	if len(res.Trailer) == 0 {
		return
	}
	_ = http.NewResponseController(w).Flush() // or net/http would give a short answer a length, and no trailers
	if len(res.Trailer) == announced {
		addHeaders(header, res.Trailer)
		return
	}
	for name, values := range res.Trailer {
		header[http.TrailerPrefix+name] = values
	}
}

// removeConnectionHeaders removes what concerns the partner's connection alone
// (RFC 9110 section 7.6.1).
func removeConnectionHeaders(h http.Header) {
	for _, value := range h["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			delete(h, textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name)))
		}
	}
	for _, name := range connectionHeaders {
		delete(h, name)
	}
}

var connectionHeaders = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// addHeaders adds to what other handlers have set.
func addHeaders(to, from http.Header) {
	for name, values := range from {
		if to[name] != nil {
			values = append(slices.Clip(to[name]), values...)
		}
		to[name] = values
	}
}

// errClientWrite is what failed when it was the client's connection.
var errClientWrite = errors.New("the client's connection has ended")

// copyAnswer copies the body of res. One that may go on for long is passed on
// piece by piece.
func copyAnswer(w http.ResponseWriter, res *http.Response) error {
	to := io.Writer(w)
	if isStream(res) {
		f := &flusher{to: w, flush: http.NewResponseController(w).Flush}
		defer f.stop()
		f.start()
		to = f
	}
	buf := copyBuffers.Get().(*[copyBufferSize]byte)
	defer copyBuffers.Put(buf)
	for {
		n, end := res.Body.Read(buf[:])
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return errors.Join(errClientWrite, err)
			}
		}
		switch {
		case end == io.EOF:
			return nil
		case end != nil:
			return end
		}
	}
}

const copyBufferSize = 32 << 10

// copyBuffers are what answers are copied through.
var copyBuffers = sync.Pool{New: func() any { return new([copyBufferSize]byte) }}

// isStream reports whether an answer is of events, or nobody knows its length.
func isStream(res *http.Response) bool {
	if res.ContentLength == -1 {
		return true
	}
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/event-stream")
}

// A flusher passes each piece on at once, and the header even if no piece follows.
type flusher struct {
	to    io.Writer
	flush func() error

	mu      sync.Mutex
	flushed bool
	timer   *time.Timer
}

// start has the header flushed soon: a piece that comes with it goes with it.
func (f *flusher) start() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.timer = time.AfterFunc(0, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.flushed {
			f.flushed = true
			_ = f.flush()
		}
	})
}

// Write implements io.Writer.
func (f *flusher) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushed = true
	n, err := f.to.Write(p)
	if err == nil {
		err = f.flush()
	}
	return n, err
}

// stop ends the flusher: after its return it does nothing.
func (f *flusher) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushed = true
	f.timer.Stop()
}

// An interim passes answers of 1xx on to the client.
type interim struct {
	mu     sync.Mutex
	client http.ResponseWriter // nil: the final answer has come, or none will
}

// end has nothing more passed on: a partner may send one when nobody waits.
func (i *interim) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.client = nil
}

// pass implements Got1xxResponse of [net/http/httptrace.ClientTrace].
func (i *interim) pass(status int, from textproto.MIMEHeader) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.client == nil {
		return nil
	}
	header := i.client.Header()
	own := maps.Clone(header)
	addHeaders(header, http.Header(from))
	removeConnectionHeaders(header)
	i.client.WriteHeader(status)
	clear(header) // for the final answer
	maps.Copy(header, own)
	return nil
}
