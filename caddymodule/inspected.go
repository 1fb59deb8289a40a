package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/partnersign/partnersign/internal/paint"
	"github.com/partnersign/partnersign/signer/keyfile"
	"github.com/partnersign/partnersign/signer/keys"
)

// inspected is what is told of a file.
type inspected struct {
	// The reference or path as it was given; - is the standard input.
	Name string `json:"name"`

	// The mode of the file, such as 0600. Empty where there is none.
	Mode string `json:"mode,omitempty"`

	// What is worth knowing and no problem.
	Note string `json:"note,omitempty"`

	// What is wrong with the file itself. Empty: nothing.
	Problem string `json:"problem,omitempty"`

	// What is in it, in its order.
	Items []keyfile.Item `json:"items"`
}

// errNoFile does not repeat what was given: it may be the secret itself.
var errNoFile = errors.New("expected {env.NAME}, {file./absolute/path}, -, or the path of a file that is there")

// open reads what arg stands for. An error is about arg; what is wrong with the
// file is told with the others.
func (i *inspected) open(arg string, now time.Time) error {
	i.Name = arg
	i.Items = []keyfile.Item{}
	if arg == "-" {
		i.read(os.Stdin, now)
		return nil
	}
	path := arg
	if strings.HasPrefix(arg, "{") {
		env, file, err := keys.ParseReference(arg)
		if err != nil {
			return errNoFile
		}
		if env != "" {
			value, ok := os.LookupEnv(env)
			if !ok {
				return fmt.Errorf("%s: the environment variable is not set", arg)
			}
			i.Items = keyfile.Read([]byte(value), now)
			return nil
		}
		path = file
	}
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		i.Problem = "you may not read it"
		return nil
	case err != nil && path != arg:
		return fmt.Errorf("%s: no such file", arg)
	case err != nil:
		return errNoFile
	}
	defer f.Close()
	i.read(f, now)
	i.checkMode(f)
	return nil
}

// maxInspected is the size, in bytes, above which the server takes no file for a
// key or a secret.
const maxInspected = 1 << 20

func (i *inspected) read(f *os.File, now time.Time) {
	content, err := io.ReadAll(io.LimitReader(f, maxInspected+1))
	switch {
	case err != nil:
		i.Problem = "it cannot be read: name a file that holds a key or a token"
	case len(content) > maxInspected:
		i.Problem = "it is larger than 1 MiB: name the file that holds the key or the token alone"
	default:
		i.Items = keyfile.Read(content, now)
	}
}

// checkMode says who else can get at what is secret in the file.
func (i *inspected) checkMode(f *os.File) {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || runtime.GOOS == "windows" {
		return
	}
	mode := info.Mode().Perm()
	i.Mode = fmt.Sprintf("%04o", mode)
	secret := false
	for n := range i.Items {
		secret = secret || i.Items[n].Secret()
	}
	switch {
	case mode&0o002 != 0:
		i.Problem = "everybody on this machine can write it: chmod 600, and make a new one if it is secret"
	case !secret:
	case mode&0o004 != 0:
		i.Problem = "everybody on this machine can read it: chmod 600, and make a new one if others may have"
	case mode&0o040 != 0:
		i.Note = "its group can read it: see to it that nobody but Caddy's user is in it"
	}
}

// bad reports whether there is something to mend.
func (i *inspected) bad() bool {
	for n := range i.Items {
		if i.Items[n].Problem != "" {
			return true
		}
	}
	return i.Problem != ""
}

func (i *inspected) text(now time.Time, p paint.Paint) string {
	var b strings.Builder
	b.WriteString(p.Bold(keyfile.Printable(i.Name)))
	if i.Mode != "" {
		b.WriteString("  " + p.Dim(i.Mode))
	}
	b.WriteString("\n")
	if i.Problem != "" {
		fmt.Fprintf(&b, "  %s\n", p.Bad(i.Problem))
	}
	if i.Note != "" {
		fmt.Fprintf(&b, "  %s\n", p.Warn(i.Note))
	}
	for n := range i.Items {
		b.WriteString(i.Items[n].Text(now, p))
	}
	return b.String()
}
