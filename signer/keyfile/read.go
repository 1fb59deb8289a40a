package keyfile

import (
	"bytes"
	"encoding/asn1"
	"strconv"
	"strings"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// Read tells what a file holds, and at least one thing. Nothing that it returns
// quotes a secret, and a terminal can show all of it.
func Read(content []byte, now time.Time) (items []Item) {
	text := bytes.TrimSpace(content)
	switch {
	case len(text) == 0:
		items = []Item{{Kind: Nothing, Problem: "it is empty: write the key or the token into it"}}
	case text[0] == '{':
		items = readJSON(text)
	case bytes.Contains(text, pemBegin):
		items = readPEM(text)
	case isDER(content):
		items = []Item{{Kind: Opaque, Problem: "this is binary, as DER and PKCS #12 are: convert a key in DER with `openssl pkey -inform DER -in FILE -out NEW`, PKCS #12 with `openssl pkcs12 -in FILE -nodes -out NEW`"}}
	default:
		items = []Item{readToken(content)}
	}
	for i := range items {
		items[i].checkTimes(now)
	}
	return items
}

// isDER reports whether all of content is one SEQUENCE, as keys in DER are. Text
// may begin like one.
func isDER(content []byte) bool {
	var whole asn1.RawValue
	rest, err := asn1.Unmarshal(content, &whole)
	return err == nil && len(rest) == 0 && whole.Tag == asn1.TagSequence && keys.CheckSecretContent(content) != nil
}

// maxShown is how much of a name from a file is shown, in bytes.
const maxShown = 200

// Printable is a name of others as a terminal may show it: cut when it is long,
// in quotation marks when it holds what cannot be printed.
func Printable(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r == '\uFFFD' || !strconv.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
