package caddymodule_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
)

// A partnerBody is the body of an answer, and knows whether it was closed.
type partnerBody struct {
	io.Reader
	closed bool
}

func (b *partnerBody) Close() error {
	b.closed = true
	return nil
}

// readFunc is a function that is an io.Reader.
type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func answerOf(body io.ReadCloser, length int64) *http.Response {
	return &http.Response{
		StatusCode: 200, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"X-A": {"a"}, "Content-Type": {"text/plain"}}, Body: body, ContentLength: length,
	}
}

// A failingWriter is a client's connection that has ended.
type failingWriter struct{ http.ResponseWriter }

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// The partner's body is closed however the answer ends, and a half one is
// aborted.
func TestDirectClosesTheBody(t *testing.T) {
	half := io.MultiReader(strings.NewReader("ok"), readFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }))
	for name, c := range map[string]struct {
		body    io.Reader
		client  func(http.ResponseWriter) http.ResponseWriter
		aborted any
	}{
		"whole":           {strings.NewReader("ok"), nil, nil},
		"half":            {half, nil, http.ErrAbortHandler},
		"the client left": {strings.NewReader("ok"), func(w http.ResponseWriter) http.ResponseWriter { return failingWriter{w} }, http.ErrAbortHandler},
		"a body panics":   {readFunc(func([]byte) (int, error) { panic("a body") }), nil, "a body"},
	} {
		body := &partnerBody{Reader: c.body}
		server := answeredBy(t, "", func(*http.Request) (*http.Response, error) { return answerOf(body, 2), nil })
		recorder := httptest.NewRecorder()
		var client http.ResponseWriter = recorder
		if c.client != nil {
			client = c.client(recorder)
		}
		func() {
			defer func() {
				if got := recover(); got != c.aborted {
					t.Errorf("%s: ended with %v, want %v", name, got, c.aborted)
				}
			}()
			server.ServeHTTP(client, asked("GET", ""))
		}()
		if !body.closed {
			t.Errorf("%s: the body stays open", name)
		}
		if name == "half" && (recorder.Body.String() != "ok" || !recorder.Flushed) {
			t.Errorf("of the half answer the client has %q, flushed %v", recorder.Body, recorder.Flushed)
		}
	}
}

// A handler's writer that cannot flush passes events on all the same.
func TestDirectWithoutFlush(t *testing.T) {
	server := answeredBy(t, "", func(*http.Request) (*http.Response, error) {
		return answerOf(io.NopCloser(strings.NewReader("ok")), -1), nil
	})
	recorder := httptest.NewRecorder()
	server.ServeHTTP(struct{ http.ResponseWriter }{recorder}, asked("GET", ""))
	if recorder.Body.String() != "ok" {
		t.Errorf("the client has %d %q", recorder.Code, recorder.Body)
	}
}

// An interimWriter keeps the interim answers.
type interimWriter struct {
	*httptest.ResponseRecorder
	interim []http.Header
}

func (w *interimWriter) WriteHeader(status int) {
	if status < 200 {
		w.interim = append(w.interim, w.Header().Clone())
		return
	}
	w.ResponseRecorder.WriteHeader(status)
}

// An interim answer that comes when RoundTrip has returned is too late, and
// changes nothing of the final one.
func TestDirectLateInterimAnswers(t *testing.T) {
	for name, err := range map[string]error{"answered": nil, "failed": errors.New("the connection has ended")} {
		var trace *httptrace.ClientTrace
		hint := textproto.MIMEHeader{"Link": {"</a>"}}
		server := answeredBy(t, "", func(req *http.Request) (*http.Response, error) {
			trace = httptrace.ContextClientTrace(req.Context())
			if err := trace.Got1xxResponse(103, hint); err != nil {
				t.Error(err)
			}
			if err != nil {
				return nil, err
			}
			end := readFunc(func([]byte) (int, error) {
				_ = trace.Got1xxResponse(103, hint)
				return 0, io.EOF
			})
			return answerOf(io.NopCloser(io.MultiReader(strings.NewReader("ok"), end)), -1), nil
		})
		client := &interimWriter{ResponseRecorder: httptest.NewRecorder()}
		server.ServeHTTP(client, asked("GET", ""))
		if err := trace.Got1xxResponse(103, hint); err != nil {
			t.Error(err)
		}
		if len(client.interim) != 1 || client.interim[0].Get("Link") == "" || client.Header().Get("Link") != "" {
			t.Errorf("%s: interim %v, then %v", name, client.interim, client.Header())
		}
	}
}

// Who has nothing to send sends no body, whatever Caddy has wrapped it in.
func TestDirectWithoutBody(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		answered := false
		server := answeredBy(t, "", func(req *http.Request) (*http.Response, error) {
			answered = true
			if req.Body != nil && req.Body != http.NoBody || req.ContentLength != 0 || req.Close || req.TransferEncoding != nil {
				t.Errorf("%s: body %T of length %d, close %v, encoding %v", method, req.Body, req.ContentLength, req.Close, req.TransferEncoding)
			}
			return answerOf(http.NoBody, 0), nil
		})
		req := asked(method, "")
		req.Close, req.TransferEncoding = true, []string{"chunked"}
		req.Body = io.NopCloser(strings.NewReader("")) // not http.NoBody
		server.ServeHTTP(httptest.NewRecorder(), req)
		if !answered || req.Body == nil || !req.Close {
			t.Errorf("%s: answered %v, and the client's request has changed", method, answered)
		}
	}
}
