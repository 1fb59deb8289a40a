package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// answered checks the statuses that the client printed: 100 where it expected it,
// and 200.
func (c legacyClient) answered(t *testing.T, name, printed string) {
	t.Helper()
	statuses := strings.Fields(printed)
	told := strings.HasSuffix(name, expecting) && !c.silent
	if len(statuses) == 0 || statuses[len(statuses)-1] != "200" || slices.Contains(statuses, "100") != told {
		t.Errorf("%s: the client printed %q", name, printed)
	}
}

// obeyed checks what the relay saw, where there is one.
func (c legacyClient) obeyed(t *testing.T, name string, r *relay) {
	t.Helper()
	if r == nil {
		return
	}
	if early, seen := r.sentEarly(name); !seen || early == c.waits {
		t.Errorf("%s: 100 was sent: %t; the body came before it: %t", name, seen, early)
	}
}

// An accessEntry is what Caddy's access log says of a request.
type accessEntry struct {
	URI, Proto string
	Headers    http.Header
}

// expected checks with the access log that Expect came from the client. Over HTTP/2
// net/http keeps it to itself; there it is the client's word that it got 100.
func (w waysIn) expected(t *testing.T, path string) {
	t.Helper()
	var entry accessEntry
	waitFor(t, "the access log of "+path, func() (found bool) {
		entry, found = w.accessEntry(path)
		return found
	})
	if expect := entry.Headers.Get("Expect"); !strings.EqualFold(expect, "100-continue") && entry.Proto != "HTTP/2.0" {
		t.Errorf("%s: the client sent Expect: %s over %s", path, expect, entry.Proto)
	}
}

func (w waysIn) accessEntry(path string) (accessEntry, bool) {
	for line := range strings.Lines(w.Log()) {
		var entry struct{ Request accessEntry }
		if strings.Contains(line, path) && json.Unmarshal([]byte(line), &entry) == nil && strings.HasSuffix(entry.Request.URI, path) {
			return entry.Request, true
		}
	}
	return accessEntry{}, false
}
