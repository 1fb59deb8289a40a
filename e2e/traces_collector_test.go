package e2e

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A traceCollector takes traces by OTLP over HTTP and reads them.
type traceCollector struct {
	*httptest.Server
	t *testing.T

	mu    sync.Mutex
	spans []*otlp.Span
}

func newTraceCollector(t *testing.T) *traceCollector {
	c := &traceCollector{t: t}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *traceCollector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	data, err := io.ReadAll(body)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(data, &request)
	}
	if err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

// env has Caddy's tracing directive send what it has here, at once.
func (c *traceCollector) env() []string {
	return []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_BSP_SCHEDULE_DELAY=50",
		"OTEL_PROPAGATORS=tracecontext,baggage,b3,b3multi,jaeger,xray,ottrace"}
}

// A tracedSpan is one span with those below it.
type tracedSpan struct {
	*otlp.Span
	below []tracedSpan
}

// trace waits for the site's span of this name, and puts those below in order. A
// span is told when it ends: the site's is the last.
func (c *traceCollector) trace(name string) (found tracedSpan) {
	c.t.Helper()
	waitFor(c.t, "the trace "+name, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, span := range c.spans {
			if span.GetName() == name {
				found = c.tree(span)
				return true
			}
		}
		return false
	})
	return found
}

func (c *traceCollector) tree(span *otlp.Span) tracedSpan {
	t := tracedSpan{Span: span}
	for _, other := range c.spans {
		if string(other.GetParentSpanId()) == string(span.GetSpanId()) {
			t.below = append(t.below, c.tree(other))
		}
	}
	slices.SortFunc(t.below, func(a, b tracedSpan) int { return int(a.GetStartTimeUnixNano()) - int(b.GetStartTimeUnixNano()) })
	return t
}

// attribute is the text of an attribute, or "".
func (s tracedSpan) attribute(name string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == name {
			text := fmt.Sprint(a.GetValue().GetValue())
			return strings.Trim(text[strings.IndexByte(text, '{')+1:], "}")
		}
	}
	return ""
}

// outline is the span as its name, where it went and its status, with those below.
func (s tracedSpan) outline() string {
	text := strings.Join(slices.DeleteFunc([]string{s.GetName(), s.attribute("url.path"), s.attribute("http.response.status_code"), s.attribute("error.type")},
		func(s string) bool { return s == "" }), " ")
	var below []string
	for _, b := range s.below {
		below = append(below, b.outline())
	}
	if below != nil {
		text += " (" + strings.Join(below, ", ") + ")"
	}
	return text
}
