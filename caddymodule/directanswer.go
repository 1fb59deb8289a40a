package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// answer gives the partner's answer to the client as it comes. Where it ends
// half way, so does the client's.
func (d *direct) answer(w http.ResponseWriter, f *forwarding) {
	res := f.answer
	defer res.Body.Close()
	header := w.Header()
	delete(header, "Server") // Via tells it
	header["Via"] = append(header["Via"], strings.TrimPrefix(res.Proto, "HTTP/")+" Caddy")
	addHeaders(header, res.Header)
	announced := len(res.Trailer)
	if announced > 0 {
		header["Trailer"] = append(header["Trailer"], strings.Join(slices.Collect(maps.Keys(res.Trailer)), ", "))
	}
	w.WriteHeader(res.StatusCode)
	if err := copyAnswer(w, res); err != nil {
		if !errors.Is(err, errClientWrite) && !errors.Is(err, context.Canceled) {
			d.log.Warn("aborting with incomplete response", f.fields(zap.Error(err))...)
		}
		_ = http.NewResponseController(w).Flush() // what there was
		panic(http.ErrAbortHandler)
	}
	f.copied = time.Since(f.begin)
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

// addHeaders adds to what other handlers have set, except for what concerns the
// partner's connection alone (RFC 9110 section 7.6.1). Values are copied, all
// into one array: handlers change them in place.
func addHeaders(to, from http.Header) {
	named := make(map[string]bool)
	for _, value := range from["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			named[textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name))] = true
		}
	}
	size := 0
	for name, values := range from {
		size += len(to[name]) + len(values)
	}
	all := make([]string, 0, size)
	for name, values := range from {
		if len(values) == 0 || named[name] || slices.Contains(connectionHeaders, name) {
			continue // HTTP/2 would wait for a trailer that is there and empty
		}
		begin := len(all)
		all = append(append(all, to[name]...), values...)
		to[name] = all[begin:len(all):len(all)]
	}
}

// connectionHeaders are what reverse_proxy removes; Alt-Svc (RFC 7838) would
// lead clients to the partner's ports on this host.
var connectionHeaders = []string{
	"Alt-Svc", "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
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
			return fmt.Errorf("reading: %w", end)
		}
	}
}

const copyBufferSize = 32 << 10

// copyBuffers are what answers are copied through.
var copyBuffers = sync.Pool{New: func() any { return new([copyBufferSize]byte) }}

// isStream reports whether an answer is of events, asks for it, or nobody knows
// its length.
func isStream(res *http.Response) bool {
	if res.ContentLength == -1 || caddyhttp.IsIncremental(res.Header) {
		return true
	}
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/event-stream")
}
