package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// wildRequest makes request number i: what an application, or somebody who means
// harm, might send.
func wildRequest(r *rand.Rand, i, block int) generated {
	g := generated{method: wildMethod(r), target: wildPath(r), host: wildHost(r)}
	if r.IntN(5) > 0 {
		g.target += "?" + wildQuery(r)
	}
	g.headers = []string{fmt.Sprintf("X-Seq: %d", i), fmt.Sprintf("X-Block: %d", block)}
	add := func(name string, chance int, value func(*rand.Rand) string) {
		for ; r.IntN(100) < chance; chance /= 2 {
			g.headers = append(g.headers, respell(r, name)+":"+padded(r, value(r)))
		}
	}
	fixed := func(values ...string) func(*rand.Rand) string {
		return func(r *rand.Rand) string { return pick(r, values) }
	}
	add("X-Odd", 60, wildText)
	add("X-Empty", 40, fixed("", "", "filled"))
	add("X-Item", 70, wildItem)
	add("X-List", 70, wildList)
	add("X-Dict", 80, wildDict)
	add("Priority", 30, wildDict)
	add("Accept", 30, fixed("application/json", "*/*", "text/*;q=0.5, */*"))
	add("Accept-Encoding", 20, fixed("gzip;q=1.0, *;q=0", "", "identity"))
	add("User-Agent", 30, fixed("legacy/1.0 (+http://example.com)", ""))
	add("Date", 20, fixed("Tue, 20 Apr 2021 02:07:55 GMT"))
	add("Idempotency-Key", 15, fixed(`"client's own"`, "", "raw key", "k\xe9y"))
	add("X-Request-Key", 5, fixed("own", ""))
	add("Authorization", 20, fixed("Bearer forged", "Basic Zm9yZ2Vk"))
	add("Cookie", 20, fixed("a=1; b=2", "session=é"))
	add("X-Version", 10, fixed("14"))
	add("Connection", 8, fixed("X-Odd", "keep-alive, x-item", "Signature, Authorization", "Content-Digest,,X-List"))
	for _, forged := range []string{
		"Content-Digest: sha-256=:AAAA:", "Content_Digest: sha-256=:AAAA:", "Repr-Digest: sha-256=:AAAA:", "Idempotency_Key: forged", "X_Odd: other",
		"X-Forwarded-For: 10.0.0.1", "Proxy-Status: x", "Te: trailers;q=0.5", "Via: 1.1 client", "Gc_Signature: sig1=:AAAA:", "Content-Encoding: identity",
	} {
		if r.IntN(25) == 0 {
			g.headers = append(g.headers, respell(r, forged))
		}
	}
	for _, prefix := range []string{"", "Gc-"} {
		if r.IntN(12) == 0 {
			g.headers = append(g.headers, forgedSignature(r, prefix)...)
		}
	}
	r.Shuffle(len(g.headers), func(i, j int) { g.headers[i], g.headers[j] = g.headers[j], g.headers[i] })
	if strings.HasPrefix(g.target, "/s") { // others may be refused before the body is read, and the connection cut
		wildBody(r, &g)
	}
	return g
}

func wildMethod(r *rand.Rand) string {
	if r.IntN(200) == 0 {
		return pick(r, []string{"TRACE", "GET_0RTT", "trace", "X.Y"})
	}
	return pick(r, []string{"GET", "GET", "POST", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "REPORT", "get", "M-SEARCH"})
}

func wildHost(r *rand.Rand) string {
	if r.IntN(300) == 0 {
		return "evil.example"
	}
	return pick(r, []string{"127.0.0.1", "localhost", "LOCALHOST:80", "127.0.0.1:443", "app.localhost", "[::1]:8080", "10.0.0.1"})
}

