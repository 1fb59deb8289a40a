package e2e

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// inStorage keeps captured tokens in a directory that tests can take away.
const inStorage = "storage file_system DIR/storage\n\t" + persisted

// away puts a file in the place of the storage's directory, which stops root, too.
func (p dynamicProxy) away() {
	p.process.t.Helper()
	if err := os.Rename(p.path("storage"), p.path("gone")); err != nil && !os.IsNotExist(err) {
		p.process.t.Fatal(err)
	}
	p.replace("storage", "not a directory")
}

func (p dynamicProxy) back() {
	p.process.t.Helper()
	if err := os.Remove(p.path("storage")); err != nil {
		p.process.t.Fatal(err)
	}
	if err := os.Rename(p.path("gone"), p.path("storage")); err != nil && !os.IsNotExist(err) {
		p.process.t.Fatal(err)
	}
}

// Without its storage a proxy refuses what needs it, at once and unsent, and
// does everything else. It goes on by itself when the storage is back.
func TestDynamicStorageOutage(t *testing.T) {
	p := dynamicSetup{Options: inStorage}.start(t)
	f, other := p.attached(), p.create()
	token := p.SessionToken(f.id)
	p.away()
	p.Partner.Reset()
	for range 3 {
		for step, f := range map[string]flow{"quote": f, "source": other} {
			start := time.Now()
			res := f.step(step)
			res.refused(t, 503, "credential-unavailable")
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("%s took %s", step, took)
			}
			if res.Header.Get("Retry-After") != "5" {
				t.Errorf("%s: %v", step, res.Header)
			}
		}
	}
	p.ask("POST", "/sdk/"+dynamicEnv+"/checkouts/co-1/transactions").refused(t, 503, "credential-unavailable")
	untouched(t, p.Partner)
	if n := p.captured("store_failed"); n != 7 {
		t.Errorf("%v failures of the storage are counted, want 7", n)
	}
	if !strings.Contains(p.Log(), "captured token: store_failed") {
		t.Error("the log does not say why")
	}

	p.create()
	f.ask("GET", f.path()).ok(t)
	f.goes("quote", 200, flowToken+": "+token) // a client with its own needs no storage

	p.back()
	f.goesOn()
	other.goes("source", 200)
	other.goesOn()
	p.inOrder(t)
}

// A proxy that is started during an outage serves what it can.
func TestDynamicStartInOutage(t *testing.T) {
	p := dynamicSetup{Options: inStorage}.start(t)
	f := p.attached()
	p.crash()
	p.away()
	p.restart()
	p.create()
	f.fails(t, "quote")
	p.back()
	f.goesOn()
	p.inOrder(t)
}

// A token whose storage fails while Dynamic answers reaches the client as it
// came, even where it would have been removed: it is told only once. A storage that
// was cut off takes the next one.
func TestDynamicOutageInSource(t *testing.T) {
	started := make(chan dynamicProxy, 1)
	p := dynamicSetup{Options: inStorage, Lines: "strip_session", Dynamic: partnertest.DynamicOptions{
		Fail: func(stage partnertest.DynamicStage, n int, _ *partnertest.Request) (f partnertest.Failure) {
			if stage == partnertest.DynamicMintCall && n == 1 {
				(<-started).away()
			}
			return f
		},
	}}.start(t)
	started <- p
	f := p.create()
	start := time.Now()
	res := f.goes("source", 200)
	token, _ := at(res.Text, "sessionToken").(string)
	if token == "" || token != p.SessionToken(f.id) {
		t.Errorf("the client was not told the token: %s", res.Text)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("the answer was held back for %s", took)
	}
	if n := p.captured("store_failed"); n != 1 {
		t.Errorf("%v failures are counted", n)
	}
	p.back()
	if res := f.goes("source", 200, flowToken+": "+token); strings.Contains(res.Text, "sessionToken") {
		t.Errorf("answered %s", res.Text)
	}
	f.goesOn()
	p.inOrder(t)
}

// A storage that hangs holds up a call for seconds and no longer, and the calls
// that do not need it not at all.
func TestDynamicStorageHangs(t *testing.T) {
	p := dynamicSetup{Options: inStorage}.start(t)
	f := p.attached()
	var file, content string
	for name, text := range p.storedIn(t, "storage/partnersign") {
		file, content = name, text
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(file, 0o600); err != nil { // to be opened, it waits for a writer
		t.Fatal(err)
	}
	start := time.Now()
	f.fails(t, "quote")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	start = time.Now()
	f.ask("GET", f.path()).ok(t)
	p.attached().goesOn()
	if took := time.Since(start); took > time.Second {
		t.Errorf("others took %s", took)
	}
	writer, err := os.OpenFile(file, os.O_RDWR, 0) // lets go whoever still waits
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file, file+".fifo"); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f.goesOn()
	p.inOrder(t)
}

// An entry that was changed, cut short or moved is not used: its calls are
// refused, and a new source replaces it.
func TestDynamicStoreDamaged(t *testing.T) {
	for name, damage := range map[string]func(string) string{
		"changed":   func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]^1) },
		"cut short": func(s string) string { return s[:len(s)/2] },
		"empty":     func(string) string { return "" },
		"garbage":   func(string) string { return strings.Repeat("garbage ", 100) },
	} {
		t.Run(name, func(t *testing.T) {
			p := dynamicSetup{Options: inStorage}.start(t)
			f := p.attached()
			for name, text := range p.storedIn(t, "storage/partnersign") {
				if err := os.WriteFile(name, []byte(damage(text)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p.Partner.Reset()
			f.fails(t, "quote")
			untouched(t, p.Partner)
			if n := p.captured("damaged"); n != 1 {
				t.Errorf("%v damaged tokens are counted", n)
			}
			f.goes("source", 200, flowToken+": "+p.SessionToken(f.id))
			f.goesOn()
			p.inOrder(t)
		})
	}
}
