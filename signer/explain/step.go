package explain

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
	"github.com/partnersign/partnersign/signer/dfns"
	"github.com/partnersign/partnersign/signer/httpsig"
	"github.com/partnersign/partnersign/signer/message"
	"github.com/partnersign/partnersign/signer/token"
)

// step is what a step has done since the one before.
func (r *Recorder) step(m *making, done signer.Step) Step {
	s := Step{Name: nameOf(done), Calls: m.calls}
	m.calls = nil
	r.hideSignature(m.request, done)
	header := m.request.Header
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if !slices.Equal(m.header[name], header[name]) {
			value := r.mask.Text(strings.Join(header[name], ", "))
			s.Changes = append(s.Changes, Change{name, &value})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.header)) {
		if header[name] == nil {
			s.Changes = append(s.Changes, Change{What: name})
		}
	}
	if m.request.Body != nil && !bytes.Equal(m.body, m.request.Body.Bytes()) {
		m.body = m.request.Body.Bytes()
		value := r.mask.Text(string(m.body))
		s.Changes = append(s.Changes, Change{"body", &value})
	}
	m.header = header.Clone()
	if signing, ok := done.(interface {
		Signed(*signer.Request) (string, error)
	}); ok {
		base, err := signing.Signed(m.request)
		if err != nil {
			s.Note = err.Error()
		} else if base != "" {
			s.Base = strings.Split(r.mask.Text(base), "\n")
			s.Note = r.mask.note(base)
		}
	}
	if s.Note == "" {
		s.Note = r.mask.note(s.values())
	}
	return s
}

// values are what the step has set, one to a line.
func (s *Step) values() string {
	var b strings.Builder
	for _, c := range s.Changes {
		if c.Value != nil {
			b.WriteString(*c.Value + "\n")
		}
	}
	return b.String()
}

// nameOf is a step's name in a Caddyfile.
func nameOf(step signer.Step) string {
	switch s := step.(type) {
	case *signer.Idempotency:
		return "idempotency_key"
	case *signer.JSONField:
		return "json_field"
	case *signer.Header:
		return "header " + s.Name
	case *token.Bearers:
		return "bearer"
	case *token.Basic:
		return "basic_auth"
	case *capture.Capture:
		return "capture"
	case *dfns.App:
		return "dfns app"
	case *dfns.UserAction:
		return "dfns credential"
	case *dfns.APISignature:
		return "dfns app_key"
	case *httpsig.Digest:
		return "content_digest"
	case *httpsig.Signature:
		return "signature " + s.Label()
	}
	return fmt.Sprintf("%T", step)
}

var byteSequence = regexp.MustCompile(`=:([A-Za-z0-9+/_=-]+):$`)

// hideSignature has the length shown of what the step has signed.
func (r *Recorder) hideSignature(request *signer.Request, done signer.Step) {
	switch s := done.(type) {
	case *httpsig.Signature:
		name, _ := s.Headers()
		if found := byteSequence.FindStringSubmatch(request.Header.Get(name)); found != nil {
			r.mask.put(found[1], lengthOf(found[1]))
		}
	case *dfns.APISignature:
		for _, name := range s.Owns() {
			r.mask.put(request.Header.Get(name), lengthOf(request.Header.Get(name)))
		}
	}
}

func lengthOf(encoded string) string {
	n := base64.RawStdEncoding.DecodedLen(len(strings.TrimRight(encoded, "=")))
	return fmt.Sprintf("(%d bytes)", n)
}

// received is what is left of the client's request before the first step, and
// what was filled in.
func (r *Recorder) received(request *signer.Request) Step {
	s := Step{Name: "request"}
	target, client := Change{What: "target"}, http.Header{}
	if value := request.Target(); value != targetOf(r.explained.Input.URL) {
		target.Value = &value
		s.Changes = append(s.Changes, target)
	}
	for _, line := range r.explained.Input.Headers {
		name := textproto.CanonicalMIMEHeaderKey(line[0])
		client[name] = append(client[name], line[1])
	}
	for _, name := range slices.Sorted(maps.Keys(client)) {
		if request.Header[name] == nil {
			s.Changes = append(s.Changes, Change{What: name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(request.Header)) {
		if value := r.mask.Text(strings.Join(request.Header[name], ", ")); !slices.Equal(client[name], request.Header[name]) {
			s.Changes = append(s.Changes, Change{name, &value})
		}
	}
	return s
}

func targetOf(url string) string {
	var m message.Request
	if m.SetURL(url) != nil {
		return ""
	}
	return m.Target
}
