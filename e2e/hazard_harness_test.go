package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// refused checks that an answer is a problem of ours that says what to do.
func refused(t *testing.T, status int, contentType, proxyStatus, body string, wantStatus int, wantType string) {
	t.Helper()
	var problem struct{ Type, Title, Detail string }
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Errorf("status %d, and the body is not a problem: %s", status, body)
		return
	}
	if status != wantStatus || contentType != "application/problem+json" || !strings.HasPrefix(proxyStatus, "partnersign; error=") ||
		!strings.HasSuffix(problem.Type, "#"+wantType) || problem.Detail == "" {
		t.Errorf("%d %s %q %+v, want %d %s", status, contentType, proxyStatus, problem, wantStatus, wantType)
	}
}

func (a answer) refused(t *testing.T, status int, kind string) {
	t.Helper()
	refused(t, a.StatusCode, a.Header.Get("Content-Type"), a.Header.Get("Proxy-Status"), a.Text, status, kind)
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
