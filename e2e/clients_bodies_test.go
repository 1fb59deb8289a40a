package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/url"
	"testing"
)

// A submission is what every body of the clients says.
type submission struct {
	fields   map[string]string
	document []byte // in multipart only
}

var clientFields = map[string]string{"amount": "12.50", "to": "Zoë & Söhne"}

// clientDocument has every byte, and more of them than a window of HTTP/2.
var clientDocument = func() []byte {
	document := make([]byte, 1<<20+1)
	for i := range document {
		document[i] = byte(i ^ i>>8)
	}
	return document
}()

// same checks that a body says this, read by code that is not the client's.
func (s submission) same(t *testing.T, contentType string, body []byte) {
	t.Helper()
	got, err := readSubmission(contentType, body)
	if err != nil {
		t.Errorf("the partner cannot read %s: %v", contentType, err)
		return
	}
	if !maps.Equal(got.fields, s.fields) || !bytes.Equal(got.document, s.document) {
		t.Errorf("the partner read %v and a document of %d bytes", got.fields, len(got.document))
	}
}

func readSubmission(contentType string, body []byte) (submission, error) {
	got := submission{fields: map[string]string{}}
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return got, err
	}
	switch media {
	case "application/json":
		err = json.Unmarshal(body, &got.fields)
	case "application/x-www-form-urlencoded":
		var values url.Values
		values, err = url.ParseQuery(string(body))
		for name := range values {
			got.fields[name] = values.Get(name)
		}
	case "multipart/form-data":
		err = got.readParts(multipart.NewReader(bytes.NewReader(body), parameters["boundary"]))
	default:
		err = fmt.Errorf("no client sends that")
	}
	return got, err
}

func (s *submission) readParts(parts *multipart.Reader) error {
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		switch {
		case part.FileName() == "":
			s.fields[part.FormName()] = string(content)
		case part.FileName() == "invoice.pdf" && part.Header.Get("Content-Type") == "application/pdf":
			s.document = content
		default:
			return fmt.Errorf("the part %v", part.Header)
		}
	}
}
