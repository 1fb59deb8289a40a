package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	caddyfileformat "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// A doctorFinding is what the tests read of the doctor's JSON.
type doctorFinding struct{ Level, Partner, Check, Found, Do string }

// A patient is a directory with a Caddyfile, which nobody runs.
type patient struct {
	dir string
	env []string
	t   *testing.T
}

func newPatient(t *testing.T, env ...string) *patient {
	return &patient{t.TempDir(), env, t}
}

func (p *patient) path(name string) string { return filepath.Join(p.dir, name) }

func (p *patient) write(name, content string, mode os.FileMode) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chmod(p.path(name), mode); err != nil { // whatever the umask
		p.t.Fatal(err)
	}
}

// run has the doctor examine a Caddyfile, in which DIR is the directory.
func (p *patient) run(status int, config string, args ...string) []doctorFinding {
	p.t.Helper()
	p.write("Caddyfile", string(caddyfileformat.Format([]byte(strings.ReplaceAll(config, "DIR", p.dir)))), 0o600)
	cmd := exec.Command(os.Args[0], append([]string{"partnersign", "doctor", "--json", "--config", p.path("Caddyfile")}, args...)...)
	cmd.Env = append(append(os.Environ(), beCaddy+"=1", "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir, "HTTPS_PROXY=", "https_proxy="), p.env...)
	var errs strings.Builder
	cmd.Stderr = &errs
	output, _ := cmd.Output()
	var report struct {
		Problems, Warnings int
		Findings           []doctorFinding
	}
	if err := json.Unmarshal(output, &report); err != nil || errs.Len() > 0 {
		p.t.Fatalf("%v: %s %s", err, output, &errs)
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		p.t.Errorf("status %d, want %d: %s", got, status, output)
	}
	if strings.Contains(string(output), "canary") || strings.Contains(string(output), "Y2FuYXJ5") {
		p.t.Errorf("a secret is told: %s", output)
	}
	counts := map[string]int{}
	for _, f := range report.Findings {
		counts[f.Level]++
		if f.Check == "" || f.Found == "" || f.Level != "ok" && f.Do == "" {
			p.t.Errorf("a finding that does not help: %+v", f)
		}
	}
	if counts["problem"] != report.Problems || counts["warning"] != report.Warnings || (report.Problems > 0) != (status == 1) {
		p.t.Errorf("%d problems and %d warnings of %v, status %d", report.Problems, report.Warnings, counts, status)
	}
	return report.Findings
}

// expect looks for findings, each as "level partner check: a part of what was found". What
// is expected of warnings and problems is all that there is.
func (p *patient) expect(findings []doctorFinding, want ...string) {
	p.t.Helper()
	left := map[int]bool{}
	for i, f := range findings {
		left[i] = f.Level != "ok"
	}
	for _, w := range want {
		head, part, _ := strings.Cut(strings.ReplaceAll(w, "DIR", p.dir), ": ")
		found := false
		for i, f := range findings {
			if f.Level+" "+f.Partner+" "+f.Check == head && strings.Contains(f.Found, part) {
				found, left[i] = true, false
				break
			}
		}
		if !found {
			p.t.Errorf("not found: %s", w)
		}
	}
	for i, f := range findings {
		if left[i] {
			p.t.Errorf("found, too: %+v", f)
		}
	}
	if p.t.Failed() {
		p.t.Logf("all findings: %+v", findings)
	}
}

// quiet is a configuration of which nobody has anything to say but of its routes.
func quiet(routes string) string {
	return "{\nadmin off\nauto_https off\n}\nhttp://localhost:8080 {\nbind 127.0.0.1\n" + routes + "}\n"
}

// Secrets and keys: what is missing, unfit, about to end or open to others.
func TestDoctorCredentials(t *testing.T) {
	p := newPatient(t, "DOCTOR_GOOD=canary", "DOCTOR_LINES=canary\ncanary", "DOCTOR_EMPTY=", "DOCTOR_LONG="+jwtUntil(time.Now().Add(90*24*time.Hour)),
		"DOCTOR_SOON="+jwtUntil(time.Now().Add(26*time.Hour)), "DOCTOR_OVER="+jwtUntil(time.Now().Add(-time.Hour)))
	ed25519 := keyOf(t, "ed25519")
	p.write("key.pem", ed25519.File, 0o600)
	p.write("open.pem", ed25519.File, 0o644)
	p.write("grouped.pem", ed25519.File, 0o640)
	p.write("replaceable", "canary", 0o602)
	p.write("damaged.pem", "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n", 0o600)
	signature := func(key, more string) string {
		return "signature {\nkey " + key + "\nkey_id k\n" + more + "}\n"
	}
	site := ""
	for name, lines := range map[string]string{
		"good":      "bearer {env.DOCTOR_GOOD}\n" + signature("DIR/key.pem", ""),
		"unset":     "bearer {env.DOCTOR_UNSET}\nheader X-Also {env.DOCTOR_UNSET_TOO}\n",
		"unset-too": "bearer {env.DOCTOR_UNSET}\n",
		"lines":     "bearer {env.DOCTOR_LINES}\n",
		"empty":     "bearer {env.DOCTOR_EMPTY}\n",
		"nowhere":   signature("DIR/nowhere.pem", ""),
		"directory": signature("DIR", ""),
		"damaged":   signature("DIR/damaged.pem", ""),
		"unfit":     signature("DIR/key.pem", "algorithm rsa-pss-sha512\n"),
		"open":      signature("{file.DIR/open.pem}", ""),
		"grouped":   signature("DIR/grouped.pem", ""),
		"replaced":  "bearer {file.DIR/replaceable}\n",
		"long":      "bearer {env.DOCTOR_LONG}\n",
		"soon":      "bearer {env.DOCTOR_SOON} {\njwt\n}\n",
		"over":      "bearer {env.DOCTOR_OVER}\n",
		"caller":    "client_auth {env.DOCTOR_CALLER}\n",
	} {
		site += "handle_path /" + name + "/* {\npartner_proxy https://partner.example {\nname " + name + "\n" + lines + "}\n}\n"
	}
	site += "handle /hooks {\npartnersign_verify dfns {\nsecret {env.DOCTOR_HOOK}\n}\nrespond ok\n}\n"
	findings := p.run(1, quiet(site), "--offline")
	p.expect(findings,
		"ok good secret: {env.DOCTOR_GOOD}", "ok good key: signature sig1: ed25519, DIR/key.pem, thumbprint "+thumbprint(ed25519),
		"problem unset credentials: bearer: {env.DOCTOR_UNSET}: the environment variable is not set",
		"problem unset credentials: header X-Also: {env.DOCTOR_UNSET_TOO}: the environment variable is not set",
		"problem unset-too credentials: bearer: {env.DOCTOR_UNSET}",
		"problem lines credentials: the secret holds a line break",
		"problem empty credentials: there is nothing in it",
		"problem nowhere credentials: signature sig1: key: {file.DIR/nowhere.pem}: no such file or directory",
		"problem directory credentials: this is a directory",
		"problem damaged credentials: {file.DIR/damaged.pem}",
		"problem unfit credentials: the key does not suit the algorithm rsa-pss-sha512",
		"warning open file mode: DIR/open.pem has mode 0644: every user of this machine can read it",
		"warning grouped file mode: DIR/grouped.pem has mode 0640: its group",
		"problem replaced file mode: DIR/replaceable has mode 0602: every user of this machine can replace it",
		"ok long secret: a JWT that expires at ",
		"warning soon secret: {env.DOCTOR_SOON} is a JWT that expires in 25h",
		"problem over secret: {env.DOCTOR_OVER} is a JWT that has expired",
		"problem caller credentials: {env.DOCTOR_CALLER}",
		"problem dfns credentials: {env.DOCTOR_HOOK}",
		"ok  listener: 127.0.0.1:8080", "ok  admin API: off",
	)
}

// A configuration with which all is well, and some that do not load.
func TestDoctorConfigurations(t *testing.T) {
	p := newPatient(t, "DOCTOR_GOOD=canary")
	const good = "partner_proxy https://partner.example {\nbearer {env.DOCTOR_GOOD}\n}\n"
	p.expect(p.run(0, quiet(good), "--offline"), "ok  configuration: it loads")
	p.expect(p.run(1, quiet("partner_proxy https://partner.example {\nbarer x\n}\n"), "--offline"), "problem  configuration: Caddyfile:8")
	p.expect(p.run(0, quiet("respond hello\n"), "--offline"), "warning  configuration: no route leads to a partner")
	p.expect(p.run(1, quiet(good+"handle /x {\nreverse_proxy https://elsewhere.example {\ntransport http {\ntls_trust_pool file DIR/nowhere.pem\n}\n}\n}\n"), "--offline"),
		"problem  configuration: nowhere.pem")
	if err := os.RemoveAll(p.path("caddy")); err != nil {
		t.Fatal(err)
	}
	p.run(0, quiet(good), "--offline")
	if _, err := os.Stat(p.path("caddy")); err == nil {
		t.Error("something was stored")
	}
}

// Who reaches the listeners and the admin API.
func TestDoctorExposure(t *testing.T) {
	p := newPatient(t, "DOCTOR_GOOD=canary")
	const good = "bearer {env.DOCTOR_GOOD}\n"
	site := func(address, bind, lines string) string {
		return "{\nadmin off\nauto_https off\n}\n" + address + " {\n" + bind + "\npartner_proxy https://partner.example {\n" + good + lines + "}\n}\n"
	}
	for _, test := range []struct {
		status int
		config string
		want   string
	}{
		{1, site("http://:8080", "", ""), "problem  listener: partner.example: whoever reaches the listener :8080 could call as you"},
		{0, site("http://:8080", "", "unsafe_listen\n"), "warning  listener: :8080 is open beyond this machine, and unsafe_listen"},
		{0, site("http://:8080", "", "client_auth {env.DOCTOR_GOOD}\n"), "ok  listener: :8080 is open beyond this machine, and callers are asked"},
		{0, site("http://:8080", "bind 127.0.0.1 [::1]", ""), "ok  listener: 127.0.0.1:8080, for this machine alone; each of its users"},
		{0, site("http://x", "bind unix/DIR/s", ""), "ok  listener: unix socket DIR/s, mode 200"},
		{0, site("http://x", "bind unix/DIR/s|0222", ""), "warning  listener: unix socket DIR/s, mode 222: every user"},
		{0, strings.Replace(quiet("partner_proxy https://partner.example {\n"+good+"}\n"), "admin off\n", "", 1), "warning  admin API: localhost:2019: every user of this machine"},
		{1, strings.Replace(quiet("partner_proxy https://partner.example {\n"+good+"}\n"), "admin off\n", "admin :2019\n", 1), "problem  admin API: :2019: whoever reaches it"},
		{0, strings.Replace(quiet("partner_proxy https://partner.example {\n"+good+"}\n"), "admin off\n", "admin unix/DIR/a\n", 1), "ok  admin API: unix socket DIR/a, mode 200"},
		{1, strings.Replace(quiet("partner_proxy https://partner.example {\n"+good+"}\n"), "admin off\n", "admin unix/DIR/a|0222\n", 1), "problem  admin API: mode 222: every user"},
	} {
		p.expect(p.run(test.status, test.config, "--offline"), test.want)
	}
}

// The storage of captured tokens is written to and read from, and nothing stays there.
func TestDoctorStorage(t *testing.T) {
	p := newPatient(t, "DOCTOR_GOOD=canary", "DOCTOR_STORE="+base64.StdEncoding.EncodeToString([]byte(randomText(t, 32))), "DOCTOR_WEAK=canary")
	config := func(storage, key string) string {
		return strings.Replace(quiet("partner_proxy https://partner.example {\nbearer {env.DOCTOR_GOOD}\n}\n"), "admin off\n",
			"admin off\n"+storage+"\npartnersign {\npersist {\nkey "+key+"\n}\n}\n", 1)
	}
	p.write("file", "", 0o600)
	p.expect(p.run(0, config("storage file_system DIR/store", "{env.DOCTOR_STORE}"), "--offline"), "ok  storage: written, read and deleted")
	if left, err := os.ReadDir(p.path("store")); err != nil || len(left) > 0 {
		t.Errorf("in the storage there is %v %v", left, err)
	}
	p.expect(p.run(1, config("storage file_system DIR/file", "{env.DOCTOR_STORE}"), "--offline"), "problem  storage: no entry can be written")
	p.expect(p.run(1, config("storage file_system DIR/store", "{env.DOCTOR_WEAK}"), "--offline"), "problem  persist: {env.DOCTOR_WEAK}")
	p.expect(p.run(1, config("storage file_system DIR/store", "{env.DOCTOR_UNSET}"), "--offline"), "problem  persist: {env.DOCTOR_UNSET}")
}

// What it is called wrongly with.
func TestDoctorCalledWrongly(t *testing.T) {
	for _, args := range [][]string{{"--config", "/nowhere/Caddyfile"}, {"x"}, {"--timeout", "0s"}, {"--unknown"}} {
		cmd := exec.Command(os.Args[0], append([]string{"partnersign", "doctor"}, args...)...)
		cmd.Env = append(os.Environ(), beCaddy+"=1")
		if output, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(output), "caddy partnersign doctor: ") {
			t.Errorf("%v: status %d %s", args, cmd.ProcessState.ExitCode(), output)
		}
	}
}
