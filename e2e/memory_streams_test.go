package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io"
	"net/http"
	"testing"
)

var soakStream = flag.Int64("soak.stream", 512, "MiB that TestMemoryOfStreams streams in each direction")

// With a bearer token alone no step needs the body: bodies and answers stream
// through at any size, byte for byte and in constant memory.
func TestMemoryOfStreams(t *testing.T) {
	size := *soakStream << 20
	want := sha256.New()
	_, _ = io.Copy(want, newStream(size))
	id, arrived := newIdentity(t, "127.0.0.1"), make(chan string, 1)
	partner := newTLSServer(t, id, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-of-acme" {
			t.Error("the request has no token")
		}
		if r.Method == "GET" {
			_, _ = io.Copy(w, newStream(size))
			return
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, r.Body); err != nil {
			t.Errorf("the body: %v", err)
		}
		arrived <- hex.EncodeToString(hash.Sum(nil))
	})
	c := siteFile(t, blockAt(partner.URL, "bearer {env.ACME_TOKEN}\nmax_body 1KiB")) // which bounds what is held
	c.Files["ca.pem"] = id.CertPEM
	caddy := startCaddy(t, c)
	client := &http.Client{Transport: plainClient.Transport} // without a time limit
	ask := func(method string, body io.Reader) *http.Response {
		req, err := http.NewRequest(method, caddy.URL+"/v1/stream", body)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 200 {
			t.Fatal(res.Status)
		}
		return res
	}
	sum := hex.EncodeToString(want.Sum(nil))
	caddy.streamsWithin(t, streamLimit, func() {
		ask("POST", newStream(size)).Body.Close()
		if take(t, arrived) != sum {
			t.Error("another body arrived")
		}
	})
	caddy.streamsWithin(t, streamLimit, func() {
		res, got := ask("GET", nil), sha256.New()
		defer res.Body.Close()
		if _, err := io.Copy(got, res.Body); err != nil || hex.EncodeToString(got.Sum(nil)) != sum {
			t.Errorf("another answer arrived: %v", err)
		}
	})
	t.Logf("the process has taken %d MiB at most", caddy.peak()>>20)
}

// A stream is one random block again and again.
type stream struct{ left, at int64 }

func newStream(size int64) io.Reader { return &stream{left: size} }

func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), s.left)], crowdBytes()[s.at:])
	s.left, s.at = s.left-int64(n), (s.at+int64(n))%crowdBody
	return n, nil
}
