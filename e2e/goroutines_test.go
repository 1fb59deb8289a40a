package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// settled waits until no goroutine of the process is in our code any more, and
// complains of those that stay. Every test's process ends with it, so whatever
// is tested, nothing may outlive its request. A process without an admin
// endpoint cannot be asked.
func (p *process) settled() {
	p.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", p.path("admin.sock"))
	}}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	var ours []string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		res, err := client.Get("http://127.0.0.1/debug/pprof/goroutine?debug=2")
		if err != nil {
			return
		}
		dump, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != 200 {
			return
		}
		ours = ours[:0]
		for _, goroutine := range strings.Split(string(dump), "\n\n") {
			if strings.Contains(goroutine, "partnersign/signer") || strings.Contains(goroutine, "partnersign/caddymodule") {
				ours = append(ours, goroutine)
			}
		}
		if len(ours) == 0 {
			return
		}
	}
	p.t.Errorf("%d goroutines are still in partnersign:\n%s", len(ours), tail(strings.Join(ours, "\n\n"), 6000))
}
