package httpsig

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/dunglas/httpsfv"
)

// fieldTypes are the types of registered structured fields. Values of other
// fields are read as an item, a list or a dictionary, whichever fits first.
var fieldTypes = map[string]func([]string) (httpsfv.StructuredFieldValue, error){
	"cache-status":        asList,
	"proxy-status":        asList,
	"client-cert-chain":   asList,
	"accept-ch":           asList,
	"content-digest":      asDictionary,
	"repr-digest":         asDictionary,
	"want-content-digest": asDictionary,
	"want-repr-digest":    asDictionary,
	"priority":            asDictionary,
	"cdn-cache-control":   asDictionary,
	"accept-signature":    asDictionary,
	"signature":           asDictionary,
	"signature-input":     asDictionary,
	"signature-agent":     asDictionary,
	"client-cert":         asItem,
	"idempotency-key":     asItem,
}

func asItem(lines []string) (httpsfv.StructuredFieldValue, error) {
	return httpsfv.UnmarshalItem(lines)
}
func asList(lines []string) (httpsfv.StructuredFieldValue, error) {
	return httpsfv.UnmarshalList(lines)
}
func asDictionary(lines []string) (httpsfv.StructuredFieldValue, error) {
	return httpsfv.UnmarshalDictionary(lines)
}

// strict is the strict serialisation of a structured field (RFC 9421 section 2.1.1).
func strict(name string, lines []string) (string, error) {
	if parse, ok := fieldTypes[name]; ok {
		v, err := parse(lines)
		if err != nil {
			return "", err
		}
		return marshal(v)
	}
	for _, parse := range []func([]string) (httpsfv.StructuredFieldValue, error){asItem, asList, asDictionary} {
		if v, err := parse(lines); err == nil {
			return marshal(v)
		}
	}
	return "", errors.New("it is not a structured field")
}

var errNoMember = errors.New("it has no such member")

// memberOf is one member of a dictionary (RFC 9421 section 2.1.2).
func memberOf(lines []string, key string) (string, error) {
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return "", errors.New("it is not a dictionary")
	}
	member, ok := dictionary.Get(key)
	if !ok {
		return "", errNoMember
	}
	return marshal(member.(httpsfv.StructuredFieldValue))
}

// appendWrapped appends each line as a byte sequence (RFC 9421 section 2.1.3).
func appendWrapped(dst []byte, lines []string) []byte {
	for i, line := range lines {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, ':')
		dst = base64.StdEncoding.AppendEncode(dst, []byte(trimSpace(line)))
		dst = append(dst, ':')
	}
	return dst
}

func trimSpace(s string) string { return strings.Trim(s, " \t") }
