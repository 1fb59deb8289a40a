package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const own = "github.com/partnersign/partnersign"

// modulesOf are the modules that packages are compiled from.
func modulesOf(t *testing.T, packages ...string) map[string]bool {
	t.Helper()
	modules := goList(t, append([]string{"-deps", "-f", "{{with .Module}}{{.Path}}{{end}}"}, packages...)...)
	delete(modules, own)
	return modules
}

func goList(t *testing.T, args ...string) map[string]bool {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for _, line := range strings.Fields(string(output)) {
		lines[line] = true
	}
	return lines
}

// docs/dependencies.md names every direct dependency, says where it is, and
// counts right.
func TestDependencies(t *testing.T) {
	page, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := goList(t, "-m", "-f", "{{if not (or .Indirect .Main)}}{{.Path}}{{end}}", "all")
	binary := modulesOf(t, ".")
	stock := modulesOf(t, "github.com/caddyserver/caddy/v2/cmd", "github.com/caddyserver/caddy/v2/modules/standard")
	told := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z][^ ]*[./][^ ]*) \|.*\| ([a-zA-Z ]+) \|$`).FindAllStringSubmatch(string(page), -1) {
		module, where := row[1], "tests only"
		told[module] = true
		if stock[module] {
			where = "stock Caddy"
		} else if binary[module] {
			where = "added"
		}
		if where != row[2] {
			t.Errorf("%s: the page says %q, and it is %q", module, row[2], where)
		}
	}
	if !maps.Equal(told, direct) {
		t.Errorf("the page has %v, go.mod %v", slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(direct)))
	}
	added := 0
	for module := range binary {
		if !stock[module] {
			added++
		}
	}
	engine := modulesOf(t, own+"/signer/config")
	for _, sentence := range []string{
		fmt.Sprintf("has %d modules beside our own: %d of stock Caddy and %d added", len(binary), len(binary)-added, added),
		fmt.Sprintf("takes %d:", len(engine)),
	} {
		if !strings.Contains(string(page), sentence) {
			t.Errorf("the page does not say: %s", sentence)
		}
	}
}
