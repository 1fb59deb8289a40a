package partnertest

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"
)

// post sends a JSON body and returns the answer, read to its end.
func post(t testing.TB, client *http.Client, url, body string) (*http.Response, string) {
	t.Helper()
	res, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func TestProtocols(t *testing.T) {
	for _, test := range []struct {
		opts     Options
		protocol string
		scheme   string
	}{
		{Options{}, "HTTP/1.1", "https"},
		{Options{Protocols: []string{"http/1.1"}}, "HTTP/1.1", "https"},
		{Options{Protocols: []string{"h2"}}, "HTTP/2.0", "https"},
		{Options{Plain: true}, "HTTP/1.1", "http"},
		{Options{Plain: true, Protocols: []string{"h2"}}, "HTTP/2.0", "http"},
		{Options{Address: filepath.Join(t.TempDir(), "partner.sock")}, "HTTP/1.1", "https"},
	} {
		t.Run(fmt.Sprint(test.opts.Protocols, test.scheme, test.opts.Address != ""), func(t *testing.T) {
			partner := New(t, test.opts)
			url := test.scheme + "://partner.test/path?query"
			for range 2 {
				if res, text := post(t, partner.Client(), url, `{"a":1}`); res.StatusCode != 200 {
					t.Fatal(res.Status, text)
				}
			}
			client := partner.Client()
			for range 2 {
				post(t, client, url, `{"a":1}`)
			}
			seen := partner.Requests()
			if len(seen) != 4 {
				t.Fatalf("recorded %d requests", len(seen))
			}
			r := seen[3]
			if r.Protocol != test.protocol || r.Scheme != test.scheme || r.Method != "POST" ||
				r.Target != "/path?query" || r.Authority != "partner.test" || string(r.Body) != `{"a":1}` {
				t.Errorf("recorded %+v", r)
			}
			if test.scheme == "https" && r.ServerName != "partner.test" {
				t.Errorf("server name %q", r.ServerName)
			}
			if r.Header.Get("content-length") != "7" || (r.Raw == nil) != (test.protocol == "HTTP/2.0") {
				t.Errorf("header %q, raw %q", r.Header, r.Raw)
			}
			if seen[0].Conn == seen[1].Conn || seen[2].Conn != r.Conn || seen[2].Turn != 1 || r.Turn != 2 {
				t.Errorf("connections and turns: %d/%d %d/%d %d/%d %d/%d", seen[0].Conn, seen[0].Turn,
					seen[1].Conn, seen[1].Turn, seen[2].Conn, seen[2].Turn, r.Conn, r.Turn)
			}
		})
	}
}

func TestHTTP3(t *testing.T) {
	partner := New(t, Options{Protocols: []string{"http/1.1", "h3"}})
	transport := &http3.Transport{TLSClientConfig: partner.authority.clientTLS()}
	defer transport.Close()
	res, text := post(t, &http.Client{Transport: transport}, partner.URL()+"/three", "body")
	if res.StatusCode != 200 {
		t.Fatal(res.Status, text)
	}
	r := partner.Last()
	if r.Protocol != "HTTP/3.0" || r.Target != "/three" || string(r.Body) != "body" || r.Conn == 0 || r.Scheme != "https" {
		t.Errorf("recorded %+v", r)
	}
}

func TestURLIsTrusted(t *testing.T) {
	partner := New(t, Options{})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := partner.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	if res, _ := post(t, partner.Client(), partner.URL(), ""); res.StatusCode != 200 {
		t.Error(res.Status)
	}
	if _, err := http.Get(partner.URL()); err == nil {
		t.Error("a client that does not know the authority trusted the certificate")
	}
	if got := partner.Last().Authority; got != partner.Addr().String() {
		t.Errorf("authority %q, want %q", got, partner.Addr())
	}
}

func TestStartRefuses(t *testing.T) {
	for _, test := range []struct {
		opts Options
		want string
	}{
		{Options{Protocols: []string{"http/2"}}, "none of http/1.1"},
		{Options{Protocols: []string{"h3"}, Plain: true}, "h3 needs TLS"},
		{Options{Require: Require{Bearer: "a", Username: "b"}}, "both Bearer and Username"},
		{Options{Require: Require{Keys: map[string]Key{"k": {Algorithm: "ed25519", Secret: []byte("s")}}}}, `key "k"`},
		{Options{Require: Require{DefaultKey: &Key{}}}, "DefaultKey"},
		{Options{Require: Require{Components: []string{"Date"}}}, "not in lower case"},
		{Options{Require: Require{ContentDigest: "md5"}}, "neither SHA-256 nor SHA-512"},
		{Options{Require: Require{IdempotencyKey: "yes"}}, "no KeyForm"},
	} {
		if _, err := Start(test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.opts, err, test.want)
		}
	}
}

func TestSetRequire(t *testing.T) {
	partner := New(t, Options{})
	for _, require := range []Require{{Bearer: "new"}, {}} {
		if err := partner.SetRequire(require); err != nil {
			t.Fatal(err)
		}
		res, _ := post(t, partner.Client(), partner.URL(), "")
		if want := map[bool]int{true: 200, false: 401}[require.Bearer == ""]; res.StatusCode != want {
			t.Errorf("with %+v: %s", require, res.Status)
		}
	}
	if err := partner.SetRequire(Require{Bearer: "a", Username: "b"}); err == nil {
		t.Error("a contradiction was set")
	}
}
