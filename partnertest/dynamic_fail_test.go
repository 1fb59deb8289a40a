package partnertest

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
)

// failing is a Fail that lets the calls of one stage fail while it is armed.
type failing[S comparable] struct {
	stage   S
	failure Failure
	armed   atomic.Bool
}

func (f *failing[S]) fail(stage S, n int, seen *Request) Failure {
	if stage == f.stage && f.armed.Load() && n > 0 && seen != nil {
		return f.failure
	}
	return Failure{}
}

// TestDynamicFail: each stage fails in each way, and is as always afterwards.
func TestDynamicFail(t *testing.T) {
	for _, stage := range []DynamicStage{DynamicServerCall, DynamicMintCall, DynamicStepCall, DynamicReadCall} {
		for _, failure := range []Failure{{Status: 429, RetryAfter: "7"}, {Status: 503}, {Body: "<html>"}, {Status: 502, Code: "odd"}, {End: Close}} {
			t.Run(fmt.Sprintf("%s %+v", stage, failure), func(t *testing.T) {
				f := &failing[DynamicStage]{stage: stage, failure: failure}
				c := newDynamicCaller(t, DynamicOptions{Fail: f.fail})
				path, _ := c.flow()
				send := func() (callAnswer, error) {
					request := map[DynamicStage][]string{
						DynamicServerCall: {"POST", "/server" + dynamicEnv + "/flow/deposit", "{}", "Authorization", "Bearer " + dynamicToken},
						DynamicMintCall:   {"POST", path + "/source", "{}"},
						DynamicStepCall:   {"POST", path + "/cancel", "{}", flowHeader, c.attachIf(stage == DynamicStepCall, path)},
						DynamicReadCall:   {"GET", path, ""},
					}[stage]
					f.armed.Store(!f.armed.Load())
					return sendTo(c.Client(), c.request(request[0], request[1], request[2], request[3:]...))
				}
				answer, err := send()
				switch {
				case failure.End != GoOn:
					if err == nil {
						t.Errorf("answered %s", answer.text)
					}
				case err != nil:
					t.Fatal(err)
				case answer.StatusCode != max(200, failure.Status) || answer.Header.Get("Retry-After") != failure.RetryAfter:
					t.Errorf("answered %d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
				case failure.Body != "" && answer.text != failure.Body, failure.Code != "" && answer.object["code"] != failure.Code:
					t.Errorf("answered %s", answer.text)
				}
				if answer, err := send(); err != nil || answer.StatusCode > 201 || len(c.Refusals()) != 0 {
					t.Errorf("then %v %d %s, %v", err, answer.StatusCode, answer.text, c.Refusals())
				}
			})
		}
	}
}

// attachIf attaches a source, again where there is one.
func (c *dynamicCaller) attachIf(wanted bool, path string) string {
	if !wanted {
		return ""
	}
	if alive := c.SessionToken(path[strings.LastIndex(path, "/")+1:]); alive != "" {
		return alive
	}
	return c.attach(path)
}

// TestDynamicShapes: answers are compressed, in chunks and large, as asked for.
func TestDynamicShapes(t *testing.T) {
	for _, failure := range []Failure{{Gzip: true}, {Chunked: true}, {Padding: 2 << 20}, {Gzip: true, Chunked: true, Padding: 2 << 20}} {
		f := &failing[DynamicStage]{stage: DynamicMintCall, failure: failure}
		c := newDynamicCaller(t, DynamicOptions{Options: Options{Protocols: []string{"http/1.1"}}, Fail: f.fail})
		path, id := c.flow()
		f.armed.Store(true)
		answer := answeredWith(t, c.call("POST", path+"/source", `{}`, "Accept-Encoding", "identity"), 200)
		if (answer.Header.Get("Content-Encoding") == "gzip") != failure.Gzip || (answer.ContentLength == -1) != failure.Chunked {
			t.Errorf("%+v: %v, length %d", failure, answer.Header, answer.ContentLength)
		}
		text := answer.text
		if failure.Gzip {
			reader, err := gzip.NewReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			whole, err := io.ReadAll(reader)
			if text = string(whole); err != nil {
				t.Fatal(err)
			}
		}
		var object struct{ SessionToken string }
		if err := json.Unmarshal([]byte(text), &object); err != nil || object.SessionToken != c.SessionToken(id) || len(text) < failure.Padding {
			t.Errorf("%+v: %v, %d bytes, token %q", failure, err, len(text), object.SessionToken)
		}
	}
}

// TestDynamicLostToken: a token that was minted and not told is alive.
func TestDynamicLostToken(t *testing.T) {
	f := &failing[DynamicStage]{stage: DynamicMintCall, failure: Failure{After: true, Body: "<html>"}}
	c := newDynamicCaller(t, DynamicOptions{Fail: f.fail})
	path, id := c.flow()
	f.armed.Store(true)
	if answer := c.call("POST", path+"/source", `{}`); answer.text != "<html>" || c.SessionToken(id) == "" {
		t.Errorf("answered %s, and %q is alive", answer.text, c.SessionToken(id))
	}
}
