package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// A leakCollector takes traces by OTLP over HTTP, and keeps them as they come.
type leakCollector struct {
	*httptest.Server
	mu   sync.Mutex
	kept bytes.Buffer
}

func newLeakCollector(t testing.TB) *leakCollector {
	c := new(leakCollector)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		_ = r.Header.Write(&c.kept)
		c.kept.Write(body)
	}))
	t.Cleanup(c.Close)
	return c
}

// env has Caddy's tracing directive send what it has here, at once.
func (c *leakCollector) env() []string {
	return []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_BSP_SCHEDULE_DELAY=50"}
}

func (c *leakCollector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept.String()
}
