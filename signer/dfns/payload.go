package dfns

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"unicode/utf8"

	"github.com/partnersign/partnersign/signer"
)

// initBody is the body of POST /auth/action/init for r: what a user action is
// asked for.
func initBody(r *signer.Request) ([]byte, error) {
	payload, err := actionPayload(r)
	if err != nil {
		return nil, err
	}
	body := make([]byte, 0, len(payload)+len(payload)/4+256) // room for the quotes of JSON
	body = append(body, `{"userActionPayload":`...)
	body = appendString(body, payload)
	body = append(body, `,"userActionHttpMethod":`...)
	body = appendString(body, r.Method)
	body = append(body, `,"userActionHttpPath":`...)
	body = appendString(body, r.Path)
	return append(body, `,"userActionServerKind":"Api"}`...), nil
}

// actionPayload is the text that a user action authorises: the body as it is
// sent or, of a form with files, its part data.
func actionPayload(r *signer.Request) (payload []byte, err error) {
	payload = bodyOf(r)
	if contentType := r.Header.Get("Content-Type"); strings.HasPrefix(strings.ToLower(contentType), formType) {
		if payload, err = dataPart(payload, contentType); err != nil {
			return nil, signer.BodyUnusable.Problem("of %s, Dfns authorises the text of the one part data, and %v", formType, err)
		}
	}
	if !utf8.Valid(payload) {
		return nil, signer.BodyUnusable.Problem("Dfns authorises text, and the body is not UTF-8; send JSON in UTF-8")
	}
	return payload, nil
}

const formType = "multipart/form-data"

// dataPart is the part of a form that has the name data, as it is sent. Of two,
// one might be authorised and the other carried out.
func dataPart(body []byte, contentType string) (data []byte, _ error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, errForm
	}
	form, found := multipart.NewReader(bytes.NewReader(body), params["boundary"]), false
	for {
		part, err := form.NextRawPart() // NextPart would decode it
		switch {
		case err == io.EOF && found:
			return data, nil
		case err == io.EOF:
			return nil, errors.New("there is none in the body")
		case err != nil:
			return nil, errForm
		case part.FormName() != "data":
			continue
		case found:
			return nil, errors.New("there are two in the body")
		}
		if data, err = io.ReadAll(part); err != nil {
			return nil, errForm
		}
		found = true
	}
}

var errForm = errors.New("the form is malformed")
