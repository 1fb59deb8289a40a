package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"sync/atomic"
	"time"
)

// A partner answers every request with 200 as soon as it has all of it. It
// reads heads line by line and keeps nothing but samples, so that it is never
// what a measurement waits for.
type partner struct {
	Plain, Secure string // base URLs, without a slash at the end
	window        atomic.Pointer[window]
}

// startPartner listens on loopback until the program ends.
func startPartner(certificate tls.Certificate) (*partner, error) {
	p := new(partner)
	p.observe(new(window))
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.Plain = "http://" + plain.Addr().String()
	p.Secure = fmt.Sprintf("https://localhost:%d", secure.Addr().(*net.TCPAddr).Port)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}}
	go p.accept(plain, false)
	go p.accept(tls.NewListener(secure, config), true)
	return p, nil
}

// observe has w see the requests from now on.
func (p *partner) observe(w *window) { p.window.Store(w) }

func (p *partner) accept(l net.Listener, secure bool) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go p.serve(conn, secure)
	}
}

func (p *partner) serve(conn net.Conn, secure bool) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	var head []byte
	last := new(window)
	for {
		var length int
		var err error
		if head, length, err = readHead(in, head[:0]); err != nil {
			return
		}
		w := p.window.Load()
		if w != last {
			w.connections.Add(1)
			last = w
		}
		body, err := readBody(in, length, w.next())
		if err != nil {
			return
		}
		if body != nil {
			w.keep(sample{Head: bytes.Clone(head), Body: body, Secure: secure, At: time.Now()})
		}
		if _, err := conn.Write(answer(time.Now())); err != nil {
			return
		}
	}
}

const chunked = -1 // the length of a body that tells where it ends

// readHead appends a request's head, with the empty line, to head.
func readHead(in *bufio.Reader, head []byte) (_ []byte, length int, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return head, 0, err
		}
		head = append(head, line...)
		if len(line) <= 2 {
			return head, length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch value = bytes.TrimSpace(value); {
		case len(name) == len("content-length") && bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return head, 0, err
			}
		case len(name) == len("transfer-encoding") && bytes.EqualFold(name, []byte("transfer-encoding")):
			if !bytes.EqualFold(value, []byte("chunked")) {
				return head, 0, errors.New("an unknown transfer encoding")
			}
			length = chunked
		}
	}
}

// readBody returns the body that it reads, never nil, if it shall be kept.
func readBody(in *bufio.Reader, length int, keep bool) (body []byte, err error) {
	if length == chunked {
		return readChunked(in, keep)
	}
	if keep {
		body = make([]byte, length)
		_, err = io.ReadFull(in, body)
		return body, err
	}
	_, err = in.Discard(length)
	return nil, err
}

func readChunked(in *bufio.Reader, keep bool) (body []byte, err error) {
	chunks := httputil.NewChunkedReader(in)
	if keep {
		body, err = io.ReadAll(chunks)
	} else {
		_, err = io.Copy(io.Discard, chunks)
	}
	if err == nil {
		_, err = in.Discard(len("\r\n")) // no trailers
	}
	return body, err
}
