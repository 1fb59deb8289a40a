package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A generated request is what an application might send, byte for byte.
type generated struct {
	method, target string
	host           string   // "": the caller's choice
	headers        []string // "Name: value"
	body           string
	chunked        bool
}

var (
	methods  = []string{"GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"}
	pchars   = "abcXYZ019-._~!$&'()*+,=:@"
	encoded  = []string{"%20", "%41", "%c3%a9", "%C3%A9", "%25", "%3f", "%23", "%7e", "%e2%82%AC", "%2B"}
	queries  = []string{"page=1", "page=", "page", "a=b=c", "q=x+y", "q=%20%2b", "é", "x=%zz", "filter[name]=a", "?", "a=1&a=2", "&&", "s=a'b\"c", "page=%7E*-._", "sort=a,b;c"}
	oddities = []string{"plain", "", "  padded\t ", "a, b,c", "tab\there", `quo"ted\`, strings.Repeat("long ", 60), ":aGk=:", "(1 2);x"}
	dicts    = []string{"a=1, b=2;x=1;y=2, c=(a   b   c)", "a", "a=?0, a=3", `a="x, y",   d`, "b=:aGk=:, a=1.5"}
)

// generate makes request number i; the same r gives the same requests.
func generate(r *rand.Rand, i int) generated {
	g := generated{method: pick(r, methods), target: path(r)}
	if r.IntN(2) == 0 {
		q := pick(r, queries)
		if q == "é" {
			q = "" // a "?" and nothing behind it
		}
		g.target += "?" + q
	}
	g.headers = append(g.headers, fmt.Sprintf("X-Number: %d", i))
	add := func(name string, values []string, chance int) {
		for r.IntN(100) < chance {
			g.headers = append(g.headers, respell(r, name)+": "+pick(r, values))
		}
	}
	add("X-Odd", oddities, 50)
	add("X-Dict", dicts, 40)
	add("Accept", []string{"application/json", "*/*"}, 40)
	if r.IntN(3) == 0 {
		g.headers = append(g.headers, "User-Agent: legacy/1.0 (+http://example.com)")
	}
	if r.IntN(3) == 0 {
		g.headers = append(g.headers, "Accept-Encoding: gzip;q=1.0, *;q=0")
	}
	if r.IntN(4) == 0 {
		g.headers = append(g.headers, `Idempotency-Key: "client's own `+fmt.Sprint(i)+`"`)
	}
	// What must not get through, or must be made anew.
	for _, forged := range []string{
		"Signature: sig1=:AAAA:", `Signature-Input: sig1=("@method")`, "Content-Digest: sha-256=:AAAA:", "Authorization: Bearer forged",
		"Content_Digest: sha-256=:AAAA:", "Connection: Signature, X-Nothing", "X-Forwarded-For: 10.0.0.1", "Cookie: session=1",
	} {
		if r.IntN(8) == 0 {
			g.headers = append(g.headers, respell(r, forged))
		}
	}
	if g.method != "GET" && g.method != "OPTIONS" && r.IntN(5) > 0 {
		g.body = randomBody(r)
		g.chunked = r.IntN(3) == 0
		g.headers = append(g.headers, "Content-Type: application/json; charset=utf-8")
	}
	return g
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func path(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString("/s") // so that no segment is "." or ".."
		for range r.IntN(6) {
			if r.IntN(3) == 0 {
				b.WriteString(pick(r, encoded))
			} else {
				b.WriteByte(pchars[r.IntN(len(pchars))])
			}
		}
	}
	switch r.IntN(6) {
	case 0:
		return "/"
	case 1:
		b.WriteByte('/')
	}
	return b.String()
}

// respell changes the letter case of a header's name.
func respell(r *rand.Rand, header string) string {
	name, rest, _ := strings.Cut(header, ":")
	switch r.IntN(3) {
	case 0:
		name = strings.ToLower(name)
	case 1:
		name = strings.ToUpper(name)
	}
	if rest == "" {
		return name
	}
	return name + ":" + rest
}

func randomBody(r *rand.Rand) string {
	size := r.IntN(300)
	if r.IntN(20) == 0 {
		size = r.IntN(100_000)
	}
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// bytes is the request on the wire to Caddy.
func (g generated) bytes(host string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", g.method, g.target, host)
	for _, h := range g.headers {
		b.WriteString(h + "\r\n")
	}
	switch {
	case g.chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for rest := g.body; rest != ""; {
			n := min(len(rest), 1000)
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, rest[:n])
			rest = rest[n:]
		}
		b.WriteString("0\r\n\r\n")
	case g.body != "" || g.method == "POST":
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(g.body), g.body)
	default:
		b.WriteString("\r\n")
	}
	return b.String()
}
