package e2e

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/partnersign/partnersign/partnertest"
)

// serveH2C lets the site speak HTTP/2 with its clients.
const serveH2C = "servers {\n protocols h1 h2c\n}"

// h2cClient speaks HTTP/2 with the site.
func h2cClient(t testing.TB) *http.Client {
	transport := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// Both directions of one request go on at the same time, for longer than
// timeout: what gRPC needs.
func TestFeatureBidirectionalStream(t *testing.T) {
	judge := partnertest.New(t, partnertest.Options{Require: signOnlyRequire(keyOf(t, "ed25519"))})
	judging := judge.Client()
	id := newIdentity(t, "127.0.0.1")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head, _ := http.NewRequest(r.Method, "https://"+r.Host+r.RequestURI, nil)
		head.Header = r.Header.Clone()
		if res, err := judging.Do(head); err == nil {
			res.Body.Close()
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_ = http.NewResponseController(w).Flush()
		buffer := make([]byte, 1000)
		for {
			n, err := r.Body.Read(buffer)
			fmt.Fprintf(w, "echo: %s", buffer[:n])
			_ = http.NewResponseController(w).Flush()
			if err != nil {
				break
			}
		}
		w.Header().Set("Grpc-Status", "0")
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{id.Certificate}}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)

	c := siteFile(t, blockAt(server.URL, signOnly+"\ntimeout 1s"))
	c.Files["ca.pem"], c.Options = id.CertPEM, serveH2C
	caddy := startCaddy(t, c)
	body, parts := pipeBody()
	req, err := http.NewRequest("POST", caddy.URL+"/service/Method", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Te", "trailers")
	req.Header.Set("Content-Type", "application/grpc")
	res, err := h2cClient(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for start := time.Now(); time.Since(start) < 2500*time.Millisecond; time.Sleep(300 * time.Millisecond) {
		said := time.Since(start).String()
		give(t, parts, said)
		heard := make([]byte, len("echo: ")+len(said))
		if _, err := io.ReadFull(res.Body, heard); err != nil || string(heard) != "echo: "+said {
			t.Fatalf("after %s: heard %q, %v", said, heard, err)
		}
	}
	close(parts)
	rest, err := io.ReadAll(res.Body)
	if err != nil || string(rest) != "echo: " || res.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("the end was %q with %v, %v", rest, res.Trailer, err)
	}
	if seen := only(t, judge, 1)[0]; seen.Header.Get("Te") != "trailers" {
		t.Errorf("TE is %q", seen.Header.Get("Te"))
	}
}

// Clients of HTTP/2 that give up at once take no memory with them, and what the
// partner sees of them is whole.
func TestFeatureCancelledStreamsGiveMemoryBack(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	c := siteFile(t, block(partner, acme), partner)
	c.Options = serveH2C + "\npartnersign {\n body_memory 1MiB\n}"
	caddy := startCaddy(t, c)
	body := bytes.Repeat([]byte("x"), 10_000)
	for range 20 {
		conn := caddy.dial()
		out := bytes.NewBufferString(http2.ClientPreface)
		framer := http2.NewFramer(out, conn)
		_ = framer.WriteSettings()
		for stream := uint32(1); stream < 20; stream += 2 {
			var head bytes.Buffer
			encoder := hpack.NewEncoder(&head)
			for _, field := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":authority", "127.0.0.1"}, {":path", "/v1/a"}} {
				_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
			}
			_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: head.Bytes(), EndHeaders: true})
			_ = framer.WriteData(stream, stream%4 == 1, body[:5_000])
			_ = framer.WriteRSTStream(stream, http2.ErrCodeCancel)
		}
		_ = framer.WritePing(false, [8]byte{1})
		if _, err := conn.Write(out.Bytes()); err != nil {
			t.Fatal(err)
		}
		for { // until the answer to the ping, so that all of it was read
			frame, err := framer.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if ping, ok := frame.(*http2.PingFrame); ok && ping.IsAck() {
				break
			}
		}
		conn.Close()
	}
	caddy.memoryReturned(t)
	caddy.send("POST", "/v1/after", bytes.NewReader(body)).ok(t)
	for _, seen := range partner.Requests() {
		if seen.Err == "" && len(seen.Body) != 5_000 && len(seen.Body) != 10_000 {
			t.Errorf("the partner saw %d bytes", len(seen.Body))
		}
		accepted(t, seen)
	}
	verified(t, partner.Last())
}

// What ends TLS after the request was carried out is not told as if nothing had
// been sent.
func TestFeatureTLSBreaksAfterRequest(t *testing.T) {
	executed := make(chan struct{}, 1)
	partner := newAcme(t, partnertest.Options{Protocols: []string{"http/1.1"}, Answer: func(_ http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		executed <- struct{}{}
		<-r.Context().Done()
		return true
	}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			caddy, err := listener.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial("tcp", partner.Addr().String())
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(behind, caddy); behind.Close() }()
			go func() { _, _ = io.Copy(caddy, behind); caddy.Close() }()
			go func() {
				<-executed
				_, _ = io.WriteString(caddy, "HTTP/1.1 500 of some box on the way\r\n\r\n")
				time.Sleep(100 * time.Millisecond)
				caddy.Close()
				behind.Close()
			}()
		}
	}()
	caddy := startCaddy(t, siteFile(t, blockAt("https://"+listener.Addr().String(), acme), partner))
	res := caddy.send("POST", "/v1/a", strings.NewReader("{}"))
	res.refused(t, 502, "partner-failed")
	if !strings.Contains(res.Text, "not known") {
		t.Errorf("the client is told %s", res.Text)
	}
	only(t, partner, 1)
}

// A second pass of the same request through a partner has no body any more: it
// is not sent as if there had been none.
func TestFeatureSecondPassHasNoBody(t *testing.T) {
	for _, framing := range []string{"Content-Length", "chunked"} {
		for name, lines := range map[string]string{"held": acme, "streamed": signOnly} {
			t.Run(name+" "+framing, func(t *testing.T) {
				require := signOnlyRequire(keyOf(t, "ed25519"))
				first := partnertest.New(t, partnertest.Options{Require: require, Answer: unavailable(2)})
				second := partnertest.New(t, partnertest.Options{Require: require})
				site := block(first, lines+"\n@unavailable status 503\nhandle_response @unavailable {\n"+block(second, lines)+"}\n")
				caddy := startCaddy(t, siteFile(t, site, first, second))
				body := strings.Repeat("x", 100_000)
				var reader io.Reader = strings.NewReader(body)
				if framing == "chunked" {
					reader = io.MultiReader(reader)
				}
				res := caddy.send("POST", "/v1/a", reader)
				for _, seen := range second.Requests() {
					if seen.Err == "" && string(seen.Body) != body {
						t.Errorf("the second partner saw a request with %d bytes, and the client %d", len(seen.Body), res.StatusCode)
					}
				}
				second.Reset()
				caddy.send("GET", "/v1/b", nil).ok(t)
				only(t, first, 2)
				only(t, second, 1)
				caddy.memoryReturned(t)
			})
		}
	}
}
