package partnertest

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"
)

// vectorTime is within the lifetime of every vector: s43 expires a minute after.
func vectorTime() time.Time { return time.Unix(1618884500, 0) }

func vectorKeys(t testing.TB) map[string]Key {
	t.Helper()
	secret, err := base64.StdEncoding.DecodeString(read(t, "test-shared-secret.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Key{
		"test-key-rsa-pss":   {Public: readKey(t, "test-key-rsa-pss.pem")},
		"test-key-rsa":       {Public: readKey(t, "test-key-rsa.pem"), Algorithm: "rsa-v1_5-sha256"},
		"test-key-ecc-p256":  {Public: readKey(t, "test-key-ecc-p256.pem")},
		"test-key-ed25519":   {Public: readKey(t, "test-key-ed25519.pem")},
		"test-shared-secret": {Secret: secret},
	}
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

func readKey(t testing.TB, name string) crypto.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(read(t, name)))
	if block.Type == "RSA PUBLIC KEY" {
		key, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// readWire reads a vector as it would be on the wire.
func readWire(t testing.TB, name string) string {
	head, body, _ := strings.Cut(read(t, name), "\n\n")
	return strings.ReplaceAll(strings.TrimSuffix(head, "\n"), "\n", "\r\n") + "\r\n\r\n" + body
}

// judgeWire verifies a request given as bytes.
func judgeWire(t testing.TB, v *verifier, wire string) Verdict {
	t.Helper()
	seen, size, err := parseWire([]byte(wire))
	seen.Scheme = "https"
	seen.Raw = []byte(wire)[:size]
	if err != nil {
		seen.Err = err.Error()
	}
	return v.judge(seen)
}

func verifierFor(t testing.TB, require Require) *verifier {
	t.Helper()
	v, err := newVerifier(require, vectorTime)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectors(t *testing.T) {
	for _, name := range []string{"b21", "b22", "b23", "b25", "b26"} {
		t.Run(name, func(t *testing.T) {
			v := verifierFor(t, Require{Keys: vectorKeys(t), Label: "sig-" + name})
			verdict := judgeWire(t, v, readWire(t, name+".http"))
			if !verdict.OK {
				t.Fatal(verdict.Problems)
			}
			signature := verdict.Signatures[0]
			if want := read(t, name+".base"); signature.Base != want {
				t.Errorf("base is\n%s\nwant\n%s", signature.Base, want)
			}
			if signature.Rebuilt != accepted || signature.HTTPSign != accepted {
				t.Errorf("rebuilt: %s; httpsign: %s", signature.Rebuilt, signature.HTTPSign)
			}
		})
	}
}

// TestVectorsTampered changes every byte that a vector's signature or digest protects.
func TestVectorsTampered(t *testing.T) {
	for _, name := range []string{"b21", "b22", "b23", "b25", "b26"} {
		t.Run(name, func(t *testing.T) {
			v := verifierFor(t, Require{
				Keys:  vectorKeys(t),
				Label: "sig-" + name,
				// Without it a digest of another name is no digest, and ignored.
				ContentDigest: "sha-512",
			})
			wire := readWire(t, name+".http")
			for _, covered := range protected(wire, read(t, name+".base")) {
				for i := covered[0]; i < covered[1]; i++ {
					tampered := []byte(wire)
					tampered[i] ^= 1
					if verdict := judgeWire(t, v, string(tampered)); verdict.OK {
						t.Errorf("accepted with byte %d changed: %q for %q", i, tampered[i], wire[i])
					}
				}
			}
		})
	}
}

// protected returns the ranges of wire that the base covers, with those of the two
// signature fields, Content-Digest and the body.
func protected(wire, base string) [][2]int {
	var ranges [][2]int
	add := func(start, size int) { ranges = append(ranges, [2]int{start, start + size}) }
	line := func(prefix string) {
		start := strings.Index(wire, "\r\n"+prefix) + len("\r\n"+prefix)
		add(start, strings.Index(wire[start:], "\r\n"))
	}
	line("Signature: ")
	line("Signature-Input: ")
	line("Content-Digest: ")
	add(strings.Index(wire, "\r\n\r\n")+4, len(`{"hello": "world"}`))
	for covered, prefix := range map[string]string{
		`"date"`: "Date: ", `"content-type"`: "Content-Type: ", `"content-length"`: "Content-Length: ",
		`"@authority"`: "Host: ",
	} {
		if strings.Contains(base, covered+":") {
			line(prefix)
		}
	}
	for covered, text := range map[string]string{
		`"@method"`: "POST", `"@path"`: "/foo", `"@query"`: "?param=Value&Pet=dog", `"@query-param";name="Pet"`: "Pet=dog",
	} {
		if strings.Contains(base, covered+":") {
			add(strings.Index(wire, text), len(text))
		}
	}
	return ranges
}

// TestProxyVector is section 4.3: the proxy's signature holds, and the client's does
// not, because the authority is another one behind the proxy.
func TestProxyVector(t *testing.T) {
	wire := readWire(t, "s43.http")
	proxy := judgeWire(t, verifierFor(t, Require{Keys: vectorKeys(t), Label: "proxy_sig"}), wire)
	if !proxy.OK || len(proxy.Signatures) != 1 {
		t.Errorf("proxy_sig: %v", proxy.Problems)
	}
	both := judgeWire(t, verifierFor(t, Require{Keys: vectorKeys(t)}), wire)
	if both.OK || len(both.Signatures) != 2 || both.Signatures[0].Rebuilt == accepted || both.Signatures[1].Rebuilt != accepted {
		t.Errorf("both: %v", both.Problems)
	}
	v := verifierFor(t, Require{Keys: vectorKeys(t), Label: "proxy_sig"})
	v.now = func() time.Time { return time.Unix(1618884541, 0) }
	late := judgeWire(t, v, wire)
	if want := `Signature "proxy_sig": it expired 1s ago.`; len(late.Problems) != 1 || late.Problems[0] != want {
		t.Errorf("after it expired: %q, want %q", late.Problems, want)
	}
}

func TestTerminatingProxyVector(t *testing.T) {
	wire := readWire(t, "b3.http")
	if verdict := judgeWire(t, verifierFor(t, Require{Keys: vectorKeys(t)}), wire); !verdict.OK {
		t.Error(verdict.Problems)
	}
}

// TestTransformations are those of appendix B.4.
func TestTransformations(t *testing.T) {
	wire := readWire(t, "b4.http")
	for _, test := range []struct {
		name, old, new string
		ok             bool
	}{
		{"as signed", "", "", true},
		{"query and field added", "Name2=value2", "Name2=value2&param=added", true},
		{"fields folded", "Accept: application/json\r\nAccept: */*", "Accept: application/json, */*", true},
		{"field removed", "Date: Fri, 15 Jul 2022 14:24:55 GMT\r\n", "", true},
		{"method changed", "GET", "POST", false},
		{"authority changed", "example.org", "example.com", false},
		{"fields swapped", "Accept: application/json\r\nAccept: */*", "Accept: */*\r\nAccept: application/json", false},
	} {
		changed := strings.Replace(wire, test.old, test.new, 1)
		verdict := judgeWire(t, verifierFor(t, Require{Keys: vectorKeys(t)}), changed)
		if verdict.OK != test.ok {
			t.Errorf("%s: OK is %v: %q", test.name, verdict.OK, verdict.Problems)
		}
	}
}
