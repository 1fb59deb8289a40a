package signer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// objectAt is the object at a JSON pointer into the body of r, a part of it, or
// why there is none.
func objectAt(r *Request, pointer string) (object []byte, fault string) {
	if fault := notJSON(r.Header); fault != "" {
		return nil, fault
	}
	if r.Body.Len() == 0 {
		return nil, "it is empty"
	}
	body := r.Body.Bytes()
	if !json.Valid(body) || !utf8.Valid(body) { // the former lets strings be of any bytes
		return nil, "it is not JSON"
	}
	if object = valueAt(body, pointer); object == nil || object[0] != '{' {
		return nil, "it has no object there"
	}
	return object, ""
}

// notJSON says why a body with these headers is not to be read as JSON, or "".
func notJSON(h http.Header) string {
	types := h["Content-Type"]
	switch {
	case len(h["Content-Encoding"]) > 0:
		return "it has a Content-Encoding"
	case len(types) != 1:
		return "it has no Content-Type, or more than one"
	case types[0] == "application/json":
		return ""
	}
	name, params, err := mime.ParseMediaType(types[0])
	if err != nil || name != "application/json" && !strings.HasSuffix(name, "+json") {
		return "its Content-Type is not that of JSON"
	}
	switch strings.ToLower(params["charset"]) {
	case "", "utf-8", "utf8": // the last is wrong, and common
		return ""
	}
	return "its charset is not UTF-8"
}

// insertLast inserts a field, which begins with a comma, into an object in the
// body of r, behind the last one there is. What was before the brace stays so.
func insertLast(r *Request, object, field []byte) error {
	head := bytes.TrimRight(object[:len(object)-1], " \t\r\n")
	if len(head) == len("{") {
		field = field[1:]
	}
	// What is cut out of the body ends, with its capacity, where the body does.
	at := cap(r.Body.Bytes()) - cap(head) + len(head)
	return r.InsertBody(at, field)
}

// appendJSON appends s, which is UTF-8, as a JSON string.
func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
