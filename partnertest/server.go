package partnertest

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
)

func newServer(p *Partner) *http.Server {
	h2 := slices.Contains(p.opts.Protocols, "h2")
	protocols := new(http.Protocols)
	protocols.SetHTTP1(slices.Contains(p.opts.Protocols, "http/1.1"))
	protocols.SetHTTP2(h2 && !p.opts.Plain)
	protocols.SetUnencryptedHTTP2(h2 && p.opts.Plain)
	return &http.Server{
		Handler:     http.HandlerFunc(p.serve),
		Protocols:   protocols,
		ConnContext: withConn,
		ConnState: func(c net.Conn, state http.ConnState) {
			if tap, ok := c.(*tap); ok && state == http.StateHijacked {
				tap.stop()
			}
		},
		ErrorLog: log.New(io.Discard, "", 0), // a test breaks connections on purpose
	}
}

// serve receives, verifies, records and answers one request.
func (p *Partner) serve(w http.ResponseWriter, r *http.Request) {
	p.handling.RLock()
	defer p.handling.RUnlock()

	conn, wire := connOf(r)
	if wire != nil {
		r.TLS = wire.tls
	}
	seen := received(r)
	seen.Conn, seen.Turn = conn.id, int(conn.turns.Add(1))

	head := *seen
	if ending := p.ask(Moment{HeadRead, seen.Conn, seen.Turn, &head}); ending != GoOn {
		seen.Err = "the partner ended the connection after the head"
		if wire != nil {
			wire.cut(seen)
		}
		p.judge(seen)
		hangUp(conn, ending)
	}

	body, err := io.ReadAll(r.Body)
	seen.Body = body
	if err != nil {
		seen.Err = "the body did not arrive: " + err.Error()
	}
	if wire != nil {
		wire.cut(seen)
	}
	p.judge(seen)
	if ending := p.ask(Moment{Executed, seen.Conn, seen.Turn, seen}); ending != GoOn {
		hangUp(conn, ending)
	}

	r.Body = io.NopCloser(bytes.NewReader(body))
	if p.opts.Now != nil {
		w.Header().Set("Date", p.opts.Now().UTC().Format(http.TimeFormat))
	}
	if p.opts.Answer == nil || !p.opts.Answer(w, r, seen, seen.Verdict) {
		answer(w, seen)
	}
}

// connOf returns the connection of a request, and its tap on HTTP/1.1.
func connOf(r *http.Request) (*link, *tap) {
	conn, tapped := r.Context().Value(connKey{}).(*tap)
	switch {
	case !tapped:
		return r.Context().Value(connKey{}).(*link), nil
	case r.ProtoMajor != 1: // HTTP/2 without TLS
		conn.stop()
		return conn.link, nil
	}
	return conn.link, conn
}

// judge verifies a request and records it.
func (p *Partner) judge(seen *Request) {
	seen.Verdict = p.verifier.judge(seen)
	p.seen.add(seen)
}

// hangUp ends the connection and leaves the handler.
func hangUp(conn *link, how Ending) {
	conn.end(how)
	panic(http.ErrAbortHandler)
}
