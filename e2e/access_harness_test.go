package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A caller is a user of this machine, who may have no name.
type caller struct {
	uid, gid uint32
	groups   []uint32
}

// curl runs curl as the caller, and tells status and body of the answer. The
// status is 0 where there is no connection.
func (c caller) curl(t testing.TB, args ...string) (status int, body string) {
	t.Helper()
	needsCommand(t, "curl")
	if os.Getuid() != 0 {
		lacks(t, "only root can be several users")
	}
	cmd := exec.Command("curl", append([]string{"--silent", "--max-time", "20", "--noproxy", "*", "--write-out", "\n%{http_code}"}, args...)...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.gid, Groups: c.groups}}
	var out bytes.Buffer
	cmd.Stdout = &out
	_ = cmd.Run() // without a connection it fails, and the status is 000
	at := strings.LastIndexByte(out.String(), '\n')
	if at < 0 {
		t.Fatalf("curl printed %q", out.String())
	}
	status, err := strconv.Atoi(out.String()[at+1:])
	if err != nil {
		t.Fatalf("curl printed %q", out.String())
	}
	return status, out.String()[:at]
}

// socketDir is a directory that everybody may enter. What is made in it belongs
// to the group.
func socketDir(t testing.TB, gid int) string {
	t.Helper()
	if os.Getuid() != 0 {
		lacks(t, "only root can be several users")
	}
	dir := shortDir(t)
	if err := os.Chown(dir, 0, gid); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755|os.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	return dir
}

// onAddress is the site at another address, too: the harness's own, with these
// directives, is followed by it.
func onAddress(c caddyfile, address, bind string) caddyfile {
	c.Site += "\n}\n" + address + " {\n\tbind " + bind + "\n\tlog\n" + c.Site
	return c
}

// A clientCA issues certificates.
type clientCA struct {
	identity
	certificate *x509.Certificate
}

func newClientCA(t testing.TB) clientCA {
	t.Helper()
	id := newIdentity(t, "authority.internal")
	certificate, err := x509.ParseCertificate(id.Certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return clientCA{id, certificate}
}

// issue issues a certificate for a client, in a file with its key for curl.
func (a clientCA) issue(t testing.TB, dir, name string) (file string, certificate *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	if certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	content := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})...)
	file = filepath.Join(dir, name+".pem")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file, certificate
}

// is checks an answer that curl got: 200, or a problem of this kind.
func is(t testing.TB, what string, status int, body string, want int, kind string) {
	t.Helper()
	if status != want || kind != "" && !strings.Contains(body, "problems.md#"+kind+`"`) {
		t.Errorf("%s: got %d %s, want %d %s", what, status, body, want, kind)
	}
}
