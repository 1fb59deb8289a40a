package e2e

import (
	"strings"
	"testing"
	"text/template"
	"time"
)

// A leakSignature is one that is made with a key of its kind.
type leakSignature struct{ Label, Key, Algorithm string }

// file fills in the configuration.
func (w *leakWorld) file(t testing.TB, credentials bool) caddyfile {
	t.Helper()
	byName := strings.Replace(w.partner.URL, "127.0.0.1", "localhost", 1)
	data := map[string]any{
		"Partner": w.partner.URL, "PartnerByName": byName, "Tokens": w.server.URL,
		"TokenFailures": tokenFailures, "NoTokens": map[string]string{"tokens-untrusted": byName, "tokens-gone": "https://" + deadAddress(t)},
		"Dfns": w.dfns.URL(), "OffBlocks": w.offBlocks.URL(), "Dynamic": w.dynamic.URL(), "Proof": w.proof.URL(),
		"Nobody": deadAddress(t), "ProxyPort": w.proxyPort, "Signatures": w.signatures(t),
		"Trust": "transport http {\ntls_trust_pool file " + w.fileOf("ca.pem") + "\n}", "LogCredentials": "",
	}
	if credentials {
		data["LogCredentials"] = "log_credentials"
	}
	w.put("ca.pem", w.partner.identity.CertPEM+string(w.dfns.CA())+string(w.offBlocks.CA())+string(w.dynamic.CA())+string(w.proof.CA()))
	w.put("other-ca.pem", newIdentity(t, "other.example").CertPEM)
	client := newIdentity(t, "client.example")
	w.put("client.pem", client.CertPEM)
	data["ClientKey"] = w.pemKey("tls_client_auth key", client.KeyPEM)
	w.put("a JWT", w.jwt("a JWT", 24*time.Hour))
	c := caddyfile{Site: w.fill(t, leakSite, data), Options: w.fill(t, leakOptions, data)}
	c.Env = append(w.env, "SSL_CERT_DIR=/nowhere", "SSL_CERT_FILE="+roots(t, w.server.identity.CertPEM), "GOTRACEBACK=all")
	c.Env = append(c.Env, w.collector.env()...)
	return c
}

func (w *leakWorld) fill(t testing.TB, text string, data any) string {
	t.Helper()
	made, err := template.New("").Delims("[[", "]]").Funcs(template.FuncMap{
		"env": w.inEnv, "file": w.inFile, "path": w.fileOf, "random": w.random32,
		"made": func(name string) string { return w.setEnv(name, w.value(name)) },
		"pem":  func(name, algorithm string) string { return w.pemKey(name, newKeyFile(t, algorithm)) },
	}).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var filled strings.Builder
	if err := made.Execute(&filled, data); err != nil {
		t.Fatal(err)
	}
	return filled.String()
}
