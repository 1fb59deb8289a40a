package caddymodule_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/caddymodule"
)

// waysOf tells of each partner_proxy whether its requests go past reverse_proxy.
func waysOf(t *testing.T, caddyfile string) (direct []bool) {
	t.Helper()
	_, ctx := handler(t, caddyfile)
	app, err := ctx.App("http")
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range app.(*caddyhttp.App).Servers {
		direct = append(direct, caddymodule.GuardsDirect(server.Routes)...)
		for _, named := range server.NamedRoutes {
			direct = append(direct, caddymodule.GuardsDirect(caddyhttp.RouteList{*named})...)
		}
	}
	return direct
}

// Whatever of reverse_proxy is used, or depends on what it does, is done by it.
func TestDirectOnlyWhereNothingElseIsAsked(t *testing.T) {
	for lines, want := range map[string]bool{
		"":                                  true,
		"allow GET /**\nidempotency_key":    true,
		"client_hosts *\nbrowsers any":      true,
		"transport http {\nversions 1.1\n}": true,
		"transport http {\nmax_conns_per_host 5\ndial_timeout 3s\n}": true,
		"transport http {\nversions 3\n}":                            false,
		"transport http {\nresolvers 127.0.0.1:53\n}":                false,
		"transport http {\nproxy_protocol v2\n}":                     false,
		"client_headers keep X-Forwarded-For":                        false,
		"lb_retries 2":                                               false,
		"lb_try_duration 1s":                                         false,
		"lb_policy round_robin":                                      false,
		"health_method HEAD":                                         false,
		"fail_duration 1s":                                           false,
		"max_fails 3":                                                false,
		"unhealthy_request_count 5":                                  false,
		"flush_interval -1":                                          false,
		"request_buffers 1KiB":                                       false,
		"response_buffers 1KiB":                                      false,
		"stream_timeout 1m":                                          false,
		"stream_close_delay 1m":                                      false,
		"trusted_proxies 127.0.0.1":                                  false,
		"header_up X-A b":                                            false,
		"header_down X-A b":                                          false,
		"verbose_logs":                                               false,
		"handle_response {\nrespond 200\n}":                          false,
		"replace_status 201":                                         false,
	} {
		if got := waysOf(t, site("partner_proxy https://127.0.0.1:1 {\n"+lines+"\n}")); !slices.Equal(got, []bool{want}) {
			t.Errorf("%q: %v", lines, got)
		}
	}
	for caddyfile, want := range map[string]bool{
		site("partner_proxy unix//run/acme.sock"):                                                                                             false,
		site("partner_proxy http://127.0.0.1:1"):                                                                                              true,
		site("handle_path /acme/* {\npartner_proxy https://api.acme.example\n}"):                                                              true,
		site("@post method POST\npartner_proxy @post https://api.acme.example"):                                                               true,
		site("route {\npartner_proxy https://api.acme.example\n}"):                                                                            true,
		site("partnersign_guard\nreverse_proxy https://api.acme.example {\ntransport partnersign {\nupstream https://api.acme.example\n}\n}"): true,
		longForm("https://127.0.0.1:1"):                                                                                                       true,
		longForm("tcp4/127.0.0.1:1"):                                                                                                          false,
		longForm("unix//run/acme.sock"):                                                                                                       false,
		longForm("{env.ACME_ADDRESS}:443"):                                                                                                    false,
		"&(acme) {\npartner_proxy https://api.acme.example\n}\n" + site("invoke acme"):                                                        true,
	} {
		if got := waysOf(t, caddyfile); want != slices.Contains(got, true) {
			t.Errorf("%s: %v", caddyfile, got)
		}
	}
}

// longForm is a partner at an address of another name.
func longForm(dial string) string {
	return site("partnersign_guard\nreverse_proxy " + dial + " {\ntransport partnersign {\nupstream https://api.acme.example\ntls\n}\n}")
}

// What came before TLS was done may be somebody's repetition, whoever forwards it.
func TestDirectTakesNoEarlyData(t *testing.T) {
	t.Setenv("ACME_TOKEN", "sk_live_1")
	server, _ := handler(t, site("partner_proxy "+answering(t)+" {\nbearer {env.ACME_TOKEN}\n}"))
	for complete, want := range map[bool]int{true: 200, false: 425} {
		req := httptest.NewRequest("POST", "http://localhost:8080/plain", strings.NewReader("{}"))
		req.RemoteAddr, req.TLS = "127.0.0.1:1", &tls.ConnectionState{HandshakeComplete: complete}
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, req)
		if answer.Code != want {
			t.Errorf("with the handshake complete %v: %d %s", complete, answer.Code, answer.Body)
		}
	}
}

// A partner that switches to another protocol unasked keeps no connection.
func TestDirectEndsUnaskedProtocols(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ended := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err = conn.Read(make([]byte, 1))
		ended <- err
	}()
	server := serve(t, site("partner_proxy http://"+listener.Addr().String()+" {\nheader X-A b\n}"))
	if got := rawAnswer(t, server, "GET /"); !strings.HasPrefix(got, "HTTP/1.1 502 ") {
		t.Errorf("answered %s", got)
	}
	if err := <-ended; err != io.EOF {
		t.Errorf("the connection stays: %v", err)
	}
}

