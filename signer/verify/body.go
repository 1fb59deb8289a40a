package verify

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
)

// A bodyVariant is a body that may have been signed, and what must have
// happened to it since.
type bodyVariant struct {
	cause string
	says  string
	data  []byte
}

// maxUnpacked bounds what is unpacked, in bytes.
const maxUnpacked = 64 << 20

// bodies are what a body may have been.
func bodies(data []byte) (all []bodyVariant) {
	add := func(cause, says string, variant []byte) {
		if variant != nil && !bytes.Equal(variant, data) {
			all = append(all, bodyVariant{cause, says, variant})
		}
	}
	const json1 = "something on the way has written the JSON anew"
	add("body-compressed", "the digest is over the body before it was compressed, and what is sent is compressed", unpacked(data))
	if json.Valid(data) {
		add("body-reserialised", json1+": it was compact", compact(data))
		for _, indent := range []string{"  ", "    ", "\t"} {
			add("body-reserialised", json1+": it was indented", indented(data, indent))
			add("body-reserialised", json1+": it was indented", append(indented(data, indent), '\n'))
		}
		add("body-reserialised", json1+": it had spaces behind commas and colons", spaced(compact(data)))
		add("body-reserialised", json1+": its names were sorted", sorted(data, false))
		add("body-reserialised", json1+": <, > and & were escaped", sorted(data, true))
		add("body-reserialised", json1+": / was escaped", bytes.ReplaceAll(data, []byte("/"), []byte(`\/`)))
		add("body-reserialised", json1+": / was not escaped", bytes.ReplaceAll(data, []byte(`\/`), []byte("/")))
	}
	add("body-whitespace", "something has added a line break at the end of the body", bytes.TrimRight(data, "\r\n"))
	add("body-whitespace", "something has removed a line break from the end of the body", append(bytes.Clone(data), '\n'))
	add("body-whitespace", "something has removed a line break from the end of the body", append(bytes.Clone(data), "\r\n"...))
	add("body-whitespace", "something has changed CR LF to LF", bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")))
	add("body-whitespace", "something has changed LF to CR LF", bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	add("body-encoding", "something has added a byte order mark", bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if decoded, err := base64.StdEncoding.DecodeString(string(data)); err == nil && len(data) > 0 {
		add("body-encoding", "the body was captured in base64", decoded)
	}
	add("body-missing", "the body was added later: an empty one was signed", []byte{})
	return all
}

func compact(data []byte) []byte {
	var b bytes.Buffer
	_ = json.Compact(&b, data) // it is valid
	return b.Bytes()
}

func indented(data []byte, indent string) []byte {
	var b bytes.Buffer
	_ = json.Indent(&b, data, "", indent)
	return b.Bytes()
}

// spaced is how Python's json.dumps writes JSON.
func spaced(data []byte) []byte {
	var b bytes.Buffer
	quoted := false
	for i, c := range data {
		b.WriteByte(c)
		switch {
		case c == '"' && !escaped(data[:i]):
			quoted = !quoted
		case !quoted && (c == ',' || c == ':'):
			b.WriteByte(' ')
		}
	}
	return b.Bytes()
}

// escaped reports whether what follows is escaped.
func escaped(before []byte) bool {
	return (len(before)-len(strings.TrimRight(string(before), `\`)))%2 == 1
}

// sorted is how Go writes a JSON object that it has read.
func sorted(data []byte, escapeHTML bool) []byte {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	if enc.Encode(value) != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// unpacked is a body of gzip or deflate; nil: it is none.
func unpacked(data []byte) []byte {
	var r io.Reader
	var err error
	if r, err = gzip.NewReader(bytes.NewReader(data)); err != nil {
		if r, err = zlib.NewReader(bytes.NewReader(data)); err != nil {
			return nil
		}
	}
	whole, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
	if err != nil {
		return nil
	}
	return whole
}
