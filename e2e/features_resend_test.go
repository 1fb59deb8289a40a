package e2e

import (
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/partnersign/partnersign/partnertest"
)

// A call is a request that a lost connection may take with it.
type call struct {
	name, method, body string
	headers            []string
	repeated           bool // by us, signed afresh
}

// calls are all kinds, for a partner_proxy that gives keys and one that does
// not. net/http would repeat some of them by itself, with the signature they had.
func calls(keyed bool) []call {
	return []call{
		{"GET", "GET", "", nil, true},
		{"HEAD", "HEAD", "", nil, true},
		{"POST", "POST", `{"amount":"12.50"}`, nil, keyed},
		{"POST without a body", "POST", "", nil, keyed},
		{"DELETE without a body", "DELETE", "", nil, keyed},
		{"POST with the client's key", "POST", "", []string{"Idempotency-Key: 0f8b1f0e-3c2a-4a57-9f43-6a4b3d1c2e5f"}, true},
		{"POST with the client's X-key", "POST", "", []string{"X-Idempotency-Key: client's"}, true},
	}
}

func startCalls(t *testing.T, keyed bool, opts partnertest.Options) (*partnertest.Partner, *process) {
	t.Helper()
	if keyed {
		return startAcme(t, opts)
	}
	return startSignOnly(t, opts)
}

// outcome checks what became of a call whose first try was lost.
func (c call) outcome(t *testing.T, res answer, tries []*partnertest.Request) {
	t.Helper()
	want, n := 502, 1
	if c.repeated {
		want, n = 200, 2
	}
	if res.StatusCode != want {
		t.Errorf("answered %d %.500s", res.StatusCode, res.Text)
	}
	if !c.repeated {
		res.refused(t, 502, "partner-failed")
	}
	if len(tries) != n {
		t.Errorf("the partner saw it %d times, want %d", len(tries), n)
	}
	accepted(t, tries...)
	for _, try := range tries {
		if string(try.Body) != c.body || try.Method != c.method || try.Header.Get("Idempotency-Key") != tries[0].Header.Get("Idempotency-Key") {
			t.Errorf("%s with key %q and body %q", try.Method, try.Header.Get("Idempotency-Key"), try.Body)
		}
	}
}

// A connection that dies under a request after it had been idle costs safe
// requests, and those with a key, a second try with a signature of its own; the
// others arrive once, and the client is told that nobody knows.
func TestFeatureStaleConnection(t *testing.T) {
	for _, keyed := range []bool{true, false} {
		for how, ending := range map[string]partnertest.Ending{"close": partnertest.Close, "reset": partnertest.Reset} {
			var breaks atomic.Bool
			partner, caddy := startCalls(t, keyed, partnertest.Options{Protocols: []string{"http/1.1"}, Break: func(m partnertest.Moment) partnertest.Ending {
				if m.Stage == partnertest.Arriving && m.Turn > 1 && breaks.CompareAndSwap(true, false) {
					return ending
				}
				return partnertest.GoOn
			}})
			for _, c := range calls(keyed) {
				t.Run(map[bool]string{true: "keys ", false: "no keys "}[keyed]+how+" "+c.name, func(t *testing.T) {
					caddy.send("GET", "/v1/first", nil).ok(t)
					partner.Reset()
					breaks.Store(true)
					res := caddy.send(c.method, "/v1/a", strings.NewReader(c.body), c.headers...)
					n := 1
					if c.repeated {
						n = 2
					}
					_, _ = partner.Wait(n, soon)
					tries := partner.Requests()
					slices.SortFunc(tries, func(a, b *partnertest.Request) int { return a.Conn - b.Conn }) // as they were made
					c.outcome(t, res, tries)
					if c.repeated && len(tries) == 2 {
						if tries[0].Turn < 2 || tries[1].Turn != 1 || tries[0].Conn == tries[1].Conn {
							t.Errorf("the tries came on connections %d and %d", tries[0].Conn, tries[1].Conn)
						}
						verified(t, tries[1])
					}
				})
			}
		}
	}
}

// The same on HTTP/2, where the partner has carried the request out.
func TestFeatureStaleConnectionHTTP2(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, keyed := range []bool{true, false} {
			var breaks atomic.Bool
			opts := partnertest.Options{Plain: plain, Protocols: []string{"h2"}, Break: func(m partnertest.Moment) partnertest.Ending {
				if m.Stage == partnertest.Executed && breaks.CompareAndSwap(true, false) {
					return partnertest.Close
				}
				return partnertest.GoOn
			}}
			lines := ""
			if plain {
				lines = "transport http {\n versions h2c 2\n}"
			}
			start := map[bool]func(*testing.T, partnertest.Options, ...string) (*partnertest.Partner, *process){true: startAcme, false: startSignOnly}[keyed]
			partner, caddy := start(t, opts, lines)
			for _, c := range calls(keyed) {
				t.Run(map[bool]string{true: "h2c ", false: "h2 "}[plain]+map[bool]string{true: "keys ", false: "no keys "}[keyed]+c.name, func(t *testing.T) {
					caddy.send("GET", "/v1/first", nil).ok(t)
					partner.Reset()
					breaks.Store(true)
					res := caddy.send(c.method, "/v1/a", strings.NewReader(c.body), c.headers...)
					c.outcome(t, res, partner.Requests())
					verified(t, partner.Requests()...)
				})
			}
		}
	}
}

