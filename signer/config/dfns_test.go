package config

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeKeys writes one key file for each type.
func writeKeys(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{"ed25519": ed25519.NewKeyFromSeed(make([]byte, 32)), "rsa": rsaKey, "p256": p256, "p384": p384} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		data := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDfns(t *testing.T) {
	t.Setenv("TOKEN", "token")
	dir := writeKeys(t)
	for _, key := range []string{"ed25519", "rsa", "p256"} {
		c := Dfns(DfnsSettings{Token: "{env.TOKEN}", DfnsAuth: DfnsAuth{
			AppID: "ap-1", AppSecret: "{env.TOKEN}", AppKey: dir + "/rsa",
			Credential: &DfnsCredential{ID: "cr-1", Key: dir + "/" + key},
		}})
		if p, err := Build(c, Runtime{}); err != nil || p.Name() != "dfns" || p.Upstream().String() != "https://api.dfns.io" {
			t.Errorf("%s: %v, %v", key, p, err)
		}
	}
	if c := Dfns(DfnsSettings{}); c.Dfns != nil || c.Bearer != nil || c.Check() != nil {
		t.Errorf("without settings: %+v, %v", c, c.Check())
	}
}

func TestDfnsThatCannotBeBuilt(t *testing.T) {
	t.Setenv("TOKEN", "sk_live_canary")
	dir := writeKeys(t)
	for want, auth := range map[string]DfnsAuth{
		"dfns: it is empty":                 {},
		"app_id: expected":                  {AppID: "{canary}"},
		"app_secret: expected":              {AppSecret: "canary"},
		"app_key: expected":                 {AppKey: "canary"},
		"dfns: app_key: ":                   {AppKey: dir + "/ed25519"},
		"credential: its id is missing":     {Credential: &DfnsCredential{Key: dir + "/ed25519"}},
		"credential: key is missing":        {Credential: &DfnsCredential{ID: "cr-1"}},
		"credential: key: expected":         {Credential: &DfnsCredential{ID: "cr-1", Key: "canary"}},
		"dfns: credential: key: ":           {Credential: &DfnsCredential{ID: "cr-1", Key: dir + "/p384"}},
		"credential: exclude: ":             {Credential: &DfnsCredential{ID: "cr-1", Key: dir + "/ed25519", Exclude: []Match{{Paths: []string{"canary"}}}}},
		"client_token is keep or replace":   {Credential: &DfnsCredential{ID: "cr-1", Key: dir + "/ed25519", ClientToken: "canary"}},
		"credential: id: expected":          {Credential: &DfnsCredential{ID: "{canary}", Key: dir + "/ed25519"}},
		"dfns: credential: id: {env.UNSET}": {Credential: &DfnsCredential{ID: "{env.UNSET}", Key: dir + "/ed25519"}},
	} {
		_, err := Build(Config{Upstream: DfnsUpstream, Dfns: &auth}, Runtime{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
