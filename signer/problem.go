package signer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// ProblemBase is what the type of every problem begins with; the page behind
// it explains each of them.
const ProblemBase = "https://github.com/partnersign/partnersign/blob/main/docs/problems.md#"

// A Kind is one sort of answer of our own: its place in the documentation, its
// status, a title that never changes and the error of RFC 9209 section 2.3
// that it is reported as in Proxy-Status.
type Kind struct {
	Name       string
	Status     int
	Title      string
	ProxyError string
}

// The answers of our own. Their names are stable: clients may rely on them.
var (
	InvalidRequest        = Kind{"invalid-request", 400, "The request cannot be forwarded", "http_request_error"}
	ClientUnauthenticated = Kind{"client-unauthenticated", 401, "The caller is not known", "http_request_denied"}
	NotAllowed            = Kind{"not-allowed", 403, "The call is not allowed", "http_request_denied"}
	BrowserRefused        = Kind{"browser-refused", 403, "Browser pages may not call", "http_request_denied"}
	BodyTooLarge          = Kind{"body-too-large", 413, "The body is too large", "http_request_error"}
	BodyUnusable          = Kind{"body-unusable", 415, "The body cannot be used", "http_request_error"}
	TooEarly              = Kind{"too-early", 425, "The request can be replayed", "http_request_denied"}
	WrongHost             = Kind{"wrong-host", 421, "The Host is not served here", "http_request_denied"}
	PartnerFailed         = Kind{"partner-failed", 502, "The partner did not answer", "connection_terminated"}
	PartnerUnreachable    = Kind{"partner-unreachable", 502, "The partner cannot be reached", "destination_unavailable"}
	PartnerUntrusted      = Kind{"partner-untrusted", 502, "The partner's certificate is not accepted", "tls_certificate_error"}
	CredentialUnavailable = Kind{"credential-unavailable", 503, "A credential is not available", "proxy_configuration_error"}
	SigningFailed         = Kind{"signing-failed", 503, "The request could not be signed", "proxy_internal_error"}
	MemoryExhausted       = Kind{"memory-exhausted", 503, "Too many bodies are held at once", "proxy_internal_error"}
	TooSlow               = Kind{"too-slow", 504, "It took too long", "http_response_timeout"}
	LoopDetected          = Kind{"loop-detected", 508, "The upstream is this proxy", "proxy_loop_detected"}
)

// Kinds lists every answer of our own.
func Kinds() []Kind {
	return []Kind{
		InvalidRequest, ClientUnauthenticated, NotAllowed, BrowserRefused, BodyTooLarge, BodyUnusable, WrongHost, TooEarly,
		PartnerFailed, PartnerUnreachable, PartnerUntrusted, CredentialUnavailable, SigningFailed, MemoryExhausted,
		TooSlow, LoopDetected,
	}
}

// A Problem is an answer of our own and the error behind it (RFC 9457).
type Problem struct {
	Kind
	// Detail tells the caller what to do next. It holds nothing secret.
	Detail string
	// RetryAfter is sent as Retry-After, in whole seconds; 0: not sent.
	RetryAfter time.Duration
	// Cause is for the log alone and never reaches the client.
	Cause error
}

// Problem makes a problem of this kind.
func (k Kind) Problem(format string, args ...any) *Problem {
	return &Problem{Kind: k, Detail: fmt.Sprintf(format, args...)}
}

// Because names the cause and returns p.
func (p *Problem) Because(cause error) *Problem {
	p.Cause = cause
	return p
}

func (p *Problem) Error() string {
	if p.Cause != nil {
		return p.Name + ": " + p.Detail + ": " + p.Cause.Error()
	}
	return p.Name + ": " + p.Detail
}

func (p *Problem) Unwrap() error { return p.Cause }

// Response is p as the answer to req: problem details (RFC 9457) with a
// Proxy-Status (RFC 9209). partner names the partner it is about; it may be
// empty.
func (p *Problem) Response(req *http.Request, partner string) *http.Response {
	body := p.body(partner)
	return &http.Response{
		Status:        strconv.Itoa(p.Status) + " " + http.StatusText(p.Status),
		StatusCode:    p.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        p.header(len(body)),
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}
}

// Write answers with p, as Response does, where there is a ResponseWriter.
func (p *Problem) Write(w http.ResponseWriter, partner string) {
	body := p.body(partner)
	for name, values := range p.header(len(body)) {
		w.Header()[name] = values
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

// ProxyStatus is the value of the Proxy-Status field for p.
func (p *Problem) ProxyStatus() string { return "partnersign; error=" + p.ProxyError }

func (p *Problem) header(length int) http.Header {
	h := http.Header{
		"Content-Type":   {"application/problem+json"},
		"Content-Length": {strconv.Itoa(length)},
		"Cache-Control":  {"no-store"},
		"Proxy-Status":   {p.ProxyStatus()},
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="partnersign"`) // RFC 9110 section 15.5.2 asks for one
	}
	return h
}

func (p *Problem) body(partner string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	// Marshalling strings and a number cannot fail.
	_ = enc.Encode(struct {
		Type    string `json:"type"`
		Title   string `json:"title"`
		Status  int    `json:"status"`
		Detail  string `json:"detail"`
		Partner string `json:"partner,omitempty"`
	}{ProblemBase + p.Name, p.Title, p.Status, p.Detail, partner})
	return buf.Bytes()
}
