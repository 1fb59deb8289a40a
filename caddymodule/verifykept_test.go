package caddymodule

import (
	"bytes"
	"net/http/httptest"
	"testing"
)

// TestVerifyKeepsBody has the application's transport send a webhook that was answered
// before its end: what it reads then is that webhook, and no later one.
func TestVerifyKeepsBody(t *testing.T) {
	read := func(char byte) []byte {
		in := new(inbox)
		defer in.close()
		content := bytes.Repeat([]byte{char}, 100<<10)
		req := httptest.NewRequest("POST", "/", bytes.NewReader(content))
		if err := in.read(httptest.NewRecorder(), req, 1<<20); err != nil || !bytes.Equal(in.body.Bytes(), content) {
			t.Fatalf("%d bytes, %v", in.body.Len(), err)
		}
		return in.body.Bytes()
	}
	first := read('1')
	for range 20 {
		read('2')
	}
	if i := bytes.IndexByte(first, '2'); i >= 0 {
		t.Errorf("the webhook has bytes of a later one at %d", i)
	}
}
