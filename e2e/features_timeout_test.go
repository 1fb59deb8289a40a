package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A time-out ends one request, and not those that follow on its connection.
func TestTimeoutLeavesConnection(t *testing.T) {
	slow := partnertest.Options{Answer: func(_ http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
		}
		return false
	}}
	_, caddy := startSignOnly(t, slow, "timeout 300ms")
	for _, body := range []string{"", "x"} {
		for i := range 5 {
			caddy.send("POST", "/slow", strings.NewReader(body)).refused(t, 504, "too-slow")
			if res := caddy.send("POST", "/ok", strings.NewReader(body)); res.StatusCode != 200 {
				t.Errorf("%q %d: %d %s", body, i, res.StatusCode, res.Text)
			}
		}
	}
}
