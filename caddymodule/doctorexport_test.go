package caddymodule

import (
	"encoding/json"
	"time"
)

// Diagnose are the findings of the doctor, offline, as text.
func Diagnose(config string, timeout time.Duration) string {
	d := &doctor{now: time.Now(), timeout: timeout, offline: true}
	d.examine([]byte(config))
	return d.text(false)
}

// DiagnoseStore is only what the doctor finds about the storage.
func DiagnoseStore(config string, timeout time.Duration) string {
	d := &doctor{now: time.Now(), timeout: timeout}
	var c examined
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err.Error()
	}
	d.store(&c)
	return d.text(false)
}
