package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// leakPrinters write secrets down as programs do, with others around them.
var leakPrinters = map[string]func(string) string{
	"raw":       func(s string) string { return "token=" + s + ";" },
	"base64":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 +1": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(":" + s + "\n")) },
	"base64 +2": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("a:" + s + "!")) },
	"JWT":       func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s + "x")) },
	"JWT +1":    func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("{" + s + "}")) },
	"JWT +2":    func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(`{"` + s + `"}`)) },
	"hex":       func(s string) string { return fmt.Sprintf("%x", "user:"+s) },
	"HEX":       func(s string) string { return fmt.Sprintf("%X", "user:"+s) },
	"form":      func(s string) string { return url.Values{"secret": {s}}.Encode() },
	"path":      func(s string) string { return (&url.URL{Path: "/" + s}).String() },
	"%q":        func(s string) string { return fmt.Sprintf("%q", "Bearer "+s) },
	"%+q":       func(s string) string { return fmt.Sprintf("%+q", "Bearer "+s) },
	"%v":        func(s string) string { return fmt.Sprintf("%v", []byte("Bearer "+s)) },
	"%#v":       func(s string) string { return fmt.Sprintf("%#v", []byte("Bearer "+s)) },
	"% x":       func(s string) string { return fmt.Sprintf("% x", s) },
	"integers":  func(s string) string { return strings.ReplaceAll(fmt.Sprint([]byte(s)), " ", ",") },
	"JSON in JSON": func(s string) string {
		inner, _ := json.Marshal(map[string]any{"secret": s, "bytes": []byte(s)})
		outer, _ := json.Marshal(map[string]string{"body": string(inner)})
		return string(outer)
	},
}

// The search finds what it is to find: secrets of every kind, whole and cut, however
// they are printed; and it does not find what is not there.
func TestLeakSearch(t *testing.T) {
	c := newCanaries(t)
	c.text("text")
	c.random32("bytes", "base64")
	c.pemKey("RSA", newPKCS1(t))
	c.pemKey("P-256", newKeyFile(t, "ecdsa-p256-sha256"))
	c.seen("a partner", "Signature", "sig1=:"+base64.StdEncoding.EncodeToString([]byte(randomText(t, 64)))+":")
	c.seen("a partner", "Signature-Input", `sig1=();nonce="`+randomText(t, 14)+`"`)
	c.seen("a partner", "Authorization", "Bearer "+c.jwt("JWT", 0))
	if len(c.list) < 10 {
		t.Fatalf("only %d secrets", len(c.list))
	}
	search := newLeakSearch(c.list)
	for how, printed := range leakPrinters {
		for _, secret := range c.list {
			whole := string(secret.secret)
			for cut, part := range map[string]string{"whole": whole, "first half": whole[:len(whole)/2], "second half": whole[len(whole)/2:]} {
				if len(part) < leakWindow+secret.stride-1 {
					continue
				}
				if _, found := search.in(strings.Repeat("a", 4096) + printed(part) + "b")[secret.name]; !found {
					t.Errorf("the %s of %s is not found: %s", cut, secret.name, how)
				}
			}
		}
		if found := search.in(printed(randomText(t, 4096))); len(found) > 0 {
			t.Errorf("%s: what is not there is found: %v", how, found)
		}
	}
}

// checkLeakSearch plants a secret of each name in each place, in one form after the
// other.
func checkLeakSearch(t *testing.T, search *leakSearch, places []leakPlace, secrets []canary) {
	t.Helper()
	named := map[string]bool{}
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(c canary) bool {
		defer func() { named[c.name] = true }()
		return named[c.name]
	})
	var printers []string
	for how := range leakPrinters {
		printers = append(printers, how)
	}
	for i, place := range places {
		var planted strings.Builder
		for j, secret := range secrets {
			planted.WriteString("\n" + leakPrinters[printers[(i+j)%len(printers)]](string(secret.secret)))
		}
		middle := len(place.text) / 2
		found := search.in(place.text[:middle] + planted.String() + place.text[middle:])
		for j, secret := range secrets {
			if _, ok := found[secret.name]; !ok {
				t.Errorf("%s in %s would not be found: %s", secret.name, place.name, printers[(i+j)%len(printers)])
			}
		}
	}
}
