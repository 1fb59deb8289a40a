package partnertest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// errIncomplete: the bytes end before the request does.
var errIncomplete = errors.New("the connection ended before the request did")

// parseWire reads the first request of HTTP/1.1 in wire (RFC 9112) and returns how
// many bytes it takes. It is stricter than net/http: lines end in CR LF, and the body
// has one framing. On errors the request has what was understood.
func parseWire(wire []byte) (*Request, int, error) {
	r := &Request{}
	end := bytes.Index(wire, []byte("\r\n\r\n"))
	if end < 0 {
		if bytes.Contains(wire, []byte("\n\n")) || bytes.Contains(wire, []byte("\n\r\n")) {
			return r, len(wire), errors.New("the lines of the head do not end in CR LF")
		}
		return r, len(wire), errIncomplete
	}
	if err := r.parseHead(string(wire[:end])); err != nil {
		return r, len(wire), err
	}
	start := end + len("\r\n\r\n")
	size, err := r.parseBody(wire[start:])
	return r, start + size, err
}

// parseHead reads the request line and the field lines (RFC 9112, sections 3 and 5).
func (r *Request) parseHead(head string) error {
	lines := strings.Split(head, "\r\n")
	for _, line := range lines {
		if strings.ContainsAny(line, "\r\n\x00") {
			return fmt.Errorf("a line of the head has a bare CR, a bare LF or a NUL: %q", line)
		}
	}
	words := strings.Split(lines[0], " ")
	if len(words) != 3 {
		return fmt.Errorf("%q is not a request line", lines[0])
	}
	r.Method, r.Target, r.Protocol = words[0], words[1], words[2]
	for _, line := range lines[1:] {
		if len(r.Header) > 0 && (line[0] == ' ' || line[0] == '\t') {
			// obs-fold, which RFC 9421, section 2.1, makes a single space.
			r.Header[len(r.Header)-1][1] += " " + trim(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return fmt.Errorf("%q is not a field line", line)
		}
		r.Header = append(r.Header, [2]string{name, trim(value)})
	}
	r.Authority = r.Header.Get("Host")
	return nil
}

// parseBody reads the content as the head frames it (RFC 9112, section 6) and returns
// how many bytes it takes.
func (r *Request) parseBody(wire []byte) (int, error) {
	codings, lengths := r.Header.Values("Transfer-Encoding"), r.Header.Values("Content-Length")
	switch {
	case len(codings) > 0 && len(lengths) > 0:
		return len(wire), errors.New("the request has both Transfer-Encoding and Content-Length")
	case len(codings) > 0:
		if len(codings) != 1 || !strings.EqualFold(codings[0], "chunked") {
			return len(wire), fmt.Errorf("Transfer-Encoding is %q, where only chunked is known", codings)
		}
		return r.parseChunks(wire)
	case len(lengths) == 0:
		return 0, nil
	}
	length, err := strconv.ParseUint(lengths[0], 10, 62)
	if err != nil || len(slices.Compact(lengths)) > 1 {
		return len(wire), fmt.Errorf("Content-Length is %q, where one number was expected", lengths)
	}
	r.Body = bytes.Clone(wire[:min(uint64(len(wire)), length)])
	if uint64(len(r.Body)) < length {
		return len(wire), errIncomplete
	}
	return len(r.Body), nil
}

// parseChunks reads a chunked body and its trailers (RFC 9112, section 7.1).
func (r *Request) parseChunks(wire []byte) (int, error) {
	rest := wire
	for {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		if !ok {
			return len(wire), errIncomplete
		}
		number, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(trim(string(number)), 16, 31)
		if err != nil {
			return len(wire), fmt.Errorf("%q is not the size of a chunk", line)
		}
		rest = after
		if size == 0 {
			break
		}
		r.Body = append(r.Body, rest[:min(uint64(len(rest)), size)]...)
		if uint64(len(rest)) < size+2 {
			return len(wire), errIncomplete
		}
		if rest = rest[size:]; !bytes.HasPrefix(rest, []byte("\r\n")) {
			return len(wire), fmt.Errorf("a chunk is longer than its size, %d", size)
		}
		rest = rest[2:]
	}
	for {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		if !ok {
			return len(wire), errIncomplete
		}
		if rest = after; len(line) == 0 {
			return len(wire) - len(rest), nil
		}
	}
}

// trim removes the white space around a field value (RFC 9110, section 5.5).
func trim(s string) string { return strings.Trim(s, " \t") }