func wildPath(r *rand.Rand) string {
	if r.IntN(100) == 0 {
		return pick(r, []string{"/a/../b", "/a/%2e%2E/b", "/a%5Cb", "/%zz", "/a%0ab", "/.", "/a/..;x/b", "/a\"b", "/a#b", "/a%2f..", "/%"})
	}
	p := path(r)
	switch r.IntN(20) {
	case 0:
		p += "//x"
	case 1:
		p += "%2F%2f"
	case 2:
		p += ";v=1;w"
	case 3:
		p = "/[x]" + p
	}
	return p
}

func wildQuery(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return pick(r, queries[:6])
	}
	var pairs []string
	for range r.IntN(5) {
		name := pick(r, []string{"page", "a", "a+b", "a%20b", "%61", "%C3%A9", "%c3%a9", "filter[name]", "x*-._y", "x%2A-._y", "", "p%61ge", "%", "%C3"})
		value := pick(r, []string{"1", "", "b=c", "x+y", "%20%2b", "%zz", "%", "%7E*-._~", "a,b;c", `s'"<>|{}^` + "`", "%e2%82%AC", "?/", "%00", "%FF", strings.Repeat("v%20", 80)})
		if r.IntN(4) == 0 {
			pairs = append(pairs, name)
		} else {
			pairs = append(pairs, name+"="+value)
		}
	}
	if r.IntN(200) == 0 {
		pairs = append(pairs, "#f")
	}
	return strings.Join(pairs, pick(r, []string{"&", "&", "&", "&&", ";"}))
}

// padded puts the white space around a value that HTTP takes away.
func padded(r *rand.Rand, value string) string {
	return pick(r, []string{" ", " ", " ", "", "  ", "\t", " \t "}) + value + pick(r, []string{"", "", "", " ", "\t", " \t\t "})
}

// forgedSignature is what a client adds of signatures: well made or not.
func forgedSignature(r *rand.Rand, prefix string) []string {
	label := pick(r, []string{"client", "client", "client", "sig1", "*x"})
	input := fmt.Sprintf(`%s%sInput: %s=("@method" "x");created=1;keyid="a, sig1=b"`, prefix, "Signature-", label)
	signature := fmt.Sprintf("%sSignature: %s=:AAAA:", prefix, label)
	switch r.IntN(8) {
	case 0:
		return []string{input}
	case 1:
		return []string{signature}
	case 2:
		return []string{input + ",", signature}
	case 3:
		return []string{prefix + "Signature-Input:", prefix + "Signature: "}
	case 4:
		return []string{input, prefix + "Signature-Input: two=()", signature + ",  two=:BBBB:"}
	}
	return []string{input, signature}
}

func wildBody(r *rand.Rand, g *generated) {
	if r.IntN(4) == 0 || g.method == "HEAD" || g.method == "TRACE" {
		return
	}
	if strings.EqualFold(g.method, "get") && r.IntN(4) > 0 {
		return
	}
	g.chunked = r.IntN(3) == 0
	kind := pick(r, []string{"application/json", "application/json", "application/json; charset=utf-8", "application/merge-patch+json", "application/json; charset=latin1", "text/plain"})
	switch r.IntN(6) {
	case 0:
		g.body = randomBody(r)
	case 1:
		g.body = "" // a length of 0, or an empty chunked body
	case 2:
		g.body = pick(r, []string{"[1,2]", "null", `{"a":1,}`, "{\"a\":\"\xff\"}", `"text"`, "{", "\ufeff{}", `{"a":01}`})
	default:
		g.body = pick(r, []string{
			"{}", ` { } `, `{"a":1}`, "{\"a\" : [1, {\"client\":2}]\r\n}\n", `{"client":null}`, `{"cli\u0065nt":1}`, `{"é":"\\"}`, `{"a":"}"}`,
			`{"client":1,"client":2}`, `{"a":{"b":{}}}`, `{"a":1e3,"b":-0.0}`, `{"Client":1}`,
		})
	}
	if r.IntN(8) > 0 {
		g.headers = append(g.headers, respell(r, "Content-Type")+": "+kind)
	}
}
