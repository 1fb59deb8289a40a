package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"time"
)

// A mortal is a connection to a dying partner, with the bytes that have come and
// belong to no request yet.
type mortal struct {
	net.Conn
	tcp *net.TCPConn
	id  int
	buf []byte
}

func (c *mortal) fill() error {
	var chunk [32 << 10]byte
	n, err := c.Read(chunk[:])
	c.buf = append(c.buf, chunk[:n]...)
	if n > 0 {
		return nil
	}
	return err
}

// die ends the connection. What comes until the other side has noticed belongs
// to the record, too.
func (c *mortal) die(reset bool) {
	if reset {
		_ = c.tcp.SetLinger(0)
		_ = c.tcp.Close()
		return
	}
	_ = c.tcp.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	for c.fill() == nil {
	}
	_ = c.tcp.Close()
}

// body is what has come of it, decoded.
func (h head) body(buf []byte) (body []byte, whole bool) {
	if h.end == 0 {
		return nil, false
	}
	if h.length >= 0 {
		body = buf[h.end:]
		return body, len(body) == h.length
	}
	body, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(buf[h.end:])))
	return body, err == nil && bytes.HasSuffix(buf, []byte("0\r\n\r\n"))
}

// seen enters the request whose bytes are in buf.
func (c *mortal) seen(p *dyingPartner, s *sighting) head {
	h := readHead(c.buf)
	body, whole := h.body(c.buf)
	s.method, s.target, s.whole = h.method, h.target, whole
	p.take(s, h.header, body, h.cut)
	return h
}

func (p *dyingPartner) http1(c *mortal) {
	for turn := 1; ; turn++ {
		for len(c.buf) == 0 {
			if c.fill() != nil {
				return
			}
		}
		d, s := p.request(), &sighting{conn: c.id, turn: turn}
		if !c.arrive(p, d, s) {
			return
		}
		h := c.seen(p, s)
		body, _ := h.body(c.buf)
		c.buf = nil
		if !p.respond1(c, d, s, body) {
			return
		}
	}
}

// arrive reads a request to its end, or to the partner's.
func (c *mortal) arrive(p *dyingPartner, d death, s *sighting) bool {
	for {
		h := readHead(c.buf)
		body, whole := h.body(c.buf)
		half := d.kind == "half body" && len(body) > 0 && (h.length < 0 || len(body) >= h.length/2)
		switch {
		case half, d.kind == "head" && len(c.buf) >= d.bytes:
			p.count(d.kind)
			s.death = d.kind
			c.die(d.reset)
			c.seen(p, s)
			return false
		case whole:
			return true
		}
		if c.fill() != nil {
			s.death = "cut"
			c.seen(p, s)
			return false
		}
	}
}

// respond1 reports whether the connection lives on.
func (p *dyingPartner) respond1(c *mortal, d death, s *sighting, body []byte) bool {
	status, text := p.app.answer(s.method, s.target, body)
	if d.status != 0 {
		status, text = d.status, `{"message":"it is us"}`
	}
	length := len(text)
	if s.method == "HEAD" {
		text = ""
	}
	answer := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), length, text)
	switch d.kind {
	case "informational":
		answer = "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n"
	case "half status":
		answer = answer[:10]
	case "half answer":
		answer = answer[:len(answer)-length/2]
	case "unexecuted", "executed", "hang":
		answer = ""
	}
	p.set(s, func() {
		s.death, s.heard = d.kind, answer != "" && (!d.reset || d.kind == "" || d.status != 0)
		s.executed = d.kind != "unexecuted" && (d.status == 0 && d.kind != "hang" || d.executes)
		if d.kind == "" || d.kind == "idle" || d.status != 0 {
			s.status = status
		}
	})
	_, _ = io.WriteString(c, answer)
	if d.kind == "" {
		return true
	}
	if d.kind != "half body" && d.kind != "head" { // which it was too short for
		p.count(d.kind)
	}
	switch d.kind {
	case "idle":
		c.idle(p, d, s.turn+1)
	case "hang":
		_ = c.fill()
	case "informational", "half status", "half answer", "unexecuted", "executed":
		c.die(d.reset)
	default:
		return true
	}
	return false
}

// idle ends the connection while nothing is asked for, or just as something is.
func (c *mortal) idle(p *dyingPartner, d death, turn int) {
	_ = c.SetReadDeadline(time.Now().Add(d.pause))
	_ = c.fill()
	c.die(d.reset)
	if len(c.buf) > 0 {
		p.count("idle, and a request was on its way")
		c.seen(p, &sighting{conn: c.id, turn: turn, death: d.kind})
	}
}
