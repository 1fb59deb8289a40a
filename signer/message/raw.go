package message

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strconv"
	"strings"
)

// ParseRaw reads a request as text: as HTTP/1.1 has it (RFC 9112), or with the
// pseudo-header fields of HTTP/2, one to a line. Lines may end in LF alone, as
// editors save them. Without a length the body is all that follows the empty
// line.
func ParseRaw(data []byte) (*Request, error) {
	r := new(Request)
	head, body, _ := cutHead(data)
	lines := strings.Split(strings.TrimRight(string(head), "\r\n"), "\n")
	if !strings.HasPrefix(lines[0], ":") {
		words := strings.Split(strings.TrimRight(lines[0], "\r"), " ")
		if len(words) != 3 || !strings.HasPrefix(words[2], "HTTP/") {
			return nil, fmt.Errorf("the first line is %.60q, and a request begins with a line such as POST /v1/payments HTTP/1.1", lines[0])
		}
		r.Method, r.Target = words[0], words[1]
		lines = lines[1:]
	}
	for _, line := range unfold(lines) {
		if line == "" {
			continue
		}
		if err := r.AddLine(line); err != nil {
			return nil, err
		}
	}
	if r.Method == "" || r.Target == "" {
		return nil, errors.New("the request has no method or no path")
	}
	r.takeAuthority()
	return r, r.frame(body)
}

// unfold joins the lines of folded fields by a space (RFC 9421 section 2.1).
func unfold(lines []string) (fields []string) {
	for _, line := range lines {
		line = strings.TrimRight(line, "\r")
		if n := len(fields); n > 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
			fields[n-1] += " " + strings.Trim(line, " \t")
		} else {
			fields = append(fields, line)
		}
	}
	return fields
}

// takeAuthority reads an absolute target (RFC 9112 section 3.2.2).
func (r *Request) takeAuthority() {
	if scheme, rest, ok := strings.Cut(r.Target, "://"); ok && !strings.HasPrefix(r.Target, "/") {
		r.Scheme = strings.ToLower(scheme)
		r.Authority = rest
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			r.Authority = rest[:i]
		}
	}
}

// cutHead cuts at the first empty line, whatever the lines end in.
func cutHead(data []byte) (head, body []byte, ok bool) {
	crlf, lf := bytes.Index(data, []byte("\n\r\n")), bytes.Index(data, []byte("\n\n"))
	switch {
	case crlf >= 0 && (lf < 0 || crlf < lf):
		return data[:crlf], data[crlf+3:], true
	case lf >= 0:
		return data[:lf], data[lf+2:], true
	}
	return data, nil, false
}

// frame takes the body out of what follows the head.
func (r *Request) frame(rest []byte) error {
	if codings := r.Header.Values("Transfer-Encoding"); len(codings) > 0 && strings.EqualFold(codings[0], "chunked") {
		body, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(rest)))
		if err != nil {
			r.Body = rest
			r.note("the header says chunked, and the body is not: it is taken as it is")
			return nil
		}
		r.Body = body
		return nil
	}
	r.Body = rest
	lengths := r.Header.Values("Content-Length")
	if len(lengths) == 0 {
		return nil
	}
	length, err := strconv.Atoi(lengths[0])
	if err != nil || length < 0 {
		return errors.New("the Content-Length is no number")
	}
	switch extra := strings.Trim(string(rest[min(length, len(rest)):]), "\r\n"); {
	case len(rest) > length && extra == "":
		r.Body = rest[:length] // an editor's line break
	case len(rest) != length:
		r.note("Content-Length is %d, and the body has %d bytes: something has changed one of them", length, len(rest))
	}
	return nil
}

func (r *Request) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}
