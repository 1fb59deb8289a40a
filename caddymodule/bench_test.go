package caddymodule

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

// The whole path through Caddy with a token, an idempotency key, a digest and
// a signature, beside plain reverse_proxy and the cryptography alone:
// partnersign minus stock minus cryptography is what this module costs. Client
// and upstream are in the same process and allocate nothing for a request.
func BenchmarkPath(b *testing.B) {
	upstream := rawUpstream(b)
	dir := b.TempDir()
	b.Setenv("BENCH_TOKEN", "token")
	b.Setenv("BENCH_SECRET", "c2VjcmV0IG9mIHRoZSBiZW5jaG1hcms=")
	load(b, fmt.Sprintf(`{
	admin off
	persist_config off
	auto_https off
	log {
		level ERROR
	}
}
http://stock {
	bind unix/%[1]s/stock.sock
	reverse_proxy %[2]s
}
http://partnersign {
	bind unix/%[1]s/partnersign.sock
	partner_proxy %[2]s {
		bearer {env.BENCH_TOKEN}
		idempotency_key
		content_digest sha-256
		signature {
			key {env.BENCH_SECRET}
			key_id bench
			components @method @target-uri authorization content-digest content-type idempotency-key
			parameters created keyid alg
		}
	}
}
`, dir, upstream))
	body := strings.Repeat("x", 1024)
	for _, name := range []string{"stock", "partnersign"} {
		b.Run(name, func(b *testing.B) {
			conn, err := net.Dial("unix", filepath.Join(dir, name+".sock"))
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			request := []byte("POST /v1/payments HTTP/1.1\r\nHost: " + name + "\r\nContent-Type: application/json\r\nUser-Agent: bench\r\n" +
				"Accept: application/json\r\nContent-Length: 1024\r\n\r\n" + body)
			answer := make([]byte, 4096)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(request); err != nil {
					b.Fatal(err)
				}
				if n, err := conn.Read(answer); err != nil || !bytes.HasPrefix(answer[:n], []byte("HTTP/1.1 204 ")) {
					b.Fatalf("%v %s", err, answer[:n])
				}
			}
		})
	}
	b.Run("cryptography", func(b *testing.B) {
		b.ReportAllocs()
		base := make([]byte, 500)
		for b.Loop() {
			sha256.Sum256([]byte(body))
			mac := hmac.New(sha256.New, base[:24])
			mac.Write(base)
			mac.Sum(nil)
		}
	})
}

// load runs a Caddyfile in this process until the benchmark ends.
func load(b *testing.B, text string) {
	b.Helper()
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		b.Fatal(err)
	}
	if err := caddy.Load(config, true); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = caddy.Stop() })
}

// rawUpstream answers each request with 204 as soon as it has all of it.
func rawUpstream(b *testing.B) (url string) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerAll(conn)
		}
	}()
	return "http://" + l.Addr().String()
}

func answerAll(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, 16<<10)
	n := 0
	for {
		m, err := conn.Read(buf[n:])
		if err != nil {
			return
		}
		n += m
		head := bytes.Index(buf[:n], []byte("\r\n\r\n"))
		if head < 0 || n < head+4+1024 {
			continue
		}
		n = 0
		if _, err := io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n"); err != nil {
			return
		}
	}
}
