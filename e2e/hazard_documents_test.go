package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What users copy names its secrets as {env.NAME} or {file./path}. {$NAME} would put
// them into the configuration, and stands only where no secret does.
func TestHazardDocumentsNameSecrets(t *testing.T) {
	harmless := []string{"{$CREDENTIALS_DIRECTORY", "{$PARTNERSIGN_BIND:", "{$PARTNERSIGN_PROBES:", "{$NAME}"}
	files := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".git")):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".md" && !strings.Contains(entry.Name(), "Caddyfile"):
			return nil
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rest := string(text)
		for {
			at := strings.Index(rest, "{$")
			if at < 0 {
				return nil
			}
			rest = rest[at:]
			line, _, _ := strings.Cut(rest, "\n")
			if !slices.ContainsFunc(harmless, func(prefix string) bool { return strings.HasPrefix(rest, prefix) }) {
				t.Errorf("%s: %s", path, line)
			}
			rest = rest[2:]
		}
	})
	if err != nil || files < 10 {
		t.Errorf("%d files were read: %v", files, err)
	}
}
