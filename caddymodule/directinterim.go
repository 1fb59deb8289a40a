package caddymodule

import (
	"maps"
	"net/http"
	"net/textproto"
	"sync"
)

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
	own := header.Clone()
	addHeaders(header, http.Header(from))
	i.client.WriteHeader(status)
	clear(header) // for the final answer
	maps.Copy(header, own)
	return nil
}
