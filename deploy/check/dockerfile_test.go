package check

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages are those of the Dockerfile, as Docker reads it.
func stages(t *testing.T) (build, image instructions.Stage) {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Name != "build" || all[1].BaseName != "scratch" {
		t.Fatalf("not a build and an image from scratch: %+v", all)
	}
	return all[0], all[1]
}

// build runs the commands of the build in a copy of the tree, with root in the
// place of /out, and returns the image's root directory.
func build(t *testing.T) string {
	t.Helper()
	stage, image := stages(t)
	dir := t.TempDir()
	src, out, root := filepath.Join(dir, "src"), filepath.Join(dir, "out"), filepath.Join(dir, "root")
	copyContext(t, src)
	for _, command := range stage.Commands {
		if run, ok := command.(*instructions.RunCommand); ok {
			line := strings.ReplaceAll(strings.Join(run.CmdLine, " "), "/out", out)
			cmd := exec.Command("sh", "-ec", line)
			cmd.Dir = src
			cmd.Env = append(os.Environ(), "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH)
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", line, err, output)
			}
		}
	}
	for _, command := range image.Commands {
		copies, ok := command.(*instructions.CopyCommand)
		if !ok {
			continue
		}
		for _, from := range copies.SourcePaths {
			to := filepath.Join(root, copies.DestPath)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
			if output, err := exec.Command("cp", "-r", strings.Replace(from, "/out", out, 1), to).CombinedOutput(); err != nil {
				t.Fatalf("COPY %s: %s", from, output)
			}
			if copies.Chown != "" && os.Geteuid() == 0 {
				if output, err := exec.Command("chown", "-R", copies.Chown, to).CombinedOutput(); err != nil {
					t.Fatalf("chown %s: %s", copies.Chown, output)
				}
			}
		}
	}
	return root
}

// copyContext copies what git knows and .dockerignore lets through. Of the
// latter only what tells whether the build needs it is left out.
func copyContext(t *testing.T, to string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	script := `git ls-files -z -- . ':!:deploy' ':!:docs' ':!:.ci' ':(exclude,glob)**/*_test.go' ':(exclude,glob)**/testdata/**' ':(exclude,glob)**/*.pem' |
		xargs -0 cp --parents -t "$0"`
	cmd := exec.Command("sh", "-ec", script, to)
	cmd.Dir = "../.."
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, output)
	}
}

// The binary needs nothing of the system that it runs on.
func static(t *testing.T, binary string) {
	t.Helper()
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary is linked dynamically")
		}
	}
	if symbols, err := file.Symbols(); err == nil {
		t.Errorf("the binary has %d symbols", len(symbols))
	}
}
