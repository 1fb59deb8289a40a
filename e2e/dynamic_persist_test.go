package e2e

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A flow goes on after what happens between its source and its quote. Without
// persist a restart loses the token: the call is forwarded as it is, and the
// client gets Dynamic's answer.
func TestDynamicSurvives(t *testing.T) {
	reload := func(p dynamicProxy) { p.mustReload(p.file) }
	for _, test := range []struct {
		name, options string
		lines         string
		happens       func(dynamicProxy)
		lost          bool
	}{
		{"reload in memory", "", "", reload, false},
		{"reload in memory, stripped", "", "strip_session", reload, false},
		{"reload persisted", persisted, "", reload, false},
		{"kill in memory", "", "", dynamicProxy.killed, true},
		{"kill persisted", persisted, "", dynamicProxy.killed, false},
		{"kill persisted, stripped, per client", persisted, "strip_session\nper_client", dynamicProxy.killed, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := dynamicSetup{Lines: test.lines, Options: test.options}.start(t)
			f := p.attached()
			test.happens(p)
			if test.lost {
				if res := f.goes("quote", 401); at(res.Text, "code") != "invalid_session_token" || res.Header.Get("Proxy-Status") != "" {
					t.Errorf("%v %s", res.Header, res.Text)
				}
				if n := p.captured("missing"); n != 1 {
					t.Errorf("%v missing tokens are counted", n)
				}
				return
			}
			f.goes("quote", 200)
			test.happens(p)
			f.goesOn()
			p.inOrder(t)
		})
	}
}

// killed is kill -9 and a new start.
func (p dynamicProxy) killed() {
	p.crash()
	p.restart()
}

// What was stored is not readable without the key, and with another key is not
// there: the flow is forwarded as it is.
func TestDynamicStorage(t *testing.T) {
	p := dynamicSetup{Options: persisted}.start(t)
	f := p.attached()
	token := p.SessionToken(f.id)
	if token == "" {
		t.Fatal("no token is alive")
	}
	stored := p.stored(t)
	if len(stored) != 1 {
		t.Fatalf("%d files are stored: %q", len(stored), stored)
	}
	for name, content := range stored {
		for _, secret := range []string{token, f.id, dynamicEnv, dynamicToken, "canary-store-key", p.Dynamic.Addr().String()} {
			for encoding, encoded := range encodings(secret) {
				if strings.Contains(name+"\n"+content, encoded) {
					t.Errorf("%s holds %.20s… (%s)", name, secret, encoding)
				}
			}
		}
	}
	f.goes("cancel", 200)
	if left := p.stored(t); len(left) != 0 {
		t.Errorf("the token is cancelled, and %q is left", left)
	}
}

// stored are the files of captured tokens in Caddy's storage, by path.
func (p dynamicProxy) stored(t *testing.T) map[string]string {
	t.Helper()
	return p.storedIn(t, "caddy/partnersign")
}

func (p dynamicProxy) storedIn(t *testing.T, directory string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(p.path(directory), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[path] = readFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Another key cannot open what is stored; a former one can, and moves it under
// the new one.
func TestDynamicStoreKeyChange(t *testing.T) {
	p := dynamicSetup{Options: persisted, Env: []string{"OLD_" + storeKey, "NEW_STORE_KEY=" + base64.StdEncoding.EncodeToString(randomBytes(t, 32))}}.start(t)
	change := func(lines string) {
		t.Helper()
		file := p.file
		file.Options = strings.Replace(persisted, "key {env.STORE_KEY}", lines, 1)
		p.mustReload(file)
	}
	f := p.attached()
	change("key {env.NEW_STORE_KEY}")
	f.goes("quote", 401)
	change("key {env.NEW_STORE_KEY}\nprevious_key {env.OLD_STORE_KEY}")
	f.goes("quote", 200)
	f.goes("source", 200)
	change("key {env.NEW_STORE_KEY}")
	f.goesOn()
}

// A reload in the middle of a source lets it end, and the source that comes next
// waits for it, though another configuration serves it.
func TestDynamicReloadInSource(t *testing.T) {
	for name, options := range map[string]string{"memory": " ", "persisted": persisted} {
		t.Run(name, func(t *testing.T) {
			arrived := make(chan struct{}, 2)
			p := dynamicSetup{Options: options, Dynamic: partnertest.DynamicOptions{Fail: func(stage partnertest.DynamicStage, n int, _ *partnertest.Request) (f partnertest.Failure) {
				if stage == partnertest.DynamicMintCall {
					arrived <- struct{}{}
					f = partnertest.Failure{Delay: time.Second, After: true}
				}
				return f
			}}}.start(t)
			f := p.create()
			first := make(chan int, 1)
			go func() { first <- f.step("source").StatusCode }()
			take(t, arrived)
			p.mustReload(p.file)
			f.goes("source", 200)
			if status := take(t, first); status != 200 || p.Overlap() != 1 {
				t.Errorf("the first was answered with %d, %d were under way at once", status, p.Overlap())
			}
			f.goesOn()
			p.inOrder(t)
		})
	}
}