// A partner that says it did not look at a request, or that it is going away,
// may have carried it out all the same. HTTP/2 clients send it again as it was:
// not ours.
func TestFeatureRefusedStreamIsSignedAgain(t *testing.T) {
	for name, turnAway := range map[string]func(*http2.Framer, uint32) error{
		"REFUSED_STREAM": func(f *http2.Framer, stream uint32) error {
			return f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		},
		"GOAWAY": func(f *http2.Framer, stream uint32) error {
			return f.WriteGoAway(max(stream, 2)-2, http2.ErrCodeNo, nil)
		},
	} {
		for _, keyed := range []bool{true, false} {
			for _, reused := range []bool{false, true} {
				partner := newAcme(t, partnertest.Options{Protocols: []string{"h2"}})
				lines := acme
				if !keyed {
					lines = signOnly
					if err := partner.SetRequire(signOnlyRequire(keyOf(t, "ed25519"))); err != nil {
						t.Fatal(err)
					}
				}
				var breaks atomic.Bool
				f := newFront(t, partner, "h2", func(_ int, caddy, behind net.Conn) { relayHTTP2(caddy, behind, &breaks, turnAway) })
				caddy := startCaddy(t, f.file(t, lines))
				for _, c := range calls(keyed) {
					t.Run(strings.Join([]string{name, map[bool]string{true: "keys", false: "no keys"}[keyed], map[bool]string{true: "reused", false: "new"}[reused], c.name}, " "), func(t *testing.T) {
						if reused {
							caddy.send("GET", "/v1/first", nil).ok(t)
						} else {
							// A configuration has connections of its own.
							caddy.mustReload(f.file(t, lines))
						}
						partner.Reset()
						breaks.Store(true)
						res := caddy.send(c.method, "/v1/a", strings.NewReader(c.body), c.headers...)
						tries := partner.Requests()
						verified(t, tries...)
						if len(tries) > 2 || res.StatusCode == 200 && len(tries) != 2 {
							t.Errorf("the partner saw it %d times, and the client %d", len(tries), res.StatusCode)
						}
						if breaks.Load() {
							t.Error("nothing was turned away")
						}
						for _, try := range tries {
							if string(try.Body) != c.body || try.Header.Get("Idempotency-Key") != tries[0].Header.Get("Idempotency-Key") {
								t.Errorf("key %q and body %q", try.Header.Get("Idempotency-Key"), try.Body)
							}
						}
						if res.StatusCode != 200 {
							res.refused(t, 502, "partner-failed")
						}
					})
				}
			}
		}
	}
}

// relayHTTP2 passes everything on, but when it breaks, the next answer's
// headers are replaced by what turns the request away.
func relayHTTP2(caddy, behind net.Conn, breaks *atomic.Bool, turnAway func(*http2.Framer, uint32) error) {
	go func() {
		_, _ = io.Copy(behind, caddy)
		_ = behind.Close()
	}()
	in, out := http2.NewFramer(io.Discard, behind), http2.NewFramer(caddy, nil)
	// Heads are encoded anew: the decoders of both sides must see all of them.
	var head sync.Mutex
	var block strings.Builder
	encoder := hpack.NewEncoder(&block)
	in.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	gone := map[uint32]bool{}
	for {
		frame, err := in.ReadFrame()
		if err != nil {
			return
		}
		stream := frame.Header().StreamID
		if gone[stream] {
			continue
		}
		head.Lock()
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			if breaks.CompareAndSwap(true, false) {
				gone[stream] = true
				err = turnAway(out, stream)
				break
			}
			block.Reset()
			for _, field := range frame.Fields {
				_ = encoder.WriteField(field)
			}
			err = out.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte(block.String()), EndStream: frame.StreamEnded(), EndHeaders: true})
		case *http2.DataFrame:
			err = out.WriteData(stream, frame.StreamEnded(), frame.Data())
		case *http2.SettingsFrame:
			if frame.IsAck() {
				err = out.WriteSettingsAck()
				break
			}
			var settings []http2.Setting
			_ = frame.ForeachSetting(func(s http2.Setting) error { settings = append(settings, s); return nil })
			err = out.WriteSettings(settings...)
		case *http2.WindowUpdateFrame:
			err = out.WriteWindowUpdate(stream, frame.Increment)
		case *http2.PingFrame:
			err = out.WritePing(frame.IsAck(), frame.Data)
		case *http2.RSTStreamFrame:
			err = out.WriteRSTStream(stream, frame.ErrCode)
		case *http2.GoAwayFrame:
			err = out.WriteGoAway(frame.LastStreamID, frame.ErrCode, frame.DebugData())
		}
		head.Unlock()
		if err != nil {
			return
		}
	}
}
