package keys_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// A key is as old as the content of its file: one that is touched is not new.
func TestWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	write := func(content string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	const first, second = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=", "dnV0c3JxcG9ubWxramloZ2ZlZGNiYTk4NzY1NDMyMTA="
	now := time.Now()
	year := now.AddDate(-1, 0, 0).Truncate(time.Second)
	write(first, year)
	key, err := new(keys.Loader).Key(path, keys.KeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, want time.Time) {
		t.Helper()
		now = now.Add(2 * time.Second)
		if _, err := key.Sign(nil, []byte("x"), now, keys.Raw); err != nil {
			t.Fatal(err)
		}
		if got := key.Written(); !got.Equal(want) {
			t.Errorf("%s: written %v, want %v", what, got, want)
		}
	}
	check("opened", year)
	write(first, year.AddDate(0, 1, 0))
	check("touched", year)
	write("", year.AddDate(0, 2, 0))
	check("emptied", year)
	write(second, year.AddDate(0, 3, 0))
	check("replaced", year.AddDate(0, 3, 0))

	t.Setenv("WRITTEN_KEY", first)
	if key, err = new(keys.Loader).Key("{env.WRITTEN_KEY}", keys.KeyOptions{}); err != nil {
		t.Fatal(err)
	}
	check("from the environment", time.Time{})
}
