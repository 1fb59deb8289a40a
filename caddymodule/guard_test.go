package caddymodule_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// guarded is a site that answers "passed" behind a guard.
func guarded(lines string) string {
	return site("partnersign_guard {\n" + lines + "\n}\nrespond passed")
}

func TestBrowsers(t *testing.T) {
	const listed = "browsers https://app.example.com http://localhost:3000"
	for name, test := range map[string]struct {
		guard   string
		headers []string
		passes  bool
	}{
		"a program":                {"", nil, true},
		"typed address":            {"", []string{"Sec-Fetch-Site: none"}, true},
		"cross-site":               {"", []string{"Sec-Fetch-Site: cross-site"}, false},
		"same-site":                {"", []string{"Sec-Fetch-Site: same-site"}, false},
		"same-origin":              {"", []string{"Sec-Fetch-Site: same-origin"}, false},
		"a new value":              {"", []string{"Sec-Fetch-Site: other"}, false},
		"origin":                   {"", []string{"Origin: https://evil.example"}, false},
		"origin null":              {"", []string{"Origin: null"}, false},
		"origin empty":             {"", []string{"Origin: "}, false},
		"origin, typed address":    {"", []string{"Origin: https://evil.example", "Sec-Fetch-Site: none"}, false},
		"refuse is the default":    {"browsers refuse", []string{"Origin: https://app.example.com"}, false},
		"refuse lets programs":     {"browsers refuse", nil, true},
		"listed":                   {listed, []string{"Origin: https://app.example.com", "Sec-Fetch-Site: cross-site"}, true},
		"listed, with a port":      {listed, []string{"Origin: http://localhost:3000"}, true},
		"listed, another port":     {listed, []string{"Origin: http://localhost:3001"}, false},
		"listed, another scheme":   {listed, []string{"Origin: http://app.example.com"}, false},
		"listed, a name below":     {listed, []string{"Origin: https://x.app.example.com"}, false},
		"listed, a longer name":    {listed, []string{"Origin: https://app.example.com.evil.example"}, false},
		"listed, null":             {listed, []string{"Origin: null"}, false},
		"listed, twice":            {listed, []string{"Origin: https://app.example.com", "Origin: https://evil.example"}, false},
		"listed, without origin":   {listed, []string{"Sec-Fetch-Site: cross-site"}, false},
		"listed, another page":     {listed, []string{"Origin: https://evil.example"}, false},
		"listed, a program":        {listed, nil, true},
		"any":                      {"browsers any", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, true},
		"any, null":                {"browsers any", []string{"Origin: null"}, true},
		"header names of any case": {"", []string{"origin: https://evil.example"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, guarded(test.guard))
			got := send(t, server.Client(), server.URL, test.headers...)
			if test.passes {
				if got.StatusCode != 200 || got.Body != "passed" {
					t.Errorf("got %d %s", got.StatusCode, got.Body)
				}
				return
			}
			got.assertProblem(t, signer.BrowserRefused, "")
		})
	}
}

func TestClientHosts(t *testing.T) {
	const listed = "client_hosts partners.internal *.Apps.internal 192.0.2.7 2001:db8::1"
	for _, test := range []struct {
		guard, host string
		passes      bool
	}{
		{"", "localhost", true},
		{"", "localhost:8080", true},
		{"", "LocalHost:8080", true},
		{"", "localhost.", true},
		{"", "localhost.:8080", true},
		{"", "app.localhost", true},
		{"", "127.0.0.1", true},
		{"", "127.0.0.1:8080", true},
		{"", "192.0.2.7:8080", true},
		{"", "[::1]", true},
		{"", "[::1]:8080", true},
		{"", "[2001:db8::1]:8080", true},
		{"", "rebound.evil.example", false},
		{"", "rebound.evil.example:8080", false},
		{"", "localhost.evil.example", false},
		{"", "evillocalhost", false},
		{"", "127.0.0.1.evil.example", false},
		{"", "127.0.0.1.nip.io", false},
		{"", "localhost..", false},
		{"", "2130706433", false},
		{"", "api.acme.example", false}, // a guard alone knows no upstream
		{listed, "partners.internal", true},
		{listed, "PARTNERS.internal.:8080", true},
		{listed, "x.apps.internal", true},
		{listed, "x.y.APPS.internal", true},
		{listed, "apps.internal", false},
		{listed, "evilapps.internal", false},
		{listed, "192.0.2.7:8080", true},
		{listed, "[2001:db8::1]:8080", true},
		{listed, "localhost", false},
		{listed, "127.0.0.1:8080", false},
		{"client_hosts *", "whatever.example:8080", true},
	} {
		t.Run(test.guard+" "+test.host, func(t *testing.T) {
			server := serve(t, guarded(test.guard))
			got := send(t, server.Client(), server.URL, "Host: "+test.host)
			if test.passes {
				if got.StatusCode != 200 || got.Body != "passed" {
					t.Errorf("got %d %s", got.StatusCode, got.Body)
				}
				return
			}
			got.assertProblem(t, signer.WrongHost, "")
		})
	}
}

func TestClientHostsWithoutHost(t *testing.T) {
	server := serve(t, guarded(""))
	for _, request := range []string{
		"GET / HTTP/1.0\r\n\r\n",
		"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 64)
		n, _ := conn.Read(got)
		if answer := string(got[:n]); !strings.Contains(answer, " 421 ") {
			t.Errorf("%q got %q, want 421", request, answer)
		}
		_ = conn.Close()
	}
}

// onSocket serves on a unix socket.
func onSocket(t *testing.T, h http.Handler) (*http.Client, string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(server.Close)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, socket
}

func TestClientHostsOnASocket(t *testing.T) {
	for _, guard := range []string{"", "client_hosts partners.internal"} {
		h, _ := handler(t, guarded(guard))
		client, _ := onSocket(t, h)
		if got := send(t, client, "http://whatever.example/"); got.StatusCode != 200 {
			t.Errorf("%s: got %d %s", guard, got.StatusCode, got.Body)
		}
		// A page can reach no socket, but something that forwards to it may be reached by one.
		send(t, client, "http://whatever.example/", "Origin: https://evil.example").assertProblem(t, signer.BrowserRefused, "")
	}
}