// partnerAnswers are answers of partners, byte for byte, by path. Those without a
// length have a type: net/http would guess one, or not if the header is flushed
// before the body has come, on either way.
var partnerAnswers = map[string]string{
	"/plain":    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nServer: partner\r\n\r\nok",
	"/chunked":  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	"/trailers": "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n",
	"/hop":      "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: a\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nTe: x\r\nContent-Length: 0\r\n\r\n",
	"/interim":  "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nConnection: X-Hop\r\nX-Hop: a\r\nKeep-Alive: timeout=5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"/interims": "HTTP/1.1 102 Processing\r\nX-A: a\r\n\r\n" +
		"HTTP/1.1 103 Early Hints\r\nConnection: X-Own, close\r\nX-Own: partner\r\nAlt-Svc: h3=\":1\"\r\nProxy-Authenticate: Basic\r\nVia: 1.1 partner\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n" +
		"HTTP/1.1 103 Early Hints\r\nX-Own: partner\r\nServer: partner\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\nTe: x\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Own: partner\r\nContent-Length: 2\r\n\r\nok",
	"/merged":       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Own: partner\r\nX-Own: twice\r\nVia: 1.1 partner\r\nX-Changed: a\r\n\r\n",
	"/alternative":  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nAlt-Svc: h3=\":443\"\r\nKeep-Alive: timeout=5\r\n\r\n",
	"/named":        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\nConnection: X-Own,, x-hop\r\nX-Own: partner\r\nX-Hop: a\r\n\r\n",
	"/unannounced":  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n",
	"/more":         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTrailer: X-Own\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Own: 1\r\nX-More: 2\r\n\r\n",
	"/only":         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTrailer: X-Own\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Own: 1\r\n\r\n",
	"/forgotten":    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	"/half":         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n5\r\nhal",
	"/cut":          "HTTP/1.1 200 OK\r\nContent-Le",
	"/interim-only": "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
	"/none":         "HTTP/1.1 204 No Content\r\nX-Request-Id: 1\r\n\r\n",
	"/unchanged":    "HTTP/1.1 304 Not Modified\r\nEtag: \"a\"\r\n\r\n",
	"/moved":        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
	"/failed":       "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nsorry",
	"/events":       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n0\r\n\r\n",
	"/close":        "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end",
	"/encoded":      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x00",
	"/short":        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
	"/garbage":      "not HTTP\r\n\r\n",
}

// answering is a partner that gives these answers and closes.
func answering(t *testing.T) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				answer, ok := partnerAnswers[req.URL.Path]
				if !ok {
					answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
				}
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// rawAnswer is what a client gets for a request, but for the date.
func rawAnswer(t *testing.T, server *httptest.Server, head string) string {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", head)
	answer, _ := io.ReadAll(conn)
	lines := strings.Split(string(answer), "\r\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "Date: ") })
	for begin := 0; begin < len(lines) && strings.HasPrefix(lines[begin], "HTTP/"); { // interim answers, too
		end := begin + slices.Index(lines[begin:], "")
		slices.Sort(lines[begin+1 : max(begin+1, end)]) // net/http writes them in any order
		begin = max(begin, end) + 1
	}
	return strings.Join(lines, "\n")
}

// Clients see no difference between the two ways, and neither do placeholders.
func TestDirectIsLikeReverseProxy(t *testing.T) {
	t.Setenv("ACME_TOKEN", "sk_live_1")
	partner := answering(t)
	const placeholders = "\nheader X-Own own\nheader Via \"1.0 edge\"\nheader >X-Unchanged {rp.header.X-Changed}\nheader >X-Changed a aa\nheader >X-Own own ownown\nheader >X-Told \"{rp.upstream.address} {rp.upstream.hostport} {rp.upstream.host} {rp.upstream.port} {rp.upstream.requests} " +
		"{rp.upstream.max_requests} {rp.upstream.fails} {rp.status_code} {rp.status_text} {rp.header.Content-Type} {rp.header.X-Never} {rp.header.Alt-Svc} {rp.header.Keep-Alive} {rp.retries}{rp.duration}{rp.upstream.duration}\""
	direct := serve(t, site("partner_proxy "+partner+" {\nbearer {env.ACME_TOKEN}\ntransport http {\nkeepalive off\n}\n}"+placeholders))
	through := serve(t, site("partner_proxy "+partner+" {\nbearer {env.ACME_TOKEN}\nheader_down -X-Never\ntransport http {\nkeepalive off\n}\n}"+placeholders))
	// A protocol that nobody has asked for: reverse_proxy makes a 200 of it.
	if got := rawAnswer(t, direct, "GET /switched"); !strings.HasPrefix(got, "HTTP/1.1 502 ") {
		t.Errorf("GET /switched: %s", got)
	}
	for path := range partnerAnswers {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			got, want := rawAnswer(t, direct, method+" "+path), rawAnswer(t, through, method+" "+path)
			if got != want {
				t.Errorf("%s %s: got\n%s\nwant\n%s", method, path, got, want)
			}
			if got == "" && path != "/garbage" {
				t.Errorf("%s %s: no answer", method, path)
			}
		}
	}
}
