package e2e

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A session2 is a connection of HTTP/2, frame by frame.
type session2 struct {
	p       *dyingPartner
	c       *mortal
	framer  *http2.Framer
	encoder *hpack.Encoder
	block   bytes.Buffer
	streams map[uint32]*stream2
	turn    int
	last    uint32 // that is taken; 0: all
	dead    bool   // nothing is said any more, but all that comes is on record
}

type stream2 struct {
	*sighting
	death  death
	header http.Header
	body   []byte
	length int
	id     uint32
}

func (p *dyingPartner) http2(c *mortal, reader io.Reader) {
	(&session2{p: p, c: c}).read(reader, c)
}

func (x *session2) read(reader io.Reader, writer io.Writer) {
	x.framer = http2.NewFramer(writer, reader)
	x.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	x.encoder, x.streams = hpack.NewEncoder(&x.block), map[uint32]*stream2{}
	_ = x.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 24})
	_ = x.framer.WriteWindowUpdate(0, 1<<30)
	for {
		frame, err := x.framer.ReadFrame()
		if err != nil {
			break
		}
		x.take(frame)
	}
	for _, s := range x.streams {
		x.enter(s)
	}
}

func (x *session2) take(frame http2.Frame) {
	s := x.streams[frame.Header().StreamID]
	switch frame := frame.(type) {
	case *http2.SettingsFrame:
		if !frame.IsAck() && !x.dead {
			_ = x.framer.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !frame.IsAck() && !x.dead {
			_ = x.framer.WritePing(true, frame.Data)
		}
	case *http2.RSTStreamFrame:
		if s != nil {
			x.enter(s)
		}
	case *http2.MetaHeadersFrame:
		s = x.begin(frame)
		if frame.StreamEnded() {
			x.whole(s)
		} else if s.death.kind == "head" && !x.dead {
			x.end(s)
		}
	case *http2.DataFrame:
		if s == nil {
			return
		}
		s.body = append(s.body, frame.Data()...)
		switch {
		case frame.StreamEnded():
			x.whole(s)
		case s.death.kind == "half body" && len(s.body) > 0 && len(s.body) >= s.length/2 && !x.dead:
			x.end(s)
		}
	}
}

func (x *session2) begin(frame *http2.MetaHeadersFrame) *stream2 {
	x.turn++
	s := &stream2{sighting: &sighting{conn: x.c.id, turn: x.turn}, death: x.p.request(), header: http.Header{}, id: frame.StreamID}
	for _, field := range frame.RegularFields() {
		s.header.Add(field.Name, field.Value)
	}
	s.method, s.target = frame.PseudoValue("method"), frame.PseudoValue("path")
	s.length, _ = strconv.Atoi(s.header.Get("Content-Length"))
	if x.last > 0 && s.id > x.last {
		s.turnedAway, s.sighting.death = true, "goaway"
	}
	x.streams[s.id] = s
	return s
}

// enter puts a request on record, as far as it came.
func (x *session2) enter(s *stream2) {
	delete(x.streams, s.id)
	x.p.take(s.sighting, s.header, s.body, "")
}

// end is the end of a stream, or of the connection with all its streams.
func (x *session2) end(s *stream2) {
	x.p.count(s.death.kind)
	s.sighting.death = s.death.kind
	switch {
	case s.death.stream && s.death.kind != "half status":
		_ = x.framer.WriteRSTStream(s.id, http2.ErrCodeInternal)
	default:
		x.close(s.death.reset)
	}
}

func (x *session2) close(reset bool) {
	x.dead = true
	if reset {
		_ = x.c.tcp.SetLinger(0)
		_ = x.c.tcp.Close()
		return
	}
	_ = x.c.tcp.CloseWrite()
	_ = x.c.SetReadDeadline(time.Now().Add(10 * time.Second))
}

// whole reacts to a request that is there.
func (x *session2) whole(s *stream2) {
	s.sighting.whole = true
	switch {
	case s.turnedAway:
	case x.dead:
		s.sighting.death = "dead"
	default:
		x.respond(s)
	}
	x.enter(s)
}

func (x *session2) respond(s *stream2) {
	d := s.death
	switch d.kind {
	case "head", "unexecuted":
		x.end(s)
	case "executed":
		s.executed = true
		x.end(s)
	case "hang":
		s.executed, s.sighting.death = d.executes, d.kind
		x.p.count(d.kind)
	case "refused stream":
		s.turnedAway, s.sighting.death = true, d.kind
		x.p.count(d.kind)
		_ = x.framer.WriteRSTStream(s.id, http2.ErrCodeRefusedStream)
	case "other reset":
		codes := []http2.ErrCode{http2.ErrCodeNo, http2.ErrCodeProtocol, http2.ErrCodeInternal, http2.ErrCodeCancel, http2.ErrCodeEnhanceYourCalm, http2.ErrCodeHTTP11Required}
		s.executed, s.sighting.death = d.executes, d.kind
		x.p.count(d.kind)
		_ = x.framer.WriteRSTStream(s.id, codes[d.bytes%len(codes)])
	case "goaway below":
		s.turnedAway, s.sighting.death = true, d.kind
		x.p.count(d.kind)
		// Streams that began before are answered; 0 would be all of them.
		x.last = max(s.id, 3) - 2
		_ = x.framer.WriteGoAway(s.id-min(s.id, 2), http2.ErrCodeNo, nil)
	case "goaway at":
		s.executed, s.sighting.death = d.executes, d.kind
		x.p.count(d.kind)
		x.last = s.id
		_ = x.framer.WriteGoAway(s.id, http2.ErrCodeNo, nil)
		x.close(d.reset)
	default:
		x.answer(s)
	}
}

// answer answers, as far as it goes.
func (x *session2) answer(s *stream2) {
	d := s.death
	status, text := x.p.app.answer(s.method, s.target, s.body)
	if d.status != 0 {
		status, text = d.status, `{"message":"it is us"}`
	}
	length := len(text)
	if s.method == "HEAD" {
		text = ""
	}
	s.executed, s.sighting.death = d.status == 0 || d.executes, d.kind
	switch d.kind {
	case "informational":
		x.head(s.id, 103, -1, false, true)
		x.end(s)
		return
	case "half status":
		x.head(s.id, status, length, false, false)
		x.end(s)
		return
	}
	x.head(s.id, status, length, text == "", true)
	if d.kind == "half answer" {
		_ = x.framer.WriteData(s.id, false, []byte(text[:len(text)/2]))
		x.end(s)
		return
	}
	if text != "" {
		_ = x.framer.WriteData(s.id, true, []byte(text))
	}
	s.status = status
	if d.status != 0 {
		x.p.count(d.kind)
	}
	if d.kind == "idle" {
		x.p.count(d.kind)
		x.close(d.reset)
	}
}

func (x *session2) head(stream uint32, status, length int, ends, whole bool) {
	x.block.Reset()
	_ = x.encoder.WriteField(hpack.HeaderField{Name: ":status", Value: strconv.Itoa(status)})
	if length >= 0 {
		_ = x.encoder.WriteField(hpack.HeaderField{Name: "content-type", Value: "application/json"})
		_ = x.encoder.WriteField(hpack.HeaderField{Name: "content-length", Value: strconv.Itoa(length)})
	}
	_ = x.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: x.block.Bytes(), EndStream: ends, EndHeaders: whole})
}
