package verify_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/verify"
)

// However many changes could be tried, the search comes to an end, also when
// none of them changes what is covered.
func TestSearchEnds(t *testing.T) {
	for name, s := range map[string]signed{
		"slashes":             {target: strings.Repeat("/a", 1500), covers: []string{"@method", "@path"}},
		"slashes not covered": {target: strings.Repeat("/a", 1500), covers: []string{"@method"}},
		"a header is missing": {target: strings.Repeat("/a", 1500), covers: []string{"@method", "@path", "x-gone"}},
		"parameters":          {target: "/?" + strings.Repeat("a=1&", 1500), covers: []string{"@method", "@query"}},
	} {
		s.method, s.host, s.keyID, s.key, s.created = "GET", "api.acme.example", "acme", private, now.Unix()
		m := s.request()
		m.Method = "PURGE"
		began := time.Now()
		report := verify.Request(m, options)
		if found := strings.Join(causes(report), " "); !strings.Contains(found, "unknown") && !strings.Contains(found, "method") {
			t.Errorf("%s: %s", name, found)
		}
		took := time.Since(began)
		t.Logf("%s: %v", name, took)
		if took > 20*time.Second { // seconds under the race detector; hours without an end
			t.Errorf("%s: it took %v", name, took)
		}
	}
}

// What may be a credential is not shown, in the base nor as what has changed;
// the signature's own fields and derived components are.
func TestHidden(t *testing.T) {
	for _, name := range []string{"X-Access-Token", "X-Client-Secret", "X-Password", "X-Proxy-Auth", "X-Session", "My-Api-Key", "Myapikey"} {
		s := payment()
		s.fields = append(s.fields, [2]string{name, "canary, x"})
		s.covers = append(s.covers, strings.ToLower(name), "@authority")
		for change, value := range map[string]string{"none": "canary, x", "spelling": "canary,  x", "another": "canary, y"} {
			if change == "another" && name != "X-Session" { // which takes long
				continue
			}
			m := s.request()
			set(m, name, value)
			report := verify.Request(m, options)
			text := texts(t, report)
			if strings.Contains(text, "canary,") || report.Valid != (change == "none") || !strings.Contains(text, `"@authority": api.acme.example`) {
				t.Errorf("%s, change %s: %s", name, change, text)
			}
		}
	}
	o := options
	o.SignatureHeader, o.InputHeader = "X-Auth-Signature", "X-Auth-Input"
	m := payment().request()
	m.Header = append(m.Header, [2]string{"X-Auth-Input", `sig0=("x-auth-signature")`}, [2]string{"X-Auth-Signature", "sig0=:AAAA:"})
	if text := texts(t, verify.Request(m, o)); !strings.Contains(text, `"x-auth-signature": sig0=:AAAA:`) {
		t.Error(text)
	}
}

// The digest of the base is that of the bytes that were signed, with what is
// hidden.
func TestBaseDigest(t *testing.T) {
	s := payment()
	sum := sha256.Sum256([]byte(s.base()))
	want := hex.EncodeToString(sum[:])
	report := verify.Request(s.request(), options)
	text := texts(t, report)
	if got := report.Signatures[0].BaseSHA256; got != want || strings.Count(text, want) != 2 {
		t.Errorf("%s, want %s: %s", got, want, text)
	}
	s.covers = append(s.covers, "x-gone")
	if got := verify.Request(s.request(), options).Signatures[0].BaseSHA256; got != "" {
		t.Errorf("a base that cannot be made has the digest %s", got)
	}
}
