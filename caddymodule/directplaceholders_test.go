package caddymodule_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
)

// deadPartner is an address where nobody listens.
func deadPartner(t *testing.T) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

// Behind a failure, placeholders tell of it, and behind it of the partner that
// handle_errors has sent the request to.
func TestDirectPlaceholdersOfTheLastPartner(t *testing.T) {
	const told = "header >X-Told \"{rp.upstream.hostport} {rp.status_code} {rp.header.X-Request-Id}\"\n"
	dead, alive := deadPartner(t), answering(t)
	bothWays(t, func(t *testing.T, partner func(string) string) {
		want := strings.TrimPrefix(alive, "http://") + " 204 1"
		for name, before := range map[string]string{
			"past reverse_proxy":    "partner_proxy " + dead + "\nhandle_errors {\n",
			"through reverse_proxy": "partner_proxy " + dead + " {\nlb_policy first\n}\nhandle_errors {\n",
			"forward_auth":          "route {\nforward_auth " + alive + " {\nuri /plain\n}\n",
		} {
			server := serve(t, site(before+told+partner(alive)+"}"))
			if res := send(t, server.Client(), server.URL+"/none", "Host: localhost"); res.StatusCode != 204 || res.Header.Get("X-Told") != want {
				t.Errorf("behind %s: %d, told %q, want %q", name, res.StatusCode, res.Header.Get("X-Told"), want)
			}
		}
		failed := serve(t, site(partner(dead)+"handle_errors {\nheader X-Took {rp.duration_ms}\nrespond \"{err.status_code} {rp.upstream.hostport} {rp.retries}\"\nheader >X-Unknown \"{rp.status_code}{rp.upstream.latency}{rp.upstream.duration}\"\n}"))
		res := send(t, failed.Client(), failed.URL, "Host: localhost")
		if want := "502 " + strings.TrimPrefix(dead, "http://") + " 0"; res.Body != want || res.Header.Get("X-Took") == "" || strings.ContainsAny(res.Header.Get("X-Unknown"), "0123456789") {
			t.Errorf("behind an error: %q, want %q; headers %v", res.Body, want, res.Header)
		}
	})
}

// When all is over, the log tells the same of the request on both ways.
func TestDirectPlaceholdersInTheLog(t *testing.T) {
	names := []string{"upstream.requests", "upstream.fails", "upstream.max_requests", "retries", "status_code", "status_text", "upstream.port", "header.X-Changed", "header.Alt-Svc"}
	took := []string{"duration", "duration_ms", "upstream.duration", "upstream.duration_ms", "upstream.latency", "upstream.latency_ms"}
	alive := answering(t)
	told := make(map[string]map[string]any) // by path, on the way before
	bothWays(t, func(t *testing.T, partner func(string) string) {
		directives := "header >X-Changed a aa\n"
		for _, name := range append(took, names...) {
			directives += "log_append " + name + " {rp." + name + "}\n"
		}
		for _, path := range []string{"/merged", "/alternative"} {
			server, read := logged(t, "HTTP/1.1", directives+partner(alive))
			if res := send(t, server.Client(), server.URL+path, "Host: localhost"); res.StatusCode != http.StatusOK {
				t.Errorf("%s is answered %d", path, res.StatusCode)
			}
			line := withMessage(t, read(), "handled request")
			for _, name := range names {
				if before, ok := told[path]; ok && before[name] != line[name] {
					t.Errorf("%s: %s is %v (%T) on one way and %v (%T) on the other", path, name, before[name], before[name], line[name], line[name])
				}
			}
			for _, name := range took {
				if d, ok := line[name].(float64); !ok || d <= 0 {
					t.Errorf("%s: %s is %v", path, name, line[name])
				}
			}
			if line["upstream.requests"] != 0.0 || line["status_code"] != 200.0 {
				t.Errorf("%s: told %v", path, line)
			}
			told[path] = line
		}
	})
}
