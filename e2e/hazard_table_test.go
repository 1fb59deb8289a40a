package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/security.md names tests that exist, and every test that is named after a
// hazard.
func TestSecurityPage(t *testing.T) {
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, named := sourceTests(t), map[string]bool{}
	for _, match := range regexp.MustCompile("`(\\w+\\.)?((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(string(text), -1) {
		pkg, name := strings.TrimSuffix(match[1], "."), match[2]
		if pkg == "" {
			pkg = "e2e"
		}
		named[pkg+"."+name] = true
		if !slices.Contains(tests, pkg+"."+name) {
			t.Errorf("it names %s, which is no test", match[0])
		}
	}
	for _, test := range tests {
		if strings.HasPrefix(test, "e2e.TestHazard") && !named[test] {
			t.Errorf("it does not name %s", test)
		}
	}
	_, table, _ := strings.Cut(string(text), "| hazard | tests |\n| --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) {
		if heading := strings.HasPrefix(row, "| **"); !heading && !strings.Contains(row, "`Test") && !strings.Contains(row, ".Test") {
			t.Errorf("no test holds %s", row)
		}
	}
	if strings.Count(table, "\n") < 40 {
		t.Errorf("the table has %d rows", strings.Count(table, "\n"))
	}
}

// sourceTests are the tests and fuzz tests of the module, as package.Name.
func sourceTests(t *testing.T) (tests []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
				tests = append(tests, strings.TrimSuffix(file.Name.Name, "_test")+"."+f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
