package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A rawPartner keeps the bytes of what it receives and answers 200. It does not
// use net/http, which would repair what comes.
type rawPartner struct {
	upstreams []diffUpstream
	ca        string
	received  sync.Map // bytes by the value of X-Seq
}

// A diffUpstream is one way to reach the partner.
type diffUpstream struct {
	configured        string // in the Caddyfile
	scheme, authority string // as it is signed
}

func startRawPartner(t *testing.T) *rawPartner {
	t.Helper()
	p := new(rawPartner)
	server := httptest.NewTLSServer(nil) // for its certificate
	certificate := server.TLS.Certificates[0]
	server.Close()
	p.ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}))
	socket := filepath.Join(t.TempDir(), "s")
	plain := p.listen(t, "tcp", "127.0.0.1:0", nil)
	secure := p.listen(t, "tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	p.listen(t, "unix", socket, nil)
	p.upstreams = []diffUpstream{
		{"http://127.0.0.1:" + plain, "http", "127.0.0.1:" + plain},
		{"http://LocalHost:0" + plain, "http", "localhost:" + plain},
		{"https://127.0.0.1:" + secure, "https", "127.0.0.1:" + secure},
		{"unix/" + socket, "http", "localhost"},
	}
	return p
}

func (p *rawPartner) listen(t *testing.T, network, address string, config *tls.Config) (port string) {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	if network == "tcp" {
		_, port, _ = net.SplitHostPort(listener.Addr().String())
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if config != nil {
				conn = tls.Server(conn, config)
			}
			go p.serve(conn)
		}
	}()
	return port
}

func (p *rawPartner) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		raw, err := readRaw(in)
		if err != nil {
			return
		}
		_, rest, _ := bytes.Cut(raw, []byte("\r\nX-Seq: "))
		seq, _, _ := bytes.Cut(rest, []byte("\r\n"))
		p.received.Store(string(seq), raw)
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
			return
		}
	}
}

// take returns what came of request number i, and forgets it.
func (p *rawPartner) take(i int) []byte {
	raw, ok := p.received.LoadAndDelete(strconv.Itoa(i))
	if !ok {
		return nil
	}
	return raw.([]byte)
}

// readRaw reads one request as it is, with just enough of its framing.
func readRaw(in *bufio.Reader) (raw []byte, err error) {
	length, chunked := 0, false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		raw = append(raw, line...)
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.Atoi(value); err != nil {
				return nil, err
			}
		case "transfer-encoding":
			chunked = true
		}
		if line == "\r\n" {
			break
		}
	}
	for {
		if chunked {
			line, err := in.ReadString('\n')
			if err != nil {
				return nil, err
			}
			raw = append(raw, line...)
			n, err := strconv.ParseUint(strings.TrimSpace(line), 16, 24)
			if err != nil {
				return nil, fmt.Errorf("chunk %q: %w", line, err)
			}
			length = int(n) + len("\r\n")
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(in, body); err != nil {
			return nil, err
		}
		raw = append(raw, body...)
		if !chunked || length == len("\r\n") {
			return raw, nil
		}
	}
}
