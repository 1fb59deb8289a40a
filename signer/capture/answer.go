package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 1 << 20

// An unusable answer is given to the client as it came.
type unusable struct {
	kind Kind
	error
}

// readAnswer reads an answer that is JSON. Whatever it returns, res.Body then
// has every byte that came.
func readAnswer(res *http.Response) ([]byte, *unusable) {
	if coding := strings.Join(res.Header["Content-Encoding"], ","); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, &unusable{Encoded, errors.New("the answer is compressed, although that was not asked for; its token is not stored")}
	}
	if !isJSON(res.Header.Get("Content-Type")) || res.Body == nil {
		return nil, &unusable{Unreadable, errors.New("the answer is not JSON by its Content-Type; its token, if it has one, is not stored")}
	}
	tooLarge := &unusable{TooLarge, errors.New("the answer is longer than 1 MiB; its token is not stored")}
	if res.ContentLength > maxAnswer {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	rest := io.Reader(res.Body)
	if err != nil {
		rest = failing{err} // reading on may not fail the same way
	}
	res.Body = &replay{io.MultiReader(bytes.NewReader(body), rest), res.Body}
	switch {
	case err != nil:
		return nil, &unusable{Unreadable, errors.New("the answer broke off; its token is not stored")}
	case len(body) > maxAnswer:
		return nil, tooLarge
	case !json.Valid(body):
		return nil, &unusable{Unreadable, errors.New("the answer is not valid JSON; its token, if it has one, is not stored")}
	}
	return body, nil
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return false
	}
	return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

// A replay is an answer's body that was read and can be read again.
type replay struct {
	io.Reader
	io.Closer
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// replaceBody puts another body in the place of one that was read. Its length
// is told where the other's was, and what was computed over that one goes.
func replaceBody(res *http.Response, body []byte) {
	res.Body = &replay{bytes.NewReader(body), res.Body}
	if res.ContentLength >= 0 {
		res.ContentLength = int64(len(body))
	}
	if res.Header["Content-Length"] != nil {
		res.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	for _, name := range []string{"Content-Digest", "Repr-Digest", "Digest", "Content-Md5", "Etag"} {
		delete(res.Header, name)
		delete(res.Trailer, name)
	}
}
