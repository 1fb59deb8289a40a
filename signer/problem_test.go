package signer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/partnersign/partnersign/signer"
)

// Clients rely on the type of a problem, monitoring on its Proxy-Status.
func TestKinds(t *testing.T) {
	want := map[string]int{
		"invalid-request": 400, "client-unauthenticated": 401, "not-allowed": 403, "browser-refused": 403, "body-too-large": 413,
		"body-unusable": 415, "wrong-host": 421, "too-early": 425, "partner-failed": 502, "partner-unreachable": 502, "partner-untrusted": 502,
		"credential-unavailable": 503, "signing-failed": 503, "memory-exhausted": 503, "too-slow": 504, "loop-detected": 508,
	}
	// RFC 9209 section 2.3, as far as we use it.
	errorTypes := regexp.MustCompile("^(http_request_error|http_request_denied|connection_terminated|destination_unavailable|" +
		"tls_certificate_error|proxy_configuration_error|proxy_internal_error|http_response_timeout|proxy_loop_detected)$")
	page, err := os.ReadFile("../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range signer.Kinds() {
		if !strings.Contains(string(page), fmt.Sprintf("\n## %s\n%d.", kind.Name, kind.Status)) && !strings.Contains(string(page), fmt.Sprintf("\n## %s\n%d,", kind.Name, kind.Status)) {
			t.Errorf("docs/problems.md does not explain %s", kind.Name)
		}
		if want[kind.Name] != kind.Status {
			t.Errorf("%s is %d", kind.Name, kind.Status)
		}
		delete(want, kind.Name)
		if kind.Title == "" || !errorTypes.MatchString(kind.ProxyError) {
			t.Errorf("%+v", kind)
		}
		status, err := httpsfv.UnmarshalList([]string{kind.Problem("").ProxyStatus()})
		if err != nil || len(status) != 1 {
			t.Fatalf("Proxy-Status %s: %v", kind.Problem("").ProxyStatus(), err)
		}
		item := status[0].(httpsfv.Item)
		if name, _ := item.Params.Get("error"); item.Value != httpsfv.Token("partnersign") || name != httpsfv.Token(kind.ProxyError) {
			t.Errorf("Proxy-Status %s", kind.Problem("").ProxyStatus())
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestProblemAsAnswer(t *testing.T) {
	p := signer.NotAllowed.Problem("no <rule> allows %q", "DELETE").Because(errBroken)
	p.RetryAfter = 1500 * time.Millisecond
	req := must(http.NewRequest("GET", "/", nil))
	answer := p.Response(req, "acme")
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Cache-Control", "public")
	p.Write(recorder, "acme")

	const body = `{"type":"https://github.com/partnersign/partnersign/blob/main/docs/problems.md#not-allowed",` +
		`"title":"The call is not allowed","status":403,"detail":"no <rule> allows \"DELETE\"","partner":"acme"}` + "\n"
	for _, res := range []*http.Response{answer, recorder.Result()} {
		wantHeaders(t, res.Header, http.Header{
			"Content-Type": {"application/problem+json"}, "Content-Length": {"196"}, "Cache-Control": {"no-store"},
			"Proxy-Status": {"partnersign; error=http_request_denied"}, "Retry-After": {"2"},
		})
		if got := must(io.ReadAll(res.Body)); res.Status != "403 Forbidden" || string(got) != body || res.ContentLength != int64(len(body)) {
			t.Errorf("%s, %d bytes: %s", res.Status, res.ContentLength, got)
		}
	}
	if answer.Request != req || answer.Proto != "HTTP/1.1" || answer.ProtoMajor != 1 || answer.ProtoMinor != 1 {
		t.Errorf("%+v", answer)
	}
}

func TestProblemWithoutPartner(t *testing.T) {
	res := signer.ClientUnauthenticated.Problem("who?").Response(nil, "")
	var members map[string]any
	if err := json.NewDecoder(res.Body).Decode(&members); err != nil || members["partner"] != nil || len(members) != 4 {
		t.Errorf("%v, %v", members, err)
	}
	if res.Header.Get("WWW-Authenticate") == "" || res.Header["Retry-After"] != nil {
		t.Errorf("%v", res.Header)
	}
}

// The cause is for the log, and the client never sees it.
func TestProblemCause(t *testing.T) {
	p := signer.SigningFailed.Problem("ask the log").Because(errBroken)
	if !errors.Is(p, errBroken) || p.Error() != "signing-failed: ask the log: broken" {
		t.Errorf("%v", p)
	}
	res := p.Response(nil, "")
	wantAnswer(t, res, nil, 503, string(must(io.ReadAll(signer.SigningFailed.Problem("ask the log").Response(nil, "").Body))))
	if text := signer.SigningFailed.Problem("ask the log").Error(); text != "signing-failed: ask the log" {
		t.Error(text)
	}
}
