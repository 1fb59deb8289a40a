package caddymodule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/certmagic"

	"github.com/partnersign/partnersign/caddymodule"
)

func init() {
	caddy.RegisterModule(otherApp{})
	caddy.RegisterModule(needy{})
	caddy.RegisterModule(deafStorage{})
}

// otherApp is one that the doctor leaves out.
type otherApp struct{}

func (otherApp) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "doctor_test_app", New: func() caddy.Module { return new(otherApp) }}
}
func (otherApp) Start() error { return nil }
func (otherApp) Stop() error  { return nil }

// needy needs it.
type needy struct{ caddyhttp.MiddlewareHandler }

func (needy) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.doctor_test_needy", New: func() caddy.Module { return new(needy) }}
}

func (needy) Provision(ctx caddy.Context) error {
	_, err := ctx.AppIfConfigured("doctor_test_app")
	return err
}

// deafStorage connects to somebody who does not answer.
type deafStorage struct{}

func (deafStorage) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.storage.doctor_test_deaf", New: func() caddy.Module { return new(deafStorage) }}
}
func (deafStorage) Provision(caddy.Context) error                { <-storageDeaf; return fmt.Errorf("deaf") }
func (deafStorage) CertMagicStorage() (certmagic.Storage, error) { return nil, nil }

var storageDeaf = make(chan struct{})

// What cannot be tried without an app that is left out is no problem; without
// such an app it is one.
func TestDoctorOtherApps(t *testing.T) {
	const config = `{"admin": {"disabled": true}, "apps": {%s"http": {"servers": {"s": {"listen": ["127.0.0.1:8080"], "routes": [{"handle": [{"handler": "doctor_test_needy"}]}]}}}}}`
	found := caddymodule.Diagnose(fmt.Sprintf(config, `"doctor_test_app": {}, `), time.Second)
	if !strings.Contains(found, "0 problems, 2 warnings") || !strings.Contains(found, "without the configuration's other apps (doctor_test_app)") {
		t.Error(found)
	}
	found = caddymodule.Diagnose(fmt.Sprintf(config, ""), time.Second)
	if !strings.Contains(found, "1 problem, 1 warning") || strings.Contains(found, "other apps") {
		t.Error(found)
	}
}

// A storage that never comes to be is told within the time that it has.
func TestDoctorDeafStorage(t *testing.T) {
	found := make(chan string, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		found <- caddymodule.DiagnoseStore(`{"storage": {"module": "doctor_test_deaf"}, "apps": {"partnersign": {"persist": {}}}}`, 50*time.Millisecond)
	}()
	t.Cleanup(func() { close(storageDeaf); <-ended })
	select {
	case text := <-found:
		if !strings.Contains(text, "it has not answered in time") {
			t.Error(text)
		}
	case <-time.After(20 * time.Second):
		t.Error("the doctor waits for a storage that does not answer")
	}
}
