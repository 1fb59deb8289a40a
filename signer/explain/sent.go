package explain

import (
	"encoding/base64"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"unicode/utf8"

	"github.com/partnersign/partnersign/signer/message"
)

// sent is req as net/http writes it, from the very bytes.
func (r *Recorder) sent(req *http.Request) (*Sent, error) {
	out := req.Clone(req.Context())
	// The address to dial is not sent, and may be none that a URL can have.
	out.URL = &url.URL{Scheme: "http", Host: "partner.invalid", Path: req.URL.Path, RawPath: req.URL.RawPath,
		RawQuery: req.URL.RawQuery, ForceQuery: req.URL.ForceQuery}
	wire, err := httputil.DumpRequestOut(out, true)
	if err != nil {
		return nil, err
	}
	m, err := message.ParseRaw(wire)
	if err != nil {
		return nil, err
	}
	s := &Sent{Line: m.Method + " " + m.Target + " HTTP/1.1", Body: r.body(m.Body)}
	s.Headers = message.Fields{{"Host", m.Authority}}
	for _, line := range m.Header {
		s.Headers = append(s.Headers, [2]string{line[0], r.mask.Text(line[1])})
	}
	return s, nil
}

// signatures are those in the bodies of calls: each is another one, and good for
// a write.
var signatures = regexp.MustCompile(`"signature":"([A-Za-z0-9_-]+)"`)

func (r *Recorder) body(data []byte) Body {
	if !utf8.Valid(data) {
		return Body{Base64: base64.StdEncoding.EncodeToString(data)}
	}
	text := string(data)
	if len(r.making) > 1 {
		text = signatures.ReplaceAllStringFunc(text, func(found string) string {
			return `"signature":"` + lengthOf(signatures.FindStringSubmatch(found)[1]) + `"`
		})
	}
	return Body{Text: r.mask.Text(text)}
}
