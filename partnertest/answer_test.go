package partnertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestAnswer(t *testing.T) {
	partner := New(t, Options{
		Require: Require{Bearer: "token-canary"},
		Answer: func(w http.ResponseWriter, r *http.Request, seen *Request, verdict Verdict) bool {
			if r.URL.Path != "/own" {
				return false
			}
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %v", seen.Method, body, verdict.OK)
			return true
		},
	})
	if _, text := post(t, partner.Client(), partner.URL()+"/own", "hello"); text != "POST hello false" {
		t.Errorf("answered %q", text)
	}
	request, _ := http.NewRequest("PUT", partner.URL()+"/a?b=c", strings.NewReader("<body>"))
	request.Header.Set("Authorization", "Bearer token-canary")
	res, err := partner.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	var answer struct {
		Verified bool
		Request  struct {
			Method, Target, Protocol, Body string
			Headers                        [][2]string
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	if !answer.Verified || res.StatusCode != 200 || answer.Request.Target != "/a?b=c" || answer.Request.Body != "<body>" ||
		!slices.Contains(answer.Request.Headers, [2]string{"Authorization", "Bearer ****"}) {
		t.Errorf("answered %s", text)
	}
	if bytes.Contains(text, []byte("token-canary")) {
		t.Errorf("the answer has the token: %s", text)
	}
	if got := partner.Last().Header.Get("authorization"); got != "Bearer token-canary" {
		t.Errorf("recorded %q: masking has reached the record", got)
	}
}

func TestHijack(t *testing.T) {
	partner := New(t, Options{Answer: func(w http.ResponseWriter, r *http.Request, _ *Request, _ Verdict) bool {
		conn, stream, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return false
		}
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		io.Copy(conn, stream)
		return true
	}})
	request, _ := http.NewRequest("GET", partner.URL(), nil)
	request.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}
	res, err := partner.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	stream := res.Body.(io.ReadWriter)
	io.WriteString(stream, "hello")
	echoed := make([]byte, 5)
	if _, err := io.ReadFull(stream, echoed); err != nil || string(echoed) != "hello" {
		t.Errorf("echoed %q, %v", echoed, err)
	}
	partner.Close() // although the client still holds its end
	if seen := partner.Requests(); len(seen) != 1 || seen[0].Err != "" {
		t.Errorf("recorded %d requests", len(seen))
	}
}

func TestMask(t *testing.T) {
	base := "\"@method\": GET\n\"authorization\": Bearer canary\n\"authorization\";bs: :Y2FuYXJ5:\n\"x\": Bearer shown"
	if got, want := MaskBase(base), "\"@method\": GET\n\"authorization\": Bearer ****\n\"authorization\";bs: ****\n\"x\": Bearer shown"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	head := "GET / HTTP/1.1\r\nAUTHORIZATION:Basic canary\r\nX: y"
	if got, want := MaskHead(head), "GET / HTTP/1.1\r\nAUTHORIZATION: Basic ****\r\nX: y"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
