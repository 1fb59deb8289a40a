package message

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// ParseHAR reads the requests of an HTTP archive, as browsers and proxies save
// one.
func ParseHAR(data []byte) ([]*Request, error) {
	var archive struct {
		Log struct {
			Entries []struct {
				Request harRequest `json:"request"`
			} `json:"entries"`
		} `json:"log"`
	}
	if err := json.Unmarshal(data, &archive); err != nil || len(archive.Log.Entries) == 0 {
		return nil, errors.New("this is no HTTP archive: it has no log.entries")
	}
	var requests []*Request
	for _, entry := range archive.Log.Entries {
		r, err := entry.Request.request()
		if err != nil {
			return nil, err
		}
		requests = append(requests, r)
	}
	return requests, nil
}

type harRequest struct {
	Method  string `json:"method"`
	URL     string `json:"url"`
	Headers []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"headers"`
	PostData struct {
		Text     string `json:"text"`
		Encoding string `json:"encoding"`
	} `json:"postData"`
}

func (h *harRequest) request() (*Request, error) {
	r := &Request{Method: h.Method}
	if err := r.SetURL(h.URL); err != nil {
		return nil, err
	}
	for _, header := range h.Headers {
		switch strings.ToLower(header.Name) {
		case ":method", ":path", ":scheme": // the URL has told
		default:
			r.add(header.Name, header.Value)
		}
	}
	r.Body = []byte(h.PostData.Text)
	if h.PostData.Encoding == "base64" {
		body, err := base64.StdEncoding.DecodeString(h.PostData.Text)
		if err != nil {
			return nil, errors.New("a body of the archive is not base64")
		}
		r.Body = body
	}
	return r, nil
}
