package partnertest

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/websocket"
)

// socket answers GET /ws?tx_id=…, the upgrade to a socket (RFC 6455), over HTTP/1.1 alone.
func (p *Proof) socket(r *http.Request, seen *Request) (reply, *denial) {
	if r.ProtoMajor != 1 || !strings.EqualFold(seen.Header.Get("Upgrade"), "websocket") {
		return reply{}, deny(426, "upgrade_required",
			"The request is %s with Upgrade: %q, where websocket was expected.", seen.Protocol, seen.Header.Get("Upgrade"))
	}
	_, query := seen.splitTarget()
	values, err := url.ParseQuery(query)
	if err != nil || len(values["tx_id"]) != 1 {
		return reply{}, deny(400, "bad_request", "There are %d tx_id in the query, where one was expected.", len(values["tx_id"]))
	}
	id := values.Get("tx_id")
	if why := p.knows(id); why != nil {
		return reply{}, why
	}
	return reply{socket: func(w http.ResponseWriter) { p.open(w, r, id) }}, nil
}

// open makes the socket: it tells the transaction's state and then says back what it is
// told, until the client ends it or the partner is closed.
func (p *Proof) open(w http.ResponseWriter, r *http.Request, id string) {
	websocket.Server{Handler: func(conn *websocket.Conn) {
		p.mu.Lock()
		p.sockets++
		p.mu.Unlock()
		state, _ := marshal(map[string]string{"tx_id": id, "status": "pending"})
		for message, err := string(state), error(nil); err == nil; err = websocket.Message.Receive(conn, &message) {
			if websocket.Message.Send(conn, message) != nil {
				return
			}
		}
	}}.ServeHTTP(w, r)
}
