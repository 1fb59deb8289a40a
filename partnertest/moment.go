package partnertest

// A Stage is a point of a connection or a request at which [Options.Break] is asked.
type Stage string

const (
	// Connected: accepted, before the TLS handshake. Moment.Turn is 0. Not HTTP/3.
	Connected Stage = "connected"

	// Arriving: the first bytes of a request are there and the server has read none.
	// With Turn 2 this is the reused connection that dies under the client's feet.
	// HTTP/1.1 only.
	Arriving Stage = "arriving"

	// HeadRead: the server has the request's head, and has not asked for the body.
	HeadRead Stage = "head read"

	// Executed: the request is read, verified and recorded; nothing is answered. The
	// client cannot know that it was carried out.
	Executed Stage = "executed"
)

// A Moment is one request, or connection, at one stage.
type Moment struct {
	Stage Stage

	// Conn is the connection's number, and Turn that of the request on it, both from 1.
	Conn, Turn int

	// Request is what is known so far: nil at Connected and Arriving, without a body
	// at HeadRead. It is read only.
	Request *Request
}

// An Ending is how a connection ends.
type Ending int

const (
	// GoOn: it does not end.
	GoOn Ending = iota
	// Close ends the TCP connection in order, without a TLS close_notify. HTTP/3 has
	// only the one stream reset.
	Close
	// Reset ends the TCP connection with RST; elsewhere it is Close.
	Reset
)

// ask asks Options.Break.
func (p *Partner) ask(m Moment) Ending {
	if p.opts.Break == nil {
		return GoOn
	}
	return p.opts.Break(m)
}
