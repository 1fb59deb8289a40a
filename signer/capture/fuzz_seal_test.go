package capture

import (
	"bytes"
	"testing"
	"time"
)

// FuzzOpen: what was sealed opens as it was, under its own name only; nothing
// else that stands in a storage opens.
func FuzzOpen(f *testing.F) {
	key, err := ParseSealingKey([]byte("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"))
	if err != nil {
		f.Fatal(err)
	}
	s, err := newSealer(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("flow-1", "dft_token", int64(1795258299000), 0, byte(1), []byte(nil))
	f.Add("", "t", int64(-1), 20, byte(0x80), []byte{version})
	f.Add("flow\x00", "a b", int64(0), 1000, byte(0), make([]byte, 60))
	f.Fuzz(func(t *testing.T, flow, text string, millis int64, at int, flip byte, other []byte) {
		if _, _, err := s.open(s.name(flow), other); err == nil {
			t.Fatalf("%x opens", other)
		}
		token, err := NewToken(text)
		if err != nil {
			return
		}
		entry := Entry{token, time.UnixMilli(millis)}
		sealed := s.seal(flow, entry)
		gotFlow, got, err := s.open(s.name(flow), sealed)
		if err != nil || gotFlow != flow || got.Token.Reveal() != text || !got.Expires.Equal(entry.Expires) {
			t.Fatalf("%q until %s: opens as %q until %s, %v", flow, entry.Expires, gotFlow, got.Expires, err)
		}
		if _, _, err := s.open(s.name(flow+"x"), sealed); err == nil {
			t.Fatal("it opens under another name")
		}
		if i := at % len(sealed); i >= 0 && flip != 0 {
			damaged := bytes.Clone(sealed)
			damaged[i] ^= flip
			if _, _, err := s.open(s.name(flow), damaged); err == nil {
				t.Fatalf("it opens with byte %d changed", i)
			}
			if _, _, err := s.open(s.name(flow), sealed[:i]); err == nil {
				t.Fatalf("it opens with %d bytes", i)
			}
		}
	})
}

// FuzzParseSealingKey: what is taken for a key is 32 bytes or more that can be
// given again in hexadecimal; the error repeats nothing.
func FuzzParseSealingKey(f *testing.F) {
	for _, seed := range []string{
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n", "", "short",
		"0000000000000000000000000000000000000000000000000000000000000000", "-_-_AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := ParseSealingKey(text)
		if err != nil {
			if len(text) > 12 && bytes.Contains([]byte(err.Error()), text) {
				t.Fatalf("the error repeats %q", text)
			}
			return
		}
		raw := key.open()
		if len(raw) < 32 || distinct(raw) < 16 {
			t.Fatalf("%q is a key of %d bytes", text, len(raw))
		}
		if s, err := newSealer(key); err != nil || s == nil {
			t.Fatal(err)
		}
	})
}
