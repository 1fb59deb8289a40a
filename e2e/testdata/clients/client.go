// Command client sends bodies as an application of net/http does:
// client <URL> <document> <directory for what was sent>
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

var (
	fields   = map[string]string{"amount": "12.50", "to": "Zoë & Söhne"}
	document = os.Args[2]
	client   = http.Client{Transport: transport(), Timeout: time.Minute}
)

func main() {
	for _, expect := range []bool{false, true} {
		text, err := json.Marshal(fields)
		check(err)
		post("json", "application/json", text, expect)
		values := url.Values{}
		for name, value := range fields {
			values.Set(name, value)
		}
		post("form", "application/x-www-form-urlencoded", []byte(values.Encode()), expect)
		contentType, body := form()
		post("multipart", contentType, body, expect)
	}
}

// transport is net/http's own, but for one second of waiting for 100.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ExpectContinueTimeout = 30 * time.Second
	return t
}

func post(name, contentType string, body []byte, expect bool) {
	if expect {
		name += "-expect"
	}
	check(os.WriteFile(filepath.Join(os.Args[3], name), body, 0o600))
	req, err := http.NewRequest("POST", os.Args[1]+"/"+name, bytes.NewReader(body))
	check(err)
	req.Header.Set("Content-Type", contentType)
	line := name
	if expect {
		req.Header.Set("Expect", "100-continue")
		req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{Got100Continue: func() { line += " 100" }}))
	}
	res, err := client.Do(req)
	check(err)
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	check(err)
	fmt.Println(line, res.StatusCode)
}

func form() (string, []byte) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		check(w.WriteField(name, value))
	}
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="document"; filename=%q`, filepath.Base(document))},
		"Content-Type":        {"application/pdf"},
	})
	check(err)
	content, err := os.ReadFile(document)
	check(err)
	_, err = part.Write(content)
	check(err)
	check(w.Close())
	return w.FormDataContentType(), body.Bytes()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
