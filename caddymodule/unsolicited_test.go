package caddymodule

import (
	"bytes"
	"io"
	"log"
	"testing"
)

// Of a response that nobody has asked for the log says that it came, and no byte of it.
// Everything else that goes to the standard logger stays as it is, and the writer is
// wrapped once, whatever is loaded.
func TestUnsolicitedIsHidden(t *testing.T) {
	former, flags := log.Writer(), log.Flags()
	defer func() { log.SetOutput(former); log.SetFlags(flags) }()
	var written bytes.Buffer
	log.SetOutput(&written)
	log.SetFlags(0)
	for range 2 {
		if err := new(App).Start(); err != nil {
			t.Fatal(err)
		}
	}
	log.Printf("Unsolicited response received on idle HTTP channel starting with %q; err=%v", "a body with a token", io.EOF)
	log.Print("something else")
	if want := "Unsolicited response received on idle HTTP channel\nsomething else\n"; written.String() != want {
		t.Errorf("written %q, want %q", written.String(), want)
	}
	if w, ok := log.Writer().(unsolicited); !ok || w.Writer != io.Writer(&written) {
		t.Errorf("the writer is %T", log.Writer())
	}
}
